"""A client on smpplib (PyPI "smpplib"): submits, receives receipts and a message, keeps the link, unbinds.

    python esme_smpplib.py HOST PORT ID:PASSWORD JOB RESULT

JOB is a JSON file: {"messages": [{"to", "text" or "hex"}], "incoming": n, "seconds": n}. smpplib splits the texts by
itself, so it is its idea of a segment that the carrier has to take. RESULT is what came back, as JSON; it is written
again after every PDU, so that the runner can see when to send the incoming messages.
"""

import json
import logging
import os
import random
import socket
import sys
import time

import smpplib.client
import smpplib.consts as consts
import smpplib.exceptions
import smpplib.gsm
import smpplib.smpp

WINDOW = 10
# The bits of esm_class that say what a deliver_sm is, and what they are for a receipt (SMPP 3.4, 5.2.12).
MESSAGE_TYPE, DELIVERY_RECEIPT = 0x3C, 0x04


def parts_of(message):
    """(octets, data_coding, esm_class) of each part."""
    if "text" in message:
        parts, coding, esm_class = smpplib.gsm.make_parts(message["text"])
        return [(bytes(part), coding, esm_class) for part in parts]
    data = bytes.fromhex(message["hex"])
    if len(data) <= 140:
        return [(data, 4, 0)]
    pieces = [data[at : at + 134] for at in range(0, len(data), 134)]
    reference = random.randrange(256)
    heads = [bytes((5, 0, 3, reference, len(pieces), number + 1)) for number in range(len(pieces))]
    return [(head + piece, 4, consts.SMPP_GSMFEAT_UDHI) for head, piece in zip(heads, pieces)]


class Session:
    """One bound client and all that it saw."""

    def __init__(self, host, port, result):
        self.path = result
        self.result = {"bound": False, "answers": {}, "receipts": {}, "incoming": [], "enquiries": 0, "errors": []}
        self.sequences, self.unanswered = {}, 0
        self.client = smpplib.client.Client(host, port, timeout=0.2, allow_unknown_opt_params=True)
        self.client.set_message_sent_handler(self.answered)
        self.client.set_message_received_handler(self.received)
        self.client.set_error_pdu_handler(self.answered)

    def save(self):
        with open(f"{self.path}.new", "w", encoding="utf-8") as file:
            json.dump(self.result, file)
        os.replace(f"{self.path}.new", self.path)

    def answered(self, pdu):
        self.unanswered -= 1
        to = self.sequences.pop(pdu.sequence, None)
        if to is None:
            self.result["errors"].append(f"{pdu.command} {pdu.sequence} answers nothing")
            return
        identifier = (getattr(pdu, "message_id", None) or b"").decode("latin-1")
        self.result["answers"].setdefault(to, []).append([pdu.status, identifier])

    def received(self, pdu):
        text = pdu.short_message or pdu.message_payload or b""
        if pdu.esm_class & MESSAGE_TYPE == DELIVERY_RECEIPT:
            fields = dict(part.split(":", 1) for part in text.decode("latin-1").split() if ":" in part)
            identifier = fields.get("id") or (pdu.receipted_message_id or b"").decode("latin-1").rstrip("\0")
            state = fields.get("stat") or str(pdu.message_state)
            self.result["receipts"].setdefault(identifier, []).append(state)
        else:
            incoming = [pdu.source_addr.decode(), pdu.destination_addr.decode(), pdu.data_coding, text.hex()]
            self.result["incoming"].append(incoming)

    def read(self):
        """Handles one PDU, or nothing when none comes within the socket's time."""
        try:
            self.client.read_once(auto_send_enquire_link=False)
        except socket.timeout:
            return
        self.save()

    def enquire(self):
        """Asks whether the link is alive, and waits for the answer among other PDUs."""
        pdu = smpplib.smpp.make_pdu("enquire_link", client=self.client)
        self.client.send_pdu(pdu)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                answer = self.client.read_pdu()
            except socket.timeout:
                continue
            if answer.command == "enquire_link_resp":
                self.result["enquiries"] += int(answer.sequence == pdu.sequence and answer.status == 0)
                return
            self.result["errors"].append(f"{answer.command} came where an enquire_link_resp was awaited")


def main():
    logging.disable(logging.WARNING)
    host, port, account, job, result = sys.argv[1:]
    with open(job, encoding="utf-8") as file:
        job = json.load(file)
    identifier, password = account.split(":")
    session = Session(host, int(port), result)
    client = session.client
    client.connect()
    client.bind_transceiver(system_id=identifier, password=password)
    session.result["bound"] = True
    session.enquire()
    for message in job["messages"]:
        for octets, coding, esm_class in parts_of(message):
            while session.unanswered >= WINDOW:
                session.read()
            pdu = client.send_message(
                source_addr_ton=consts.SMPP_TON_ALNUM, source_addr="SHOP", dest_addr_ton=consts.SMPP_TON_INTL,
                dest_addr_npi=consts.SMPP_NPI_ISDN, destination_addr=message["to"], short_message=octets,
                data_coding=coding, esm_class=esm_class, registered_delivery=True,
            )
            session.sequences[pdu.sequence] = message["to"]
            session.unanswered += 1
    deadline = time.monotonic() + job["seconds"]

    def done():
        ids = [one[1] for answers in session.result["answers"].values() for one in answers]
        receipts = all(identifier in session.result["receipts"] for identifier in ids)
        return not session.sequences and receipts and len(session.result["incoming"]) >= job["incoming"]

    session.save()
    while not done() and time.monotonic() < deadline:
        session.read()
    answer = client.unbind()
    session.result["unbound"] = answer.command == "unbind_resp" and answer.status == 0
    client.disconnect()
    session.save()


main()
