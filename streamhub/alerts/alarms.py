"""The alarms of now, as a user may see them: live conditions, joined with what is stored about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from streamhub.alerts.models import Alarm, State, open_alarms
from streamhub.alerts.rules import Condition, Severity, is_worse, sources
from streamhub.clock import database_now


@dataclass(frozen=True)
class Shown:
    """A condition, its stored alarm (None: not stored yet), and whether its verb is offered to the user."""

    condition: Condition
    stored: Alarm | None
    offered: bool
    state: State = State.OPEN

    @property
    def calm(self) -> bool:
        """Somebody looks after it, or wants to hear no more of it for now."""
        return self.state != State.OPEN

    @property
    def critical(self) -> bool:
        return self.condition.severity == Severity.CRITICAL

    @property
    def since(self) -> datetime:
        """A condition that does not know its beginning has begun when it was first stored, if not before."""
        return min(self.condition.since, self.stored.since) if self.stored else self.condition.since


def current(user: User | AnonymousUser) -> list[Shown] | None:
    """All that the user may see: what nobody looks after first, then critical ones, then the oldest.

    None if the user may see no source. A constant number of queries.
    """
    visible = [source for source in sources() if user.has_perm(source.permission)]
    if not visible:
        return None
    return _joined([each for source in visible for each in source.current()], user)


def of(row: Model, user: User | AnonymousUser) -> list[Shown]:
    """Those of this object."""
    readers = [source.of_row[type(row)] for source in sources() if type(row) in source.of_row]
    return _joined([condition for of_row in readers for condition in of_row(row)], user)


def _joined(conditions: Iterable[Condition], user: User | AnonymousUser) -> list[Shown]:
    """With the stored state. No query without conditions, else two."""
    conditions = list(conditions)
    if not conditions:
        return []
    stored = {alarm.key: alarm for alarm in open_alarms().filter(rule__in={each.rule for each in conditions})}
    now = database_now()
    return sorted((_shown(each, stored.get(each.key), user, now) for each in conditions), key=_order)


def _shown(condition: Condition, stored: Alarm | None, user: User | AnonymousUser, now: datetime) -> Shown:
    answered = stored is not None and not is_worse(condition.severity, stored.severity)
    state = stored.state_at(now) if stored and answered else State.OPEN
    return Shown(condition, stored, condition.offered(user), state)


def _order(shown: Shown) -> tuple[bool, bool, datetime]:
    return shown.calm, not shown.critical, shown.since


def loudest(shown: Sequence[Shown]) -> Severity | None:
    """The severity of what nobody looks after; None if there is nothing."""
    open_ones = [each for each in shown if not each.calm]
    if not open_ones:
        return None
    return Severity.CRITICAL if any(each.critical for each in open_ones) else Severity.WARNING
