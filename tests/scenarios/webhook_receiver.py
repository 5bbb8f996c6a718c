"""A receiver of webhooks, and the rows that a test needs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from streamhub.access.actors import Actor
from streamhub.webhooks.delivery import take_turn
from streamhub.webhooks.models import Delivery, Endpoint, Event
from streamhub.webhooks.services import Wanted, endpoint_add
from streamhub.webhooks.spreading import spread
from tests.scenarios.actors import TESTER

_serial = count(1)
KIND = "channel.state_changed"


@dataclass
class Receiver:
    """`status` and `answer`: what it says. `requests`: path, headers (lower case) and body of each."""

    url: str = ""
    status: int = 200
    answer: bytes = b"taken"
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    # The status for single ids, instead of `status`.
    of_id: dict[str, int] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.requests]


@contextmanager
def receiving() -> Iterator[Receiver]:
    seen = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.requests.append((self.path, headers, body))
            self.send_response(seen.of_id.get(headers.get("webhook-id", ""), seen.status))
            for name, value in {**seen.headers, "Content-Length": str(len(seen.answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # it reads the beginning only
                self.wfile.write(seen.answer)

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_port}/hooks"
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def endpoint(url: str, form: str = "cloudevents", **fields: Any) -> Endpoint:
    return added(url, form, **fields)[0]


def added(url: str, form: str = "cloudevents", who: Actor = TESTER, **fields: Any) -> tuple[Endpoint, str]:
    """A new endpoint and its secret."""
    wanted = Wanted(**{"name": f"receiver {next(_serial)}", "url": url, "kinds": [KIND], **fields})
    return endpoint_add(wanted, form, who=who)


def event(kind: str = KIND, **fields: Any) -> Event:
    n = next(_serial)
    columns = {"key": f"test {n}", "kind": kind, "subject": f"channel/{n}", "data": {"id": str(n)}}
    row = Event.objects.create(**{**columns, **fields})
    row.refresh_from_db()
    return row


def usage_event(customer: str = "", **data: Any) -> Event:
    return event("usage.final", customer=customer, data={"id": "1", "bytes": 1200, "requests": 3, **data})


def send(row: Endpoint) -> None:
    """One turn, after the deliveries of new events were written."""
    spread()
    take_turn(row.pk)


def later() -> None:
    """Let so much time pass that everything is due: what waited for a moment of its own waits no more."""
    Delivery.objects.filter(not_before__gt=Now()).update(not_before=Now())
    Endpoint.objects.filter(not_before__gt=Now()).update(not_before=Now())


def age(model: Any, column: str, by: Any) -> None:
    """Move the time in this column back by so much."""
    model.objects.update(**{column: F(column) - by})
