"""Alarms: the conditions that need attention from staff now, as a user may see them."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from streamhub.alerts.rules import Condition, sources

# Conditions, each with whether its verb is offered to the user.
Shown = list[tuple[Condition, bool]]


def current(user: User | AnonymousUser) -> Shown | None:
    """All conditions that the user may see, oldest first; None if the user may see no source."""
    visible = [source for source in sources() if user.has_perm(source.permission)]
    if not visible:
        return None
    conditions = sorted(
        (each for source in visible for each in source.current()), key=lambda each: each.since
    )
    return [(condition, condition.offered(user)) for condition in conditions]


def of(row: Model, user: User | AnonymousUser) -> Shown:
    """The conditions of this object."""
    readers = [source.of_row[type(row)] for source in sources() if type(row) in source.of_row]
    return [(condition, condition.offered(user)) for of_row in readers for condition in of_row(row)]
