"""The alarms about recordings: a bucket that cannot be read, and a breakout that has no file."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from channels_app.models import Breakout
from recordings.models import BucketListing
from streamhub.alerts.rules import AlarmSource, Condition, Severity


def current() -> list[Condition]:
    """One for each breakout whose recordings could not be read or do not exist. One query."""
    return _conditions()


def _of_breakout(row: Breakout) -> list[Condition]:
    return _conditions(breakout=row)


def _conditions(**only: object) -> list[Condition]:
    wrong = BucketListing.objects.filter(wrong_since__isnull=False, **only).select_related("breakout")
    return [_condition(listing) for listing in wrong.order_by("wrong_since")]


def _condition(listing: BucketListing) -> Condition:
    breakout: Breakout = listing.breakout
    return Condition(
        rule=listing.error_code,
        severity=Severity.CRITICAL,
        kind=Breakout.KIND,
        object_id=str(breakout.pk),
        name=breakout.name,
        url=reverse("admin:channels_app_breakout_change", args=[breakout.pk]),
        sentence=_("Recordings of %(name)s: %(error_message)s")
        % {"name": breakout.name, "error_message": listing.error_message},
        since=listing.wrong_since,  # type: ignore[arg-type]  # the query leaves out those without
        hint=listing.error_hint,
    )


ALARMS = AlarmSource("channels_app.view_breakout", current, of_row={Breakout: _of_breakout})
