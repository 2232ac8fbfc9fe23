"""The program under test as a gateway: its configuration, its process, its HTTP API as a campaign tool uses it."""

import os
import re
import subprocess

from checks import wait_until
from process import Process, call, free_port

SECRET = "whsec_aW50ZXJvcC1pbnRlcm9wLWludGVyb3AtaW50ZXJvcA=="
FINAL = {
    "delivered", "partially_delivered", "undelivered", "failed", "expired", "canceled", "blocked", "uncertain",
}
# Accounts of one SMSC, each with another form of long messages or another coding: name -> lines of its [[carrier]].
CARRIERS = {
    "plain": "",
    "udh16": 'long_form = "udh16"',
    "sar": 'long_form = "sar"',
    "payload": 'long_form = "payload"',
    "turkish": 'national_languages = ["turkish"]',
    "korea": 'alphabets = ["gsm7", "euc-kr", "ucs2"]\ncodings = { euc-kr = 14 }',
    "latin": 'alphabets = ["latin1", "ucs2"]\ncodings = { latin1 = 3 }',
    "pair": 'bind_mode = "pair"',
    "hex": 'receipts = { id_in_response = "hex", id_in_receipt = "decimal" }',
}

CONFIG = """
[http]
listen = ["127.0.0.1:{http}"]

[store]
path = "{folder}/{name}.db"

[consent]
quiet_hours = []
labels = "off"

[callback]
url = "http://127.0.0.1:{listener}/callback"
inbound_url = "http://127.0.0.1:{listener}/inbound"
secret = "{secret}"
events = ["sent", "delivered", "partially_delivered", "undelivered", "failed", "expired", "uncertain"]

[messages.retry]
delays = ["1s", "1s"]
doubt_hold = "2s"
"""

CARRIER = """
[[carrier]]
name = "{name}"
hosts = ["127.0.0.1:{port}"]
system_id = "shop{suffix}"
password = "secret"
window = 20
sender = "Shop"
{more}

[carrier.timers]
enquire_link = "2s"
enquire_link_response = "2s"
response = "{response}"

[carrier.pauses]
throttled = "200ms"

[[route]]
name = "{name}"
links = ["{name}"]
"""


class Gateway(Process):
    """`postrider run` with carriers at one SMSC, and a tool's token."""

    def __init__(self, name, folder, binary, smsc_port, listener, carriers=("plain",), response="10s"):
        self.binary, self.http, self.carriers = binary, free_port(), carriers
        self.config = os.path.join(folder, f"{name}.toml")
        settings = {"http": self.http, "folder": folder, "name": name, "listener": listener.port, "secret": SECRET}
        text = CONFIG.format(**settings)
        for carrier in carriers:
            suffix = "" if carrier == "plain" else f"-{carrier}"
            text += CARRIER.format(
                name=carrier, port=smsc_port, suffix=suffix, more=CARRIERS[carrier], response=response
            )
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.config, 0o600)
        self.token = ""
        super().__init__(name, [binary, "run", "--config", self.config], folder)

    def run_command(self, *words):
        """Runs another subcommand on the same configuration and gives its output."""
        done = subprocess.run(
            [self.binary, *words], capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            raise RuntimeError(f"{words}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        if not self.token:
            scopes = "messages:write,messages:read,inbound:read,links:read"
            said = self.run_command("token", "create", "--config", self.config, "--name", "interop", "--scope", scopes)
            self.token = re.search(r"pr_[0-9a-z]{56}", said)[0]
        super().start()
        self.wait_listening(self.http)
        wait_until("every link up", self.all_up, 30)
        return self

    def ask(self, path, body=None, **headers):
        """One request of the tool."""
        headers = {"authorization": f"Bearer {self.token}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        return call(f"http://127.0.0.1:{self.http}{path}", body, headers=headers)

    def links(self):
        """What it says about its links."""
        status, answer = self.ask("/v1/links")
        return answer["links"] if status == 200 else []

    def all_up(self):
        """Whether all carriers are bound."""
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.child.returncode}:\n{self.said()[-2000:]}")
        links = self.links()
        return len(links) >= len(self.carriers) and all(link["health"] == "up" for link in links)

    def post(self, messages, **headers):
        """Posts messages as one array; gives their ids in order. All must be taken."""
        status, answer = self.ask("/v1/messages", messages, **headers)
        if status != 202 or len(answer.get("messages", [])) != len(messages):
            raise RuntimeError(f"POST /v1/messages: {status} {str(answer)[:500]}")
        return [accepted["id"] for accepted in answer["messages"]]

    def message(self, identifier):
        """One message with its timeline."""
        status, answer = self.ask(f"/v1/messages/{identifier}")
        if status != 200:
            raise RuntimeError(f"GET {identifier}: {status} {answer}")
        return answer

    def states(self, ids):
        """The state of each."""
        return [self.message(identifier)["state"] for identifier in ids]

    def wait_final(self, ids, seconds=40):
        """Waits until none of them moves any more, and gives their states."""
        wait_until("a final state for every message", lambda: set(self.states(ids)) <= FINAL, seconds, 0.2)
        return self.states(ids)

    def wait_state(self, identifier, state, seconds=30):
        """Waits until a message is in `state`."""
        return wait_until(f"{identifier} {state}", lambda: self.message(identifier)["state"] == state, seconds, 0.1)


def request_of(to, sample, route="plain", **more):
    """The JSON of one sample."""
    body = {"text": sample.text} if sample.text is not None else {"data": {"hex": sample.data.hex()}}
    return {"to": f"+{to}", "route": route, "reference": to, **body, **more}
