"""A small HTTP server that remembers what it was asked: for callbacks of the program and for Kannel's URLs."""

import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checks import wait_until

Request = namedtuple("Request", "at path query headers body")
# How far the time in a signed callback may be from ours.
TIMESTAMP_TOLERANCE_SECONDS = 300


class Listener:
    """Answers every request with `status`, and keeps it."""

    def __init__(self):
        self.requests, self.status, self.lock = [], 200, threading.Lock()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = urllib.parse.urlsplit(self.path)
                # Kannel puts octets of any kind into a query.
                query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1"))
                with listener.lock:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    listener.requests.append(Request(time.time(), parts.path, query, headers, body))
                self.send_response(listener.status)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST = answer

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.server.shutdown()
        self.server.server_close()

    def seen(self, path=None):
        """The requests so far, to one path or to all."""
        with self.lock:
            return [request for request in self.requests if path in (None, request.path)]

    def wait_for(self, what, find, seconds=20):
        """Waits until `find(requests)` gives something true."""
        return wait_until(what, lambda: find(self.seen()), seconds)


def verify_signature(request, secret, now=None):
    """Checks a callback by the Standard Webhooks rules and gives its JSON; raises on anything wrong.

    `secret` is `whsec_` and base64. The signed text is `id.timestamp.body`; the header lists `v1,<base64>` signatures.
    """
    headers = request.headers
    identifier, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    assert identifier and "." not in identifier, f"webhook-id {identifier!r}"
    age = abs((time.time() if now is None else now) - int(timestamp))
    assert age <= TIMESTAMP_TOLERANCE_SECONDS, f"webhook-timestamp is {age:.0f} s off"
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = f"{identifier}.{timestamp}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    offered = [part.split(",", 1) for part in headers["webhook-signature"].split()]
    good = any(version == "v1" and hmac.compare_digest(value, expected) for version, value in offered)
    assert good, "no v1 signature of the header fits the body"
    return json.loads(request.body)


def self_check():
    """The example of the Standard Webhooks specification, and a body that was tampered with."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    request = Request(0.0, "/", {}, headers, b'{"test": 2432232314}')
    assert verify_signature(request, secret, now=1614265330) == {"test": 2432232314}
    for broken in (request._replace(body=b'{"test": 2432232315}'), request._replace(headers={**headers, "webhook-id": "x"})):
        try:
            verify_signature(broken, secret, now=1614265330)
        except AssertionError:
            continue
        raise AssertionError("a tampered callback passed")
