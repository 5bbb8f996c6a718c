"""Where the work of this thread comes from: the request, its client's address, and who sent it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog

from streamhub.access.actors import Actor, system_actor
from streamhub.access.audit_entry import AuditEntry

# Who acts where there is no request: somebody at the command line, or a worker.
COMMAND = system_actor("command line")


@dataclass
class Origin:
    """A request's client. `actor` finds out who sent it; None: nobody has been recognised.

    `refusals`: entries that are written after the response, because what a refusal rolls back would take
    them with it.
    """

    address: str = ""
    actor: Callable[[], Actor | None] = lambda: COMMAND
    refusals: list[AuditEntry] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        """The id that the log's lines of this request carry; "" outside of a request."""
        return str(structlog.contextvars.get_contextvars().get("request_id") or "")


_origin: ContextVar[Origin | None] = ContextVar("streamhub_origin", default=None)


def origin() -> Origin:
    """The origin of the current request; outside of one, the command line's."""
    return _origin.get() or Origin()


@contextmanager
def coming_from(where: Origin) -> Iterator[Origin]:
    """What is done inside this context comes from there."""
    token = _origin.set(where)
    try:
        yield where
    finally:
        _origin.reset(token)
