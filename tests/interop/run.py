#!/usr/bin/env python3
"""Runs the program against peers that nobody here wrote, and prints one line a check.

    run.py --binary target/debug/postrider --modules target/interop-node --python target/interop-venv/bin/python

`--only NAME` runs one part (again for more), `--peers-only` leaves the program out and lets the peers judge each other,
which shows that a failure is not theirs. Needs node, kannel and tshark on the path; recording needs root.
"""

import argparse
import os
import sys
import tempfile

import clients
import gsm
import listener
import outbound
import pages
import texts
import tpdu
from capture import Capture
from carriers import NodeCarrier, SimCarrier
from checks import Checks
from pdu import SUBMIT_SM
from process import free_port

PARTS = ["self", "tpdu", "smpplib", "aiosmpplib", "kannel", "gateway", "faults", "pages", "tshark"]


class Bench:
    """What the parts share: where things are, which ports, what is recorded."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        # Our own carrier; node-smpp as the gateway's carrier; node-smpp with faults, whose traffic may be malformed.
        self.carrier_port, self.node_port, self.fault_port = free_port(), free_port(), free_port()
        self.capture = Capture(folder, [self.carrier_port, self.node_port, self.fault_port])
        # What was sent to which port, for tshark to read again.
        self.sent = {}
        self.ran = []

    def carrier(self, client):
        """The carrier that `client` judges."""
        name = f"carrier-{client}"
        if self.options.peers_only:
            return NodeCarrier(name, self.folder, self.carrier_port, self.options.modules)
        return SimCarrier(name, self.folder, self.carrier_port, self.options.binary)

    def smsc(self, name):
        """node-smpp for the gateway to bind to, on the port whose traffic tshark reads."""
        return NodeCarrier(name, self.folder, self.node_port, self.options.modules)

    def ours(self):
        """Selects the packets that the program under test sent: as a carrier, and as a client."""
        return f"tcp.srcport == {self.carrier_port} || tcp.dstport == {self.node_port}"


def check_self(checks, _bench):
    """The runner's own tools give known answers."""
    checks.holds("the independent encoder gives known answers", gsm.self_check)
    checks.holds("the messages have as many segments as they say", texts.self_check)
    checks.holds("a signed callback is verified, and a tampered one is not", listener.self_check)


def check_smpplib(checks, bench):
    """smpplib bound to our carrier."""
    with bench.carrier("smpplib") as carrier:
        sent = clients.python_client(checks, "smpplib", carrier, bench.folder, bench.options.python, "821011", True)
        if bench.options.peers_only:
            bench.sent.setdefault(carrier.port, []).extend(sent)


def check_aiosmpplib(checks, bench):
    """aiosmpplib bound to our carrier."""
    with bench.carrier("aiosmpplib") as carrier:
        clients.python_client(checks, "aiosmpplib", carrier, bench.folder, bench.options.python, "821012", False)


def check_kannel(checks, bench):
    """Kannel bound to our carrier."""
    with bench.carrier("kannel") as carrier:
        sent = clients.kannel(checks, carrier, bench.folder, "821013")
        if bench.options.peers_only:
            bench.sent.setdefault(carrier.port, []).extend(sent)


def check_tshark(checks, bench):
    """What tshark makes of the traffic so far."""
    capture = bench.capture
    drops = capture.finish()
    checks.expect("the capture is complete", drops and drops[2] == "0" and int(drops[1]) > 0, drops)
    checks.equal("finds no malformed packet among ours", capture.broken(bench.ours()), [])
    if any(name == "faults" for name in bench.ran):
        faulty = capture.broken(f"tcp.srcport == {bench.fault_port}")
        checks.expect("would find one: it does in what the faulty carrier sent", faulty)
    for port, sent in bench.sent.items():
        read = {}
        for pdu in capture.decoded(f"tcp.dstport == {port}", SUBMIT_SM):
            read.setdefault(pdu.destination, []).append(pdu)
        checks.holds(
            f"reads the coding and the parts of {len(sent)} messages as they were meant",
            lambda sent=sent, read=read: judge_parts(sent, read),
        )
        # tshark shows UCS-2 only, and so no emoji.
        shown = [(to, sample) for to, sample in sent if sample.text is not None and sample.script != "emoji"]
        checks.holds(
            f"reads the text of {len(shown)} messages as it was meant", lambda sent=shown, read=read: judge_texts(sent, read)
        )


def judge_parts(sent, read):
    """Each message is there once, with its coding and its parts numbered from one."""
    for to, sample in sent:
        pdus = read.get(to, [])
        assert {pdu.coding for pdu in pdus} == {sample.coding}, f"{to}: codings {[pdu.coding for pdu in pdus]}"
        if len(pdus) > 1:
            parts = [pdu.part for pdu in pdus]
            expected = [(parts[0][0], len(pdus), number + 1) for number in range(len(pdus))]
            assert parts == expected, f"{to}: parts {parts}"


def judge_texts(sent, read):
    """The texts of the parts, as tshark shows them, give the message."""
    for to, sample in sent:
        text = "".join(pdu.text or "" for pdu in read[to])
        assert text == sample.text, f"{to}: {text[:60]!r} instead of {sample.text[:60]!r}"


CHECKS = {
    "self": check_self,
    "tpdu": tpdu.check,
    "smpplib": check_smpplib,
    "aiosmpplib": check_aiosmpplib,
    "kannel": check_kannel,
    "gateway": outbound.check_texts,
    "faults": outbound.check_faults,
    "pages": pages.check,
    "tshark": check_tshark,
}


def main():
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/debug/postrider", help="the program under test")
    parser.add_argument("--modules", default="target/interop-node", help="where npm installed smpp and node-pdu")
    parser.add_argument("--python", default="target/interop-venv/bin/python", help="a python with the peers from PyPI")
    parser.add_argument("--work", help="keep logs, journals and the capture in a new folder in here")
    parser.add_argument("--pictures", default="target/ci/pages", help="where the photographs of pages go")
    parser.add_argument("--only", action="append", choices=PARTS, help="run this part alone")
    parser.add_argument("--peers-only", action="store_true", help="leave the program out")
    options = parser.parse_args()
    for name in ("binary", "modules", "python", "pictures"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    if options.work:
        os.makedirs(options.work, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="interop-", dir=options.work)
    checks, bench = Checks(), Bench(options, folder)
    wanted = [part for part in PARTS if not options.only or part in options.only]
    if options.peers_only:
        wanted = [part for part in wanted if part not in ("gateway", "faults", "pages")]
    if "tshark" in wanted:
        bench.capture.start()
    try:
        for part in wanted:
            with checks.in_part(part):
                bench.ran.append(part)
                CHECKS[part](checks, bench)
    finally:
        bench.capture.stop()
    code = checks.close()
    if code != 0:
        print(f"logs, journals and the capture are in {folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
