"""Records the loopback traffic (dumpcap), and asks tshark (Debian package "tshark") whether any of it is malformed.

tshark also says what it decodes: the text, the coding and the place of every part, so a third program reads our PDUs.
"""

import os
import re
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections import namedtuple

from checks import wait_until
from process import Process

Decoded = namedtuple("Decoded", "command sequence destination coding text part octets")

# A PDU of which tshark says that it is broken, or in which it finds an error.
BROKEN = "(_ws.malformed || (smpp && _ws.expert.severity == error))"
# What XML cannot hold, and tshark writes all the same when a text has control characters.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Capture(Process):
    """Everything on the loopback device that goes to or from `ports`."""

    def __init__(self, folder, ports):
        self.file, self.ports = os.path.join(folder, "capture.pcapng"), ports
        wanted = " or ".join(f"tcp port {port}" for port in ports)
        super().__init__("dumpcap", ["dumpcap", "-i", "lo", "-B", "64", "-f", wanted, "-w", self.file], folder)

    def start(self):
        super().start()
        wait_until("dumpcap at work", lambda: os.path.exists(self.file) and "File: " in self.said())
        return self

    def finish(self):
        """Ends the recording once nothing more is coming."""
        time.sleep(0.5)
        self.stop()
        # dumpcap's word on what the kernel could not hand over to it.
        return re.search(r"received/dropped on interface.*?: (\d+)/(\d+)", self.said())

    def tshark(self, wanted, *more):
        """The lines that tshark prints for the packets that `wanted` selects."""
        command = ["tshark", "-r", self.file, "-Y", wanted, "-o", "smpp.decode_sms_over_smpp:GSM 7-bit", *more]
        for port in self.ports:
            command += ["-d", f"tcp.port=={port},smpp"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"tshark ended with {done.returncode}: {done.stderr[-1000:]}")
        return done.stdout

    def broken(self, direction):
        """One line for each packet in `direction` that tshark finds broken."""
        return self.tshark(f"({direction}) && {BROKEN}").splitlines()

    def decoded(self, direction, command):
        """Every PDU with this command_id in `direction`, as tshark reads it."""
        wanted = f"({direction}) && smpp.command_id == {command:#x}"
        document = NOT_XML.sub("\ufffd", self.tshark(wanted, "-T", "pdml"))
        found = []
        for packet in ElementTree.fromstring(document.encode()).iter("packet"):
            for proto in packet.findall("proto"):
                if proto.get("name") == "smpp":
                    found.append(read_pdu(proto))
                elif proto.get("name") == "gsm_sms_ud" and found:
                    found[-1] = found[-1]._replace(part=read_part(proto))
        return [pdu for pdu in found if pdu.command == command]


def fields(proto):
    """Every field of a dissected protocol by name, inner ones too."""
    return {field.get("name"): field for field in proto.iter("field")}


def read_pdu(proto):
    """The parts of one PDU that are compared."""
    found = fields(proto)

    def number(name):
        return int(found[name].get("value"), 16) if name in found else None

    text = found["smpp.message_text"].get("show") if "smpp.message_text" in found else None
    destination = found["smpp.destination_addr"].get("show") if "smpp.destination_addr" in found else None
    octets = found["smpp.message"].get("value") if "smpp.message" in found else ""
    return Decoded(
        number("smpp.command_id"), number("smpp.sequence_number"), destination, number("smpp.data_coding"), text, None,
        bytes.fromhex(octets),
    )


def read_part(proto):
    """(reference, total, number) by tshark's reading of the user data header."""
    found = fields(proto)
    names = ("msg_id", "msg_parts", "msg_part")
    for kind in ("gsm_sms.udh.mm.", "gsm-sms.udh.mm."):
        if all(kind + name in found for name in names):
            return tuple(int(found[kind + name].get("value"), 16) for name in names)
    return None
