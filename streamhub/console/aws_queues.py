"""The rates and lines of AWS calls, for the health page, and the alarm when AWS throttles them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.aws.call_queue import QueueState, Throttle
from streamhub.aws.session import current_session
from streamhub.aws.target import EMBEDDED
from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone, busy
from streamhub.errors import EmbeddedNotRunning, Misconfigured

# Below this share of its configured rate an operation is throttled so much that people are told.
MUCH_LESS = 0.5


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
        session = current_session()
    except (EmbeddedNotRunning, Misconfigured):
        return []
    lately = {throttle.operation for throttle in session.throttles()}
    found = [_line(state, state.operation in lately) for state in session.queue_states()]
    return sorted(found, key=lambda line: (line.word == "free", line.state.operation))


def _line(state: QueueState, throttles: bool) -> Line:
    if throttles:
        return Line(state, Badge(Tone.WARN, "speed"), _("AWS throttles"))
    if state.waiting:
        return Line(state, busy("hourglass_top"), "waiting")
    return Line(state, Badge(Tone.GOOD, "check_circle"), "free")


def throttled() -> list[Condition]:
    """One condition for each operation of which AWS takes less than half of what is configured.

    It ends a minute after AWS has throttled it for the last time. One call of Redis, a query if there is one.
    """
    try:
        session = current_session()
    except (EmbeddedNotRunning, Misconfigured):
        return []
    pairs = [
        (throttle, session.queue_state(*throttle.operation.split(":"))) for throttle in session.throttles()
    ]
    return [_condition(each, state) for each, state in pairs if state and state.share < MUCH_LESS]


def _condition(throttle: Throttle, state: QueueState) -> Condition:
    waiting = (
        _("One step waits")
        if state.waiting == 1
        else _("%(waiting)s steps wait") % {"waiting": state.waiting}
    )
    line = (
        _(" %(waiting)s for its turn, about %(seconds)s s in all.")
        % {"waiting": waiting, "seconds": f"{state.seconds:.0f}"}
        if state.waiting
        else ""
    )
    return Condition(
        rule="aws_throttles",
        severity=Severity.WARNING,
        kind="aws",
        object_id=throttle.operation,
        name=throttle.operation,
        url=reverse("admin:health"),
        sentence=_(
            "AWS throttles %(operation)s: it takes %(per_second)s calls a second, and "
            "%(ceiling)s are configured.%(line)s"
        )
        % {
            "operation": throttle.operation,
            "per_second": f"{state.per_second:.2g}",
            "ceiling": f"{state.ceiling:g}",
            "line": line,
        },
        since=database_now() - timedelta(seconds=throttle.seconds),
        hint=_(
            "StreamHub sends what AWS takes, the urgent first, and this ends by itself. If it lasts, find "
            "out who else makes such calls in the account, or ask AWS for a higher quota."
        ),
        blind=True,
    )


ALARMS = (AlarmSource("lifecycle.view_job", throttled),)


def of_this_process() -> bool:
    """Whether each process has its own rates, so that these are the web server's alone."""
    return bool(settings.STREAMHUB_AWS == EMBEDDED)
