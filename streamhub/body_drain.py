"""A request's body is read to its end after the answer, even if the answer did not need it.

A server that closes the connection while the client is still sending makes the client see a broken pipe and
no answer: a body that is too large, or sent without a token, would look like a network failure.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# What is read at most before the connection is closed all the same.
MOST_BYTES = 64 * 1024 * 1024
MOST_SECONDS = 10.0
_CHUNK = 64 * 1024

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def draining(application: Application) -> Application:
    """The WSGI application, with what is left of a body read when its answer has been sent."""

    def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
        answered = application(environ, start_response)
        has_body = environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ
        return _Draining(answered, environ) if has_body else answered

    return answer


class _Draining:
    """An answer whose end reads the rest of the request."""

    def __init__(self, answered: Iterable[bytes], environ: Environ) -> None:
        self._answered = answered
        self._environ = environ

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answered)

    def close(self) -> None:
        """Called by the server when the answer has been sent."""
        try:
            _drain(self._environ)
        finally:
            close = getattr(self._answered, "close", None)
            if close is not None:
                close()


def _drain(environ: Environ) -> None:
    """Read the rest of the body, for `MOST_SECONDS` and `MOST_BYTES` at most."""
    body, connection = environ["wsgi.input"], environ.get("gunicorn.socket")
    deadline, left = time.monotonic() + MOST_SECONDS, MOST_BYTES
    waits = connection.gettimeout() if isinstance(connection, socket.socket) else None
    try:
        while left > 0 and (seconds := deadline - time.monotonic()) > 0:
            if isinstance(connection, socket.socket):
                connection.settimeout(seconds)
            data = body.read(_CHUNK)
            if not data:
                return
            left -= len(data)
    except OSError:
        return  # the client sends no more; the server closes the connection
    finally:
        if isinstance(connection, socket.socket) and connection.fileno() != -1:
            connection.settimeout(waits)
