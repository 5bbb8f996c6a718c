"""The rates and lines of AWS calls, for the health page."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from streamhub.aws.call_queue import QueueState
from streamhub.aws.session import current_session
from streamhub.aws.target import EMBEDDED
from streamhub.console.badges import Badge, Tone, busy
from streamhub.errors import EmbeddedNotRunning, Misconfigured


@dataclass(frozen=True)
class Line:
    """One AWS operation: its state, a badge, and the badge's word."""

    state: QueueState
    badge: Badge
    word: str

    @property
    def service(self) -> str:
        return self.state.operation.partition(":")[0]

    @property
    def name(self) -> str:
        return self.state.operation.partition(":")[2]


def lines() -> list[Line]:
    """The operations that were called lately: first what waits or is throttled. Empty without an AWS."""
    try:
        states = current_session().queue_states()
    except (EmbeddedNotRunning, Misconfigured):
        return []
    return sorted(map(_line, states), key=lambda line: (line.word == "free", line.state.operation))


def _line(state: QueueState) -> Line:
    if state.throttled and state.per_second < state.ceiling:
        return Line(state, Badge(Tone.WARN, "speed"), "AWS throttles")
    if state.waiting:
        return Line(state, busy("hourglass_top"), "waiting")
    return Line(state, Badge(Tone.GOOD, "check_circle"), "free")


def of_this_process() -> bool:
    """Whether each process has its own rates, so that these are the web server's alone."""
    return bool(settings.STREAMHUB_AWS == EMBEDDED)
