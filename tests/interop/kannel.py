"""Kannel (Debian package "kannel"): its bearerbox binds to a carrier, its smsbox takes messages over HTTP.

It judges the simulated carrier: binds, submits of every coding, receipts called back, incoming messages.
"""

import urllib.parse

from checks import wait_until
from process import Process, call, free_port

# Kannel's word for how a text is carried.
CODING = {0: 0, 4: 1, 8: 2}

CONFIG = """
group = core
admin-port = {admin}
admin-password = test
status-password = test
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-level = 0
dlr-storage = internal
sms-resend-freq = 2
sms-incoming-queue-limit = 1000
sms-combine-concatenated-mo = true

group = smsc
smsc = smpp
smsc-id = carrier
host = 127.0.0.1
port = {carrier}
transceiver-mode = true
smsc-username = {user}
smsc-password = {password}
system-type = ""
interface-version = 34
enquire-link-interval = 3
reconnect-delay = 1
max-pending-submits = 20
source-addr-ton = 1
source-addr-npi = 1
dest-addr-ton = 1
dest-addr-npi = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 15551000
log-level = 0

group = sendsms-user
username = shop
password = secret
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:{listener}/mo?from=%p&to=%P&octets=%b&coding=%c&charset=%C"
"""


class Kannel:
    """One bearerbox and one smsbox, bound to the carrier at `carrier`, calling back to `listener`."""

    def __init__(self, folder, carrier, account, listener):
        user, password = account.split(":")
        self.folder, self.listener = folder, listener
        self.admin, self.sendsms, boxes = free_port(), free_port(), free_port()
        settings = {
            "admin": self.admin, "boxes": boxes, "carrier": carrier, "user": user, "password": password,
            "sendsms": self.sendsms, "listener": listener.port,
        }
        path = f"{folder}/kannel.conf"
        with open(path, "w", encoding="utf-8") as config:
            config.write(CONFIG.format(**settings))
        self.boxes = boxes
        self.bearerbox = Process("kannel-bearerbox", ["bearerbox", "-v", "0", path], folder)
        self.smsbox = Process("kannel-smsbox", ["smsbox", "-v", "0", path], folder)

    def __enter__(self):
        self.bearerbox.start().wait_listening(self.admin)
        self.smsbox.start().wait_listening(self.sendsms)
        wait_until("Kannel bound to the carrier", self.online)
        return self

    def __exit__(self, *_error):
        self.smsbox.stop()
        self.bearerbox.stop()

    def online(self):
        """Whether the bearerbox says that its link is up."""
        _status, text = call(f"http://127.0.0.1:{self.admin}/status.txt?password=test")
        return "(online" in str(text)

    def send(self, to, sample, mark):
        """Posts one message; its receipts come to `/dlr?mark=...&type=...`."""
        text, coding = sample.text, CODING[sample.coding]
        dlr = f"http://127.0.0.1:{self.listener.port}/dlr?mark={mark}&type=%d"
        query = {"username": "shop", "password": "secret", "from": "15551000", "to": to, "coding": coding}
        query |= {"dlr-mask": 31, "dlr-url": dlr}
        query |= {"text": sample.data} if text is None else {"text": text, "charset": "UTF-8"}
        url = f"http://127.0.0.1:{self.sendsms}/cgi-bin/sendsms?{urllib.parse.urlencode(query)}"
        return call(url)

    def receipts(self, mark):
        """The types of the receipts for one message so far: 8 and 16 the carrier's answer, 1 delivered, 2 failed."""
        return [int(request.query["type"]) for request in self.listener.seen("/dlr") if request.query["mark"] == mark]

    def incoming(self):
        """Incoming messages as (from, to, text); Kannel gives octets in the coding that they came in."""
        found = []
        for query in (request.query for request in self.listener.seen("/mo")):
            text = query["octets"].encode("latin-1").decode("utf-16-be" if query["coding"] == "2" else "utf-8")
            found.append((query["from"].lstrip("+"), query["to"], text))
        return found
