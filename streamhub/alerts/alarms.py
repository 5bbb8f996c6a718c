"""Alarms: what somebody must look at now.

An app declares where its alarms come from (`alarms`, see `streamhub.contributions`); they are asked for at
every look, so that none outlives its reason. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from streamhub.contributions import contributed


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


@dataclass(frozen=True)
class AlarmSource:
    """Where alarms come from: `current()` are all of them, for who has the permission ("app.codename").

    `of_row[model](row)` are those that stand on the page of an object of that model. `current` costs a
    constant number of queries.
    """

    permission: str
    current: Callable[[], list[Alarm]]
    of_row: Mapping[type[Model], Callable[[Any], list[Alarm]]] = field(default_factory=dict)


Shown = list[tuple[Alarm, bool]]


def sources() -> list[AlarmSource]:
    return list(contributed("alarms"))


def current(user: User | AnonymousUser) -> Shown | None:
    """All alarms this person may see, each with whether its verb is offered; None if none may be seen."""
    seen = [source for source in sources() if user.has_perm(source.permission)]
    if not seen:
        return None
    found = sorted((alarm for source in seen for alarm in source.current()), key=lambda alarm: alarm.since)
    return [(alarm, alarm.offered(user)) for alarm in found]


def of(row: Model, user: User | AnonymousUser) -> Shown:
    """The alarms about this object."""
    asked = [source.of_row[type(row)] for source in sources() if type(row) in source.of_row]
    return [(alarm, alarm.offered(user)) for of_row in asked for alarm in of_row(row)]
