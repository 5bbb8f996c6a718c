"""Whether the broker takes messages, as this process sees it."""

from __future__ import annotations

import logging
import threading
import time
from enum import StrEnum

from celery import current_app

log = logging.getLogger(__name__)

# A page with several readers, and several pages in a moment, ask once.
KEPT_SECONDS = 3.0


class State(StrEnum):
    ANSWERS = "answers"
    # It is full, a replica, or cannot write to its disk.
    REFUSES = "refuses"
    DOWN = "down"


class _Last(threading.local):
    """The last state as each thread saw it: connections are not shared between threads."""

    at = -KEPT_SECONDS
    state = State.ANSWERS


_last = _Last()


def state() -> State:
    """Whether the broker can be written. Waits a second for each answer, and asks every `KEPT_SECONDS`."""
    now = time.monotonic()
    if now - _last.at >= KEPT_SECONDS:
        _last.state, _last.at = _asked(), now
    return _last.state


def _asked() -> State:
    """One attempt. `Connection.connect` would wait two seconds before a second one."""
    refusals, outages = _errors()
    try:
        with current_app.connection_for_write(connect_timeout=1) as connection:
            transport = connection.transport
            established = transport.establish_connection()
            try:
                # What each publisher does first. It changes nothing, but is a write.
                queue = current_app.amqp.queues[current_app.conf.task_default_queue]
                queue.bind(transport.create_channel(established)).declare()
            finally:
                transport.close_connection(established)
    except refusals as error:
        return _said(State.REFUSES, error)
    except outages as error:
        return _said(State.DOWN, error)
    return State.ANSWERS


def _said(state: State, error: BaseException) -> State:
    if _last.state == State.ANSWERS:
        log.warning("The broker %s: %s", "refuses messages" if state == State.REFUSES else "is down", error)
    return state


def _errors() -> tuple[tuple[type[BaseException], ...], tuple[type[BaseException], ...]]:
    """The exceptions of kombu's transport, which are not known without one: refusals, and outages."""
    try:
        transport = current_app.connection_for_write().transport
    except OSError:  # no address yet: the embedded broker is not running
        return (), (OSError,)
    return transport.channel_errors, (OSError, *transport.connection_errors)
