"""Whether the broker answers, as this process sees it."""

from __future__ import annotations

import logging
import threading
import time

from celery import current_app

log = logging.getLogger(__name__)

# A page with several readers, and several pages in a moment, ask once.
KEPT_SECONDS = 3.0


class _Last(threading.local):
    """The last answer of each thread: connections are not shared between threads."""

    at = -KEPT_SECONDS
    answers = True


_last = _Last()


def answers() -> bool:
    """Whether the broker accepts a connection. Waits a second at most, and asks every `KEPT_SECONDS`."""
    now = time.monotonic()
    if now - _last.at >= KEPT_SECONDS:
        _last.answers, _last.at = _connects(), now
    return _last.answers


def _connects() -> bool:
    """One attempt. `Connection.connect` would wait two seconds before a second one."""
    try:
        with current_app.connection_for_write(connect_timeout=1) as connection:
            transport = connection.transport
            transport.close_connection(transport.establish_connection())
    except _errors() as error:
        if _last.answers:
            log.warning("The broker does not answer: %s", error)
        return False
    return True


def _errors() -> tuple[type[BaseException], ...]:
    """The exceptions of kombu's transport, which are not known without one."""
    try:
        transport = current_app.connection_for_write().transport
    except OSError:  # no address yet: the embedded broker is not running
        return (OSError,)
    return (OSError, *transport.connection_errors, *transport.channel_errors)
