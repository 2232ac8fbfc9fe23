"""Starts the peers and the program under test, finds them free ports, and ends exactly those processes again."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from checks import wait_until


def free_port():
    """A port on the loopback address that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listens(port):
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A child with its output in a file. It ends when the `with` block ends."""

    def __init__(self, name, command, folder, env=None, talks=False):
        self.name, self.command = name, [str(word) for word in command]
        self.output = os.path.join(folder, f"{name}.log")
        self.env, self.stdin = {**os.environ, **(env or {})}, subprocess.PIPE if talks else subprocess.DEVNULL
        self.child = None

    def __enter__(self):
        return self.start()

    def start(self):
        """Starts it, again if need be."""
        with open(self.output, "ab") as output:
            self.child = subprocess.Popen(self.command, stdin=self.stdin, stdout=output, stderr=output, env=self.env)
        return self

    def say(self, text):
        """Writes to its standard input."""
        self.child.stdin.write(text.encode())
        self.child.stdin.flush()

    def __exit__(self, *_error):
        self.stop()

    def stop(self, seconds=10):
        """Asks it to end, then insists. Gives its exit code."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
        return self.child.wait() if self.child else None

    def said(self):
        """What it wrote so far."""
        with open(self.output, encoding="utf-8", errors="replace") as output:
            return output.read()

    def wait_listening(self, port, seconds=20):
        """Waits until it accepts connections on `port`."""

        def ready():
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.child.returncode}:\n{self.said()[-2000:]}")
            return listens(port)

        wait_until(f"{self.name} on its port", ready, seconds)
        return self


def call(url, body=None, method=None, headers=None, timeout=30):
    """One HTTP request with JSON in and out; gives (status, JSON or text)."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    if data is not None:
        request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text
