"""Clients that nobody here wrote, bound to a carrier: smpplib, aiosmpplib and Kannel judge what it answers."""

import json
import os

import pdu
import texts
from carriers import ACCOUNT, HERE
from checks import wait_until
from kannel import Kannel
from listener import Listener
from process import Process

HANDSET, OURS = "821055501234", "15551000"
INCOMING = ["안녕하세요 😀", "STOP home"]
SECONDS = 30


def numbered(samples, prefix):
    """Each sample with a recipient of its own."""
    return [(f"{prefix}{place:06d}", sample) for place, sample in enumerate(samples)]


def check_arrivals(checks, carrier, sent):
    """Every message arrived whole, as the independent encoder says, and no part of it twice."""
    arrived = {}
    for submit in carrier.submits():
        arrived.setdefault(submit.destination.number, []).append(submit)
    for script in dict.fromkeys(sample.script for _to, sample in sent):
        mine = [(to, sample) for to, sample in sent if sample.script == script]

        def judge(mine=mine):
            for to, sample in mine:
                body = pdu.reassemble(arrived.get(to, []))
                assert body == texts.expected_body(sample), f"{to}, {sample.segments} segments: {body!r:.80}"

        checks.holds(f"{len(mine)} {script} messages of 1 to {mine[-1][1].segments} segments arrive byte-exact", judge)


def python_client(checks, name, carrier, folder, python, prefix, with_data):
    """Runs `esme_NAME.py` against `carrier` and judges both what it saw and what arrived."""
    samples = [sample for sample in texts.samples() if with_data or sample.text is not None]
    sent = numbered(samples, prefix)
    job, result = os.path.join(folder, f"{name}.job.json"), os.path.join(folder, f"{name}.result.json")
    messages = [
        {"to": to, **({"text": sample.text} if sample.data is None else {"hex": sample.data.hex()})}
        for to, sample in sent
    ]
    with open(job, "w", encoding="utf-8") as file:
        json.dump({"messages": messages, "incoming": len(INCOMING), "seconds": SECONDS}, file)
    script = os.path.join(HERE, f"esme_{name}.py")
    with Process(name, [python, script, "127.0.0.1", carrier.port, ACCOUNT, job, result], folder) as client:

        def answered():
            if client.child.poll() is not None:
                raise RuntimeError(f"{name} ended with {client.child.returncode}:\n{client.said()[-2000:]}")
            return os.path.exists(result)

        wait_until(f"{name} bound", answered)
        statuses = [carrier.deliver(HANDSET, OURS, text) for text in INCOMING]
        checks.equal("takes the incoming messages", statuses, [0] * len(INCOMING))
        code = client.child.wait(SECONDS + 20)
    checks.expect("ends by itself", code == 0, client.said()[-1000:])
    with open(result, encoding="utf-8") as file:
        seen = json.load(file)
    checks.expect("binds", seen["bound"])
    answers = [answer for to, _sample in sent for answer in seen["answers"].get(to, [[None, ""]])]
    checks.expect("has an accepting answer with an id for every submit", all(s == 0 and i for s, i in answers), answers)
    check_receipts(checks, sent, seen)
    incoming = [read_incoming(*message) for message in seen["incoming"]]
    expected = [(HANDSET, OURS, text) for text in INCOMING]
    checks.equal("reads the incoming messages", sorted(incoming), sorted(expected))
    checks.expect("gets enquire_link answered", seen["enquiries"] > 0)
    checks.equal("finds nothing odd", seen["errors"], [])
    if "unbound" in seen:
        checks.expect("gets unbind answered", seen["unbound"])
    check_arrivals(checks, carrier, sent)
    return sent


def check_receipts(checks, sent, seen):
    """One receipt for each id, or for each recipient where the client puts receipts to their messages by itself."""
    states = seen["receipts"]
    ids = {identifier for to, _sample in sent for _status, identifier in seen["answers"].get(to, [])}
    recipients = {to for to, _sample in sent}
    expected = recipients if recipients & set(states) else ids
    checks.equal("has a receipt for everything that it sent", set(states), expected)
    words = {state for found in states.values() for state in found}
    checks.expect("reads every receipt as delivered", words and words <= {"DELIVRD", "2"}, words)
    again = [key for key, found in states.items() if len(found) != 1]
    checks.equal("has each receipt once", again, [])


def read_incoming(source, destination, coding, text):
    """smpplib gives octets in hex with a number for the coding, aiosmpplib gives text."""
    if isinstance(coding, int):
        text = bytes.fromhex(text).decode("utf-16-be" if coding == 8 else "latin-1")
    return source, destination, text


def kannel(checks, carrier, folder, prefix):
    """Kannel's bearerbox bound to `carrier`: its own splitting, receipts called back, incoming messages."""
    sent = numbered(texts.samples(), prefix)
    with Listener() as listener, Kannel(folder, carrier.port, ACCOUNT, listener) as box:
        checks.expect("binds", box.online())
        statuses = {box.send(to, sample, to)[0] for to, sample in sent}
        checks.equal("takes every message from its HTTP client", statuses, {202})
        wait_until("a receipt for every message", lambda: all(1 in box.receipts(to) for to, _ in sent), SECONDS)
        # Kannel asks for one receipt a message: 8 is the carrier's answer, 4 says that it is on its way, 1 that it is there.
        odd = {to: box.receipts(to) for to, _ in sent if sorted(set(box.receipts(to)) - {4}) != [1, 8]}
        odd |= {to: box.receipts(to) for to, _ in sent if len(box.receipts(to)) != len(set(box.receipts(to)))}
        checks.equal("has each message accepted once and delivered once", odd, {})
        check_arrivals(checks, carrier, sent)
        statuses = [carrier.deliver(HANDSET, OURS, text) for text in INCOMING]
        checks.equal("takes the incoming messages", statuses, [0] * len(INCOMING))
        wait_until("the incoming messages", lambda: len(box.incoming()) >= len(INCOMING))
        expected = [(HANDSET, OURS, text) for text in INCOMING]
        checks.equal("reads the incoming messages", sorted(box.incoming()), sorted(expected))
        checks.expect("is still bound at the end", box.online())
    return sent
