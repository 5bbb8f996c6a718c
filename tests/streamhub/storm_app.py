"""A WSGI application whose API changes take until somebody has got a page; every answer says what it is.

It reads every body but that of `/unread`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from streamhub import patient_socket, web_worker

PATIENCE_SECONDS = 20.0
# So that a test of clients that stop takes seconds.
patient_socket.PATIENCE_SECONDS = 8.0
web_worker._TURN_SECONDS = 4.0
_a_page_was_shown = threading.Event()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/unread":
        environ["wsgi.input"].read()
    change = environ["REQUEST_METHOD"] != "GET" and environ["PATH_INFO"].startswith("/api/")
    if not change:
        _a_page_was_shown.set()
    passed = _a_page_was_shown.wait(PATIENCE_SECONDS)
    body = b"change" if change else b"page"
    start_response("200 OK" if passed else "503 Service Unavailable", [("Content-Length", str(len(body)))])
    return [body]
