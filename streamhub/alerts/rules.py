"""The rules of alarms: apps declare the sources of conditions (`alarms`, see `streamhub.contributions`).

A condition is a fact of the rows now: it ends with its reason. Pages read conditions, so that an alarm is
seen even if no worker is alive to store it. An alarm (`models.Alarm`) is what is kept of a condition: when it
opened, whose it is, what was said about it, whom it was sent to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from streamhub.contributions import contributed


class Severity(StrEnum):
    CRITICAL = "critical"  # a show, a byte or money is at stake now
    WARNING = "warning"  # it becomes so if nobody acts


def is_worse(severity: str, than: str) -> bool:
    """Whether something critical was a warning before: who answered the warning has not answered this."""
    return severity == Severity.CRITICAL != than


@dataclass(frozen=True)
class Condition:
    """One thing that needs attention. `sentence`: what is wrong. `hint`: what to do.

    `rule` names the kind of condition, such as "start_late". `kind`, `object_id` and `name` are the object's:
    a row's KIND and primary key, or such as "job" and its name. A rule gives at most one condition for an
    object. `since`: when it began, by the database's clock. `aws_error`: AWS's error. `url` leads to the
    object's page, `action` and `action_url` to the confirmation of the verb that helps, which needs
    `permission` ("app.codename"). `blind`: StreamHub cannot see or act, so every page says it.
    `replaces`: rules that this one goes beyond. Their alarms of the object end unannounced: nothing is over.
    """

    rule: str
    severity: Severity
    kind: str
    object_id: str
    name: str
    url: str
    sentence: str
    since: datetime
    hint: str = ""
    aws_error: str = ""
    action: str = ""
    action_url: str = ""
    permission: str = ""
    blind: bool = False
    replaces: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same condition as another: rule, kind and object."""
        return self.rule, self.kind, self.object_id

    def offered(self, user: User | AnonymousUser) -> bool:
        """Whether there is a verb and the user has its permission."""
        return bool(self.action) and user.has_perm(self.permission)


@dataclass(frozen=True)
class AlarmSource:
    """A source of conditions. `current()`: all of them, for users with `permission` ("app.codename").

    `of_row[model](row)`: those on the page of an object of that model. `current` makes a constant number
    of queries and no call to AWS.
    """

    permission: str
    current: Callable[[], list[Condition]]
    of_row: Mapping[type[Model], Callable[[Any], list[Condition]]] = field(default_factory=dict)


def sources() -> list[AlarmSource]:
    return list(contributed("alarms"))
