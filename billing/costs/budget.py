"""The alarm about the month's budget, at 50, 80 and 100 percent of it."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import dateformat
from django.utils.translation import gettext as _

from billing.costs.month import LEVELS, month_of
from billing.models import MonthCost
from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now

VIEW = "billing.view_monthcost"


def current() -> list[Condition]:
    """The highest level that the month has reached: an alarm for each, so that each is told. Two queries.

    It replaces those of the lower levels, so that nobody is told that they are over.
    """
    if settings.MONTHLY_BUDGET is None:
        return []
    now = database_now()
    row = MonthCost.objects.filter(month=month_of(now), level__gt=0).first()
    return [] if row is None else [_condition(row, settings.MONTHLY_BUDGET)]


def _condition(row: MonthCost, budget: int) -> Condition:
    over = row.level >= 100
    return Condition(
        rule=f"budget_{row.level}",
        severity=Severity.CRITICAL if over else Severity.WARNING,
        kind="budget",
        object_id=f"{row.month:%Y-%m}",
        name=_("the budget of %(month)s") % {"month": dateformat.format(row.month, "F Y")},
        url=reverse("admin:costs"),
        sentence=(
            _(
                "By estimate this month has cost %(amount)s %(currency)s of %(budget)s:"
                " %(level)s %% of the budget are used up."
            )
            if over
            else _(
                "By estimate this month has cost %(amount)s %(currency)s of %(budget)s:"
                " %(level)s %% of the budget are reached."
            )
        )
        % {
            "amount": f"{row.amount:,}",
            "currency": row.currency,
            "budget": f"{budget:,}",
            "level": row.level,
        },
        since=row.level_since or row.worked_out_at,
        replaces=tuple(f"budget_{level}" for level in LEVELS if level < row.level),
        hint=_(
            "See on the page Costs what costs money now, and stop what nobody needs. MONTHLY_BUDGET sets the"
            " budget."
        ),
    )


BUDGET = AlarmSource(VIEW, current)
