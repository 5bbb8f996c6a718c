"""Alarms: what somebody must look at now, on the dashboard and on the pages of the objects they are about.

An app registers where its alarms come from; they are asked for at every look, so that none outlives its
reason. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model


@dataclass(frozen=True)
class Alarm:
    """One alarm: `sentence` says what, since when and how long; `hint` what to do; `in_the_way` AWS's word.

    `name` and `url` are the page of the object; `action` and `action_url` the confirmation of the verb that
    mends it, which `permission` ("app.codename") is needed for.
    """

    name: str
    url: str
    sentence: str
    since: datetime
    hint: str = ""
    in_the_way: str = ""
    action: str = ""
    action_url: str = ""
    permission: str = ""

    def offered(self, user: User | AnonymousUser) -> bool:
        """Whether this person's role has the verb."""
        return bool(self.action) and user.has_perm(self.permission)


Shown = list[tuple[Alarm, bool]]

_sources: list[tuple[str, Callable[[], list[Alarm]]]] = []
_of_rows: dict[str, Callable[[Any], list[Alarm]]] = {}


def register(permission: str, source: Callable[[], list[Alarm]]) -> None:
    """Show these on the dashboard to who has the permission. `source` costs a constant number of queries."""
    _sources.append((permission, source))


def register_for(model: type[Model], source: Callable[[Any], list[Alarm]]) -> None:
    """Show these on the page of each object of the model."""
    _of_rows[model._meta.label_lower] = source


def current(user: User | AnonymousUser) -> Shown | None:
    """All alarms this person may see, each with whether its verb is offered; None if none may be seen."""
    seen = [source for permission, source in _sources if user.has_perm(permission)]
    if not seen:
        return None
    found = sorted((alarm for source in seen for alarm in source()), key=lambda alarm: alarm.since)
    return [(alarm, alarm.offered(user)) for alarm in found]


def of(row: Model, user: User | AnonymousUser) -> Shown:
    """The alarms about this object."""
    source = _of_rows.get(row._meta.label_lower)
    return [(alarm, alarm.offered(user)) for alarm in source(row)] if source else []
