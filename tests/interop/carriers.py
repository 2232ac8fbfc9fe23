"""The carriers that clients bind to: node-smpp's, and the simulated one of the program under test."""

import json
import os

import pdu
from checks import wait_until
from process import Process, call, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
ACCOUNT = "shop:secret"


class NodeCarrier(Process):
    """`node_smsc.js` on a port, with its control port and its journal."""

    def __init__(self, name, folder, port, modules):
        self.port, self.control = port, free_port()
        self.journal = os.path.join(folder, f"{name}.jsonl")
        command = ["node", os.path.join(HERE, "node_smsc.js"), "--modules", modules, "--port", port]
        command += ["--control", self.control, "--log", self.journal, "--account", ACCOUNT]
        super().__init__(name, command, folder)

    def start(self):
        super().start()
        # Its control port opens first; its SMPP port is open when it says so.
        wait_until(f"{self.name} ready", lambda: "ready" in self.said())
        return self

    def ask(self, path, **body):
        """One request to its control port."""
        status, answer = call(f"http://127.0.0.1:{self.control}/{path}", body)
        if status != 200:
            raise RuntimeError(f"{self.name} /{path}: {status} {answer}")
        return answer

    def behave(self, **behaviour):
        """How it answers from now on."""
        return self.ask("behaviour", **behaviour)

    def state(self):
        """Its sessions and counts."""
        return self.ask("state")

    def events(self, kind=None):
        """The lines of its journal so far."""
        with open(self.journal, encoding="utf-8") as journal:
            lines = [line for line in journal.read().split("\n") if line.endswith("}")]
        found = [json.loads(line) for line in lines]
        return [event for event in found if kind in (None, event["event"])]

    def submits(self):
        """Every submit_sm that came, oldest first, parsed from its octets."""
        return [
            pdu.parse_submit(bytes.fromhex(event["octets"]), event["accepted"], event.get("id"), event["at"])
            for event in self.events("submit")
        ]

    def texts(self, to):
        """What node-smpp itself read in the parts to one recipient, in order."""
        messages = [event["pdu"] for event in self.events("submit") if event["pdu"]["destination_addr"] == to]
        return [message["short_message"]["text"] for message in messages]

    def deliver(self, source, destination, text, header=b"", account=""):
        """Sends a text from a handset; gives the status of the deliver_sm_resp."""
        octets = header + text.encode("utf-16-be")
        answer = self.ask(
            "deliver", source_addr=source, source_addr_ton=1, source_addr_npi=1, destination_addr=destination,
            data_coding=8, esm_class=0x40 if header else 0, short_message={"message": {"hex": octets.hex()}},
            account=account,
        )
        return answer.get("status", answer)


class SimCarrier(Process):
    """`postrider sim-carrier`: the machine that our own tests and the demo bind to, judged here by others.

    A line `mo FROM TO TEXT` on its standard input lets a handset send.
    """

    def __init__(self, name, folder, port, binary):
        self.port, self.ledger = port, os.path.join(folder, f"{name}.ledger")
        command = [binary, "sim-carrier", "--listen", f"127.0.0.1:{port}", "--account", ACCOUNT]
        command += ["--ledger", self.ledger]
        super().__init__(name, command, folder, talks=True)

    def start(self):
        super().start()
        return self.wait_listening(self.port)

    def deliver(self, source, destination, text):
        """Sends a text from a handset; gives 0 once the client acknowledged it."""
        before = len(self.lines("inbound-acknowledged"))
        self.say(f"mo {source} {destination} {text}\n")
        wait_until("the incoming message acknowledged", lambda: len(self.lines("inbound-acknowledged")) > before)
        return 0

    def lines(self, kind):
        """The fields of the ledger's lines of one kind."""
        with open(self.ledger, encoding="utf-8") as ledger:
            return [line.split("\t") for line in ledger.read().split("\n") if line.startswith(f"{kind}\t")]

    def submits(self):
        """Every submission that came, oldest first, as the ledger has it."""
        found = []
        for line in self.lines("submit"):
            sequence, source, destination, esm_class, coding, sar, identifier, status, data = line[4:13]
            tlvs, data, header = {}, bytes.fromhex(data), b""
            if int(esm_class, 16) & 0x40:
                header, data = data[: data[0] + 1], data[data[0] + 1 :]
            if sar != "-":
                numbers = [int(number).to_bytes(2, "big") for number in sar.split("/")]
                tlvs = dict(zip((pdu.SAR_REFERENCE, pdu.SAR_TOTAL, pdu.SAR_NUMBER), ([number] for number in numbers)))
            found.append(
                pdu.Submit(
                    int(sequence), "", pdu.Address(0, 0, source), pdu.Address(0, 0, destination), int(esm_class, 16),
                    0, 0, "", 0, int(coding, 16), header, data, tlvs, int(status, 16) == 0, identifier, 0.0,
                )
            )
        return found
