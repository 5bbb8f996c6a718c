"""The alarms about recordings: a bucket that cannot be read, and a breakout that has no file."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_app.models import Breakout
from channels_app.services import RECORDINGS_MISSING
from recordings.models import BucketListing
from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now

# Nothing ends what is missing: it is looked for no more. The breakout shows its error for good.
MISSING_SHOWN = timedelta(days=30)


def current() -> list[Condition]:
    """One for each breakout whose recordings cannot be read, or lately turned out not to exist. One query."""
    return _conditions()


def _of_breakout(row: Breakout) -> list[Condition]:
    return _conditions(breakout=row)


def _conditions(**only: object) -> list[Condition]:
    over = Q(error_code=RECORDINGS_MISSING, wrong_since__lt=database_now() - MISSING_SHOWN)
    wrong = BucketListing.objects.filter(wrong_since__isnull=False, **only).exclude(over)
    return [_condition(listing) for listing in wrong.select_related("breakout").order_by("wrong_since")]


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
