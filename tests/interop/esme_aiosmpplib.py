"""A client on aiosmpplib (PyPI "aiosmpplib"): submits, receives receipts and a message, keeps the link, unbinds.

    python esme_aiosmpplib.py HOST PORT ID:PASSWORD JOB RESULT

JOB and RESULT are those of `esme_smpplib.py`; it carries texts only. Every second text goes whole in message_payload,
the others in parts that aiosmpplib cuts, marks with a header and with sar TLVs at once, and correlates by itself.
"""

import asyncio
import json
import os
import sys
import time

from aiosmpplib import ESME, PhoneNumber, SubmitSm
from aiosmpplib.hook import AbstractHook
from aiosmpplib.protocol import DeliverSm, EnquireLinkResp, SubmitSmResp, UnbindResp
from aiosmpplib.state import NPI, TON

UDH_INDICATOR = 0x40


class Hook(AbstractHook):
    """Keeps what the library reports."""

    def __init__(self, path):
        self.path = path
        self.result = {"bound": True, "answers": {}, "receipts": {}, "incoming": [], "enquiries": 0, "errors": []}

    def save(self):
        with open(f"{self.path}.new", "w", encoding="utf-8") as file:
            json.dump(self.result, file)
        os.replace(f"{self.path}.new", self.path)

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def received(self, smpp_message, pdu, client_id):
        if isinstance(smpp_message, DeliverSm):
            self.delivered(smpp_message)
        elif isinstance(smpp_message, SubmitSmResp):
            answer = [int(smpp_message.command_status), smpp_message.message_id]
            self.result["answers"].setdefault(smpp_message.log_id, []).append(answer)
        elif isinstance(smpp_message, EnquireLinkResp):
            self.result["enquiries"] += 1
        elif isinstance(smpp_message, UnbindResp):
            self.result["unbound"] = int(smpp_message.command_status) == 0
        self.save()

    def delivered(self, message):
        if message.is_receipt():
            receipt = message.parse_receipt()
            self.result["receipts"].setdefault(message.log_id, []).append(receipt.get("stat"))
        else:
            text = message.short_message or message.message_payload
            incoming = [message.source.number, message.destination.number, message.encoding, text]
            self.result["incoming"].append(incoming)

    async def send_error(self, smpp_message, error, client_id):
        self.result["errors"].append(f"{type(error).__name__}: {error}")
        self.save()


async def run(host, port, account, job, path):
    """Sends everything, waits for what is to come, unbinds."""
    identifier, password = account.split(":")
    hook = Hook(path)
    esme = ESME(
        smsc_host=host, smsc_port=int(port), system_id=identifier, password=password, hook=hook,
        enquire_link_interval=1.0, default_encoding="gsm0338", log_level="ERROR",
    )
    texts = [message for message in job["messages"] if "text" in message]
    for place, message in enumerate(texts):
        whole = place % 2 == 1
        await esme.broker.enqueue(
            SubmitSm(
                short_message=message["text"],
                source=PhoneNumber("15551000", TON.INTERNATIONAL, NPI.ISDN),
                destination=PhoneNumber(message["to"], TON.INTERNATIONAL, NPI.ISDN),
                esm_class=0 if whole else UDH_INDICATOR,
                auto_message_payload=whole,
                log_id=message["to"],
            )
        )
    task = asyncio.create_task(esme.start())
    deadline = time.monotonic() + job["seconds"]

    def done():
        result = hook.result
        receipts = all(message["to"] in result["receipts"] for message in texts)
        return receipts and len(result["incoming"]) >= job["incoming"] and result["enquiries"] > 0

    while not done() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    await esme.stop()
    await asyncio.wait([task], timeout=5)
    hook.save()


def main():
    host, port, account, job, path = sys.argv[1:]
    with open(job, encoding="utf-8") as file:
        job = json.load(file)
    asyncio.run(run(host, port, account, job, path))


main()
