"""One POST to a receiver: to a checked address, without redirects and proxies, within limits."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from streamhub.webhooks.destination import Destination, NotAllowed, destination

CONNECT_SECONDS = 2
READ_SECONDS = 10
# A receiver that sends a byte now and then must not keep a worker.
TOTAL_SECONDS = 15
ANSWER_BYTES = 4096
LONGEST_RETRY_AFTER = 3600


class NotAnswered(Exception):
    """There was no answer; whether the request arrived is not known. The message holds no secret."""


@dataclass(frozen=True)
class Answer:
    """`text`: the beginning of the body. `retry_after`: seconds that the receiver asks for, if it does."""

    status: int
    text: str = ""
    retry_after: int = 0


def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send it. Raises NotAnswered, also for a destination that is not allowed now."""
    try:
        target = destination(url)
    except NotAllowed as refusal:
        raise NotAnswered(str(refusal)) from refusal
    connection = _Connection(target)
    timer = threading.Timer(TOTAL_SECONDS, connection.abort)
    timer.daemon = True
    timer.start()
    try:
        return _exchange(connection, target, headers, body)
    except (OSError, http.client.HTTPException) as error:
        raise NotAnswered(_sentence(error, connection.aborted)) from error
    finally:
        timer.cancel()
        connection.close()


def _exchange(
    connection: _Connection, target: Destination, headers: Mapping[str, str], body: bytes
) -> Answer:
    connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    for name, value in {
        "Host": target.authority,
        "User-Agent": "StreamHub",
        "Accept": "*/*",
        "Connection": "close",
        "Content-Length": str(len(body)),
        **headers,
    }.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    text = response.read(ANSWER_BYTES).decode("utf-8", "replace").replace("\0", "")
    after = response.headers.get("Retry-After", "")
    seconds = int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0
    return Answer(response.status, text, min(seconds, LONGEST_RETRY_AFTER))


class _Connection(http.client.HTTPConnection):
    """Connects to the addresses that were checked, and asks for the host's certificate."""

    def __init__(self, target: Destination) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self.aborted = False

    def connect(self) -> None:
        self.sock = self._reached()
        self.sock.settimeout(READ_SECONDS)
        if self._target.secure:
            # The handshake comes afterwards, so that `abort` ends it too.
            self.sock = _context().wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def _reached(self) -> socket.socket:
        last: OSError = OSError("no address")
        for address in self._target.addresses[:2]:
            try:
                return socket.create_connection((address, self._target.port), CONNECT_SECONDS)
            except OSError as error:
                last = error
        raise last

    def abort(self) -> None:
        """End it from another thread. Not by the method of TLS, which takes the object from its reader."""
        self.aborted = True
        with suppress(OSError):  # it may be closed already
            if self.sock is not None:
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _sentence(error: Exception, aborted: bool) -> str:
    if aborted:
        return f"No complete answer within {TOTAL_SECONDS} s."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate is not valid: {error.verify_message}."
    if isinstance(error, TimeoutError):
        return f"No answer: {CONNECT_SECONDS} s for a connection, {READ_SECONDS} s for an answer."
    if isinstance(error, ConnectionRefusedError):
        return "The connection was refused: nothing listens there."
    return f"No answer: {type(error).__name__}."
