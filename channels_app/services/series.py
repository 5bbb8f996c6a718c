"""The times of a series: the same local time in a named zone, whatever its clocks do meanwhile.

19:30 in Europe/Berlin stays 19:30 there, and moves by an hour in UTC when the clocks change. A local time
that the clocks skip is held as much later as they skip; of one that they repeat the first is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, FR, MO, MONTHLY, TH, TU, WE, WEEKLY, rrule
from dateutil.tz import datetime_exists, resolve_imaginary
from django.utils import dateformat
from django.utils.translation import gettext as _

from streamhub.errors import Invalid

MOST = 60  # shows of one series
REPEATS = {
    "daily": "every day",
    "weekdays": "Monday to Friday",
    "weekly": "every week",
    "fortnightly": "every two weeks",
    "monthly": "every month, on the same day",
}


@dataclass(frozen=True)
class Slot:
    """One time: as the clock in the zone shows it, and in UTC. `moved`: the clocks skip the time itself."""

    local: datetime
    starts_at: datetime
    moved: bool = False

    @property
    def on_the_clock(self) -> str:
        """As the zone's clock shows it, such as "Sun 2027-03-28 19:30 CEST"."""
        return dateformat.format(self.local, "D Y-m-d H:i T")


@cache
def zone_names() -> list[str]:
    """The named zones, without those that are no place, such as "posixrules"."""
    return sorted(name for name in available_timezones() if "/" in name or name == "UTC")


def series_slots(
    first: datetime, zone: str, repeats: str, times: int, also: Sequence[datetime] = ()
) -> list[Slot]:
    """`times` slots from `first` on, and the ones in `also`: naive local times, in order, each once.

    Raises `Invalid`.
    """
    if errors := series_errors(zone, repeats, times, also):
        raise Invalid(errors)
    rules = {
        "daily": lambda: rrule(DAILY, dtstart=first, count=times),
        "weekdays": lambda: rrule(WEEKLY, dtstart=first, count=times, byweekday=(MO, TU, WE, TH, FR)),
        "weekly": lambda: rrule(WEEKLY, dtstart=first, count=times),
        "fortnightly": lambda: rrule(WEEKLY, interval=2, dtstart=first, count=times),
        "monthly": lambda: rrule(MONTHLY, dtstart=first, count=times),
    }
    try:
        locals_ = sorted({*rules[repeats](), *also})
    except (OverflowError, ValueError):
        raise Invalid({"first": _("Give a time nearer to now.")}) from None
    return [_slot(local, ZoneInfo(zone)) for local in locals_]


def series_errors(zone: str, repeats: str, times: int, also: Sequence[datetime]) -> dict[str, str]:
    """What is wrong with the choice of times, by field."""
    errors = {}
    if zone not in available_timezones():
        errors["zone"] = _("There is no time zone %(zone)s. Choose one such as Europe/Berlin.") % {
            "zone": repr(zone[:40])
        }
    if repeats not in REPEATS:
        errors["repeats"] = _("Choose one of %(choices)s.") % {"choices": ", ".join(REPEATS)}
    if not 1 <= times + len(also) <= MOST or times < 1:
        errors["times"] = _("Plan 1 to %(most)s shows at once.") % {"most": MOST}
    return errors


def _slot(local: datetime, zone: ZoneInfo) -> Slot:
    wanted = local.replace(tzinfo=zone, fold=0)
    held = wanted if datetime_exists(wanted) else resolve_imaginary(wanted)
    return Slot(held, held.astimezone(UTC), moved=held != wanted or not datetime_exists(wanted))
