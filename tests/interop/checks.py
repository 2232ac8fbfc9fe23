"""Collects what was checked: one line each, a count at the end."""

import time
import traceback
from contextlib import contextmanager


class Checks:
    """Prints one line a check, and remembers how many held."""

    def __init__(self):
        self.passed, self.failed, self.part = 0, 0, ""

    def expect(self, claim, holds, detail=""):
        """Notes whether `claim` holds; `detail` says what was seen instead."""
        if holds:
            self.passed += 1
            print(f"ok    {self.part}: {claim}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {self.part}: {claim}{': ' if detail else ''}{detail}", flush=True)
        return bool(holds)

    def equal(self, claim, seen, expected):
        """Notes whether two values agree."""
        return self.expect(claim, seen == expected, f"{seen!r:.300} instead of {expected!r:.300}")

    def holds(self, claim, judge):
        """Notes whether `judge()` returns without an assertion failing."""
        try:
            judge()
        except (AssertionError, ValueError, KeyError, IndexError, TypeError) as error:
            return self.expect(claim, False, f"{type(error).__name__}: {error}")
        return self.expect(claim, True)

    @contextmanager
    def in_part(self, name):
        """Runs a part. What it raises is a failed check and does not stop the parts after it."""
        self.part, started = name, time.monotonic()
        try:
            yield
        except Exception as error:  # the runner goes on with the next part
            traceback.print_exc()
            self.expect("runs to its end", False, f"{type(error).__name__}: {error}")
        print(f"      {name}: {time.monotonic() - started:.1f} s", flush=True)

    def close(self):
        """Prints the closing line and gives the exit code. A run that checked nothing has failed."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 0 if self.failed == 0 and self.passed > 0 else 1


def wait_until(what, ready, seconds=20.0, every=0.05):
    """Calls `ready` until it gives something true, and gives that; raises when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        found = ready()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {seconds:g} s")
        time.sleep(every)
