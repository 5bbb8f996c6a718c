"""When AWS is expected to be done with what a row waits for, in one wording for pages and API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from streamhub.clock import database_now
from streamhub.lifecycle import durations
from streamhub.lifecycle.look_plan import Quantiles
from streamhub.lifecycle.models import ManagedResource

# What is usual: eight of ten cases.
USUAL = (0.1, 0.9)
MINUTES_FROM = 120  # seconds


@dataclass(frozen=True)
class Expectation:
    """`does`: what AWS does. `usual`: seconds that it usually takes. `at`: when StreamHub sees
    that it is done; None: late."""

    does: str
    usual: tuple[float, float]
    at: datetime | None

    def __str__(self) -> str:
        usual = span(*self.usual)
        if self.at is None:
            return _("%(does)s, which usually takes %(usual)s. It takes longer this time.") % {
                "does": self.does,
                "usual": usual,
            }
        return _("%(does)s, usually in %(usual)s: at about %(at)s UTC.") % {
            "does": self.does,
            "usual": usual,
            "at": f"{self.at:%Y-%m-%d %H:%M}",
        }


def expected(row: ManagedResource, now: datetime | None = None) -> Expectation | None:
    """What the row waits for at AWS; None: nothing. Two queries, none for a row that does not wait."""
    operation = durations.operation_of(row.awaits) if row.awaits else None
    if operation is None or row.awaits_since is None:
        return None
    quantiles = durations.history(operation).quantiles
    return Expectation(
        operation.does, usual(quantiles), _seen_at(row, row.awaits_since, quantiles, now or database_now())
    )


def _seen_at(row: ManagedResource, since: datetime, quantiles: Quantiles, now: datetime) -> datetime | None:
    """When the end is expected to be seen: not before the planned look.

    None if it takes longer than usual, which only a look tells.
    """
    usual_end = since + timedelta(seconds=quantiles.at(USUAL[1]))
    look_at = row.look_at if row.look_at and row.look_at > now else None
    if (row.awaits_seen_at or since) > usual_end or (now > usual_end and look_at is None):
        return None
    rest = quantiles.remaining(max(0.0, (now - since).total_seconds()))
    ends_at = since + timedelta(seconds=rest.median) if rest and now <= usual_end else now
    return max(ends_at, look_at or ends_at)


def usual(quantiles: Quantiles) -> tuple[float, float]:
    """The seconds between which eight of ten cases end."""
    return quantiles.at(USUAL[0]), quantiles.at(USUAL[1])


def span(least: float, most: float) -> str:
    """ "3 to 6 minutes", "20 to 45 seconds"."""
    in_minutes = most >= MINUTES_FROM
    seconds = 60 if in_minutes else 1
    low, high = max(1, round(least / seconds)), max(1, round(most / seconds))
    if low < high:
        said = _("%(low)s to %(high)s minutes") if in_minutes else _("%(low)s to %(high)s seconds")
    elif in_minutes:
        said = ngettext("about %(high)s minute", "about %(high)s minutes", high)
    else:
        said = ngettext("about %(high)s second", "about %(high)s seconds", high)
    return said % {"low": low, "high": high}
