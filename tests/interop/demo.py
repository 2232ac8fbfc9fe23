#!/usr/bin/env python3
"""Runs `postrider demo` as a newcomer does: it delivers its messages, its curl lines work as pasted, Ctrl-C ends it.

    demo.py target/release/postrider
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

from checks import Checks, wait_until
from process import Process

# What a terminal colours and redraws.
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SECONDS = 90


def curl_lines(said):
    """The shell commands that the demo prints, continued lines joined."""
    joined = said.replace("\\\n", " ")
    return [line.strip().removeprefix("$ ") for line in joined.splitlines() if re.match(r"\s*(\$ )?curl ", line)]


def main():
    """Starts it, reads along, pastes, ends it."""
    checks, folder = Checks(), tempfile.mkdtemp(prefix="demo-")
    with checks.in_part("demo"), Process("demo", [os.path.abspath(sys.argv[1]), "demo"], folder) as demo:

        def ready():
            said = ESCAPES.sub("", demo.said()).replace("\r", "\n")
            if demo.child.poll() is not None:
                raise RuntimeError(f"it ended with {demo.child.returncode}:\n{said[-3000:]}")
            return said if curl_lines(said) and "delivered" in said else None

        said = wait_until("delivered messages and curl lines", ready, SECONDS)
        checks.expect("delivers its messages and prints curl lines", True)
        answers = []
        for line in curl_lines(said):
            done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False, timeout=30)
            answers.append((done.returncode, done.stdout))
        failed = [answer for answer in answers if answer[0] != 0]
        checks.equal("every curl line can be pasted", failed, [])
        posted = [text for _code, text in answers if '"id"' in text]
        checks.expect("one of them posts a message and shows its id", posted, answers)
        for text in posted[:1]:
            checks.holds("the answer is JSON", lambda text=text: json.loads(text))
        checks.expect("stays up", demo.child.poll() is None)
        demo.child.send_signal(signal.SIGINT)
        checks.equal("ends at Ctrl-C", demo.child.wait(20), 0)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
