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
import texts
from capture import Capture
from carriers import NodeCarrier, SimCarrier
from checks import Checks
from process import free_port

PARTS = ["self", "smpplib", "aiosmpplib", "kannel", "gateway", "faults", "tshark"]


class Bench:
    """What the parts share: where things are, which ports, what is recorded."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        # Our own carrier; node-smpp as the gateway's carrier; node-smpp with faults, whose traffic may be malformed.
        self.carrier_port, self.node_port, self.fault_port = free_port(), free_port(), free_port()
        self.capture = Capture(folder, [self.carrier_port, self.node_port, self.fault_port])
        self.sent_by_gateway = []

    def carrier(self):
        """The carrier that the clients judge."""
        if self.options.peers_only:
            return NodeCarrier("carrier", self.folder, self.carrier_port, self.options.modules)
        return SimCarrier("carrier", self.folder, self.carrier_port, self.options.binary)

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
    with bench.carrier() as carrier:
        clients.python_client(checks, "smpplib", carrier, bench.folder, bench.options.python, "821011", True)


def check_aiosmpplib(checks, bench):
    """aiosmpplib bound to our carrier."""
    with bench.carrier() as carrier:
        clients.python_client(checks, "aiosmpplib", carrier, bench.folder, bench.options.python, "821012", False)


def check_kannel(checks, bench):
    """Kannel bound to our carrier."""
    with bench.carrier() as carrier:
        clients.kannel(checks, carrier, bench.folder, "821013")


def check_tshark(checks, bench):
    """What tshark makes of the traffic so far."""
    capture = bench.capture
    drops = capture.finish()
    checks.expect("the capture is complete", drops and drops[2] == "0" and int(drops[1]) > 0, drops)
    checks.equal("finds no malformed packet among ours", capture.broken(bench.ours()), [])


CHECKS = {
    "self": check_self,
    "smpplib": check_smpplib,
    "aiosmpplib": check_aiosmpplib,
    "kannel": check_kannel,
    "tshark": check_tshark,
}


def main():
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/debug/postrider", help="the program under test")
    parser.add_argument("--modules", default="target/interop-node", help="where npm installed smpp")
    parser.add_argument("--python", default="target/interop-venv/bin/python", help="a python with smpplib and aiosmpplib")
    parser.add_argument("--work", help="keep logs, journals and the capture here")
    parser.add_argument("--only", action="append", choices=PARTS, help="run this part alone")
    parser.add_argument("--peers-only", action="store_true", help="leave the program out")
    options = parser.parse_args()
    for name in ("binary", "modules", "python"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    folder = options.work or tempfile.mkdtemp(prefix="interop-")
    os.makedirs(folder, exist_ok=True)
    checks, bench = Checks(), Bench(options, folder)
    wanted = [part for part in PARTS if (not options.only or part in options.only) and part in CHECKS]
    if "tshark" in wanted:
        bench.capture.start()
    try:
        for part in wanted:
            with checks.in_part(part):
                CHECKS[part](checks, bench)
    finally:
        bench.capture.stop()
    code = checks.close()
    if code != 0:
        print(f"logs, journals and the capture are in {folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
