#!/usr/bin/env python3
"""Runs `postrider demo` as a newcomer does: it delivers its messages, its curl lines work as pasted, Ctrl-C ends it.

    demo.py target/release/postrider
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile

from checks import Checks, wait_until
from process import Process

# What a terminal colours and redraws.
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SECONDS = 90


def lines_to_paste(said, word):
    """The shell commands that the demo prints and that begin with `word`, continued lines joined."""
    joined = said.replace("\\\n", " ")
    return [line.strip().removeprefix("$ ") for line in joined.splitlines() if re.match(rf"\s*(\$ )?{word} ", line)]


def paste(exports, line):
    """Runs one line in a shell that knows the exported names; an HTTP error is a failure."""
    script = [*exports, 'curl() { command curl --fail-with-body "$@"; }', line]
    done = subprocess.run(["bash", "-c", "\n".join(script)], capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout


def main():
    """Starts it, reads along, pastes, ends it."""
    checks, folder = Checks(), tempfile.mkdtemp(prefix="demo-")
    with checks.in_part("demo"), Process("demo", [os.path.abspath(sys.argv[1]), "demo"], folder) as demo:

        def ready():
            said = ESCAPES.sub("", demo.said()).replace("\r", "\n")
            if demo.child.poll() is not None:
                raise RuntimeError(f"it ended with {demo.child.returncode}:\n{said[-3000:]}")
            return said if "stays up until Ctrl-C" in said else None

        said = wait_until("delivered messages and curl lines", ready, SECONDS)
        checks.expect("says that its messages are delivered", "are delivered" in said, said)
        exports, answers, last = lines_to_paste(said, "export"), [], "ID"
        for line in lines_to_paste(said, "curl"):
            # "put in the id that the first line answers", as the demo says.
            code, text = paste(exports, line.replace("/ID/", f"/{last}/"))
            answers.append((code, line, text))
            found = re.search(r'"id": ?"([0-9a-z]{13})"', text)
            last = found[1] if found else last
        failed = [answer for answer in answers if answer[0] != 0]
        checks.equal("every curl line can be pasted", (len(answers) > 2, failed), (True, []))
        checks.holds("every answer is JSON", lambda: [json.loads(text) for _code, _line, text in answers if text])
        checks.expect("stays up", demo.child.poll() is None)
        demo.child.send_signal(signal.SIGINT)
        checks.equal("ends at Ctrl-C", demo.child.wait(20), 0)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
