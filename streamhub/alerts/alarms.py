"""Alarms: conditions that need attention from staff now.

Apps declare the sources of their alarms (`alarms`, see `streamhub.contributions`). Alarms are computed for
each page and not stored, so an alarm ends with its reason.
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
    """One alarm. `sentence`: what is wrong, since when. `hint`: what to do. `aws_error`: AWS's error.

    `name` and `url` lead to the object's page; `action` and `action_url` to the confirmation of the verb
    that helps, which needs `permission` ("app.codename").
    """

    name: str
    url: str
    sentence: str
    since: datetime
    hint: str = ""
    aws_error: str = ""
    action: str = ""
    action_url: str = ""
    permission: str = ""

    def offered(self, user: User | AnonymousUser) -> bool:
        """Whether there is a verb and the user has its permission."""
        return bool(self.action) and user.has_perm(self.permission)


@dataclass(frozen=True)
class AlarmSource:
    """A source of alarms. `current()`: all its alarms, for users with `permission` ("app.codename").

    `of_row[model](row)`: the alarms on the page of an object of that model. `current` makes a constant
    number of queries.
    """

    permission: str
    current: Callable[[], list[Alarm]]
    of_row: Mapping[type[Model], Callable[[Any], list[Alarm]]] = field(default_factory=dict)


# Alarms, each with whether its verb is offered to the user.
Shown = list[tuple[Alarm, bool]]


def sources() -> list[AlarmSource]:
    return list(contributed("alarms"))


def current(user: User | AnonymousUser) -> Shown | None:
    """All alarms that the user may see, oldest first; None if the user may see no source."""
    visible = [source for source in sources() if user.has_perm(source.permission)]
    if not visible:
        return None
    alarms = sorted(
        (alarm for source in visible for alarm in source.current()), key=lambda alarm: alarm.since
    )
    return [(alarm, alarm.offered(user)) for alarm in alarms]


def of(row: Model, user: User | AnonymousUser) -> Shown:
    """The alarms about this object."""
    readers = [source.of_row[type(row)] for source in sources() if type(row) in source.of_row]
    return [(alarm, alarm.offered(user)) for alarms_of in readers for alarm in alarms_of(row)]
