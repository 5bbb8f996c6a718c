"""Alarms of a test's own, and targets on this machine that take notices."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection

from devstack.ports import free_port
from tests.alerts.conditions import Conditions
from tests.alerts.targets import Mailbox, Web


@pytest.fixture
def conditions(monkeypatch: pytest.MonkeyPatch) -> Conditions:
    """The only conditions that there are; empty at first."""
    made = Conditions()
    for module in ("streamhub.alerts.evaluation", "streamhub.alerts.alarms"):
        monkeypatch.setattr(f"{module}.sources", lambda: [made.source()])
    return made


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A mail server that the settings name."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = controller.hostname, controller.port
    settings.EMAIL_USE_TLS = False
    settings.ALARM_EMAILS = ["anna@example.com", "ben@example.com"]
    yield box
    controller.stop()


@pytest.fixture
def web() -> Iterator[Web]:
    seen = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.requests.append((self.path, None))
            self._answer()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.requests.append((self.path, json.loads(body)))
            self._answer()

        def _answer(self) -> None:
            self.send_response(seen.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    seen.url = f"127.0.0.1:{server.server_port}"
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_transaction(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a transaction was open, for each notice that was delivered."""
    from streamhub.alerts import delivery

    seen: list[bool] = []
    deliver = delivery._deliver

    def watched(notice: Any) -> bool:
        seen.append(connection.in_atomic_block)
        return deliver(notice)

    monkeypatch.setattr(delivery, "_deliver", watched)
    return seen
