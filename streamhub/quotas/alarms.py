"""The alarms about quotas: little headroom, and none."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now
from streamhub.quotas.models import Level
from streamhub.quotas.standing import Standing, standings

ASK = _("Delete what nobody needs, or ask AWS for a higher quota (Service Quotas: {name}).")


def current() -> list[Condition]:
    """One condition for each quota with little room or none. Three queries, and one for the clock."""
    short = [standing for standing in standings() if standing.level != Level.ENOUGH]
    return [_condition(standing) for standing in short]


def _condition(standing: Standing) -> Condition:
    full = standing.full
    return Condition(
        rule="quota_full" if full else "quota_little",
        severity=Severity.CRITICAL if full and standing.waiting else Severity.WARNING,
        kind="quota",
        object_id=standing.kind.key,
        name=standing.kind.title,
        url=reverse("admin:quotas"),
        sentence=_sentence(standing),
        since=standing.level_since or standing.observed_at or database_now(),
        hint=ASK.format(name=standing.kind.name),
    )


def _sentence(standing: Standing) -> str:
    if not standing.full:
        return f"{standing.sentence}."
    waiting = f" {_wait(standing.waiting)}" if standing.waiting else ""
    return gettext("The quota of %(title)s is full: %(used)s of %(limit)s.%(waiting)s") % {
        "title": standing.kind.title,
        "used": standing.used,
        "limit": standing.limit,
        "waiting": waiting,
    }


def _wait(count: int) -> str:
    return (
        gettext("One creation waits for a place.")
        if count == 1
        else gettext("%(count)s creations wait for places.") % {"count": count}
    )


ALARMS = (AlarmSource("quotas.view_quota", current),)
