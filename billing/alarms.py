"""The alarms of billing: on air without a datapoint, and longer periods that say less than their minutes."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, F, Max, Min, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.costs.budget import BUDGET
from billing.models import LedgerShortfall
from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR
from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now
from streamhub.console.sizes import human_bytes

SUSPECT, SHORTFALL = "usage_suspect", "ledger_shortfall"
SHOWN = timedelta(days=30)


def _suspect(row: Breakout) -> Condition:
    on_air = row.state in ON_AIR
    return Condition(
        rule=SUSPECT,
        severity=Severity.CRITICAL,
        kind=Breakout.KIND,
        object_id=str(row.pk),
        name=row.name,
        url=reverse("admin:channels_app_breakout_change", args=[row.pk]),
        sentence=(
            (
                _("%(name)s is on air, and CloudFront has not reported a single datapoint.")
                if on_air
                else _("%(name)s was on air, and CloudFront has not reported a single datapoint.")
            )
            % {"name": row.name}
        ),
        since=row.session_started_at or row.state_since,
        hint=(
            _("Play its URL, and look at the distribution and at the encoder.")
            if on_air
            else _("If nobody watched, it becomes final with zero after four days.")
        ),
    )


def _all() -> list[Condition]:
    suspects = Breakout.objects.filter(usage_suspect=True).order_by("pk")
    return [*(_suspect(row) for row in suspects), *_shortfalls()]


def _shortfalls() -> list[Condition]:
    """One condition for each distribution of which CloudWatch lately reported less than it did before."""
    rows = LedgerShortfall.objects.filter(seen_at__gte=database_now() - SHOWN)
    by_distribution = rows.values("aws_distribution_id").annotate(
        periods=Count("pk"),
        since=Min("seen_at"),
        last=Max("start"),
        lacks=Sum(F("known_bytes") - F("reported_bytes")),
    )
    return [
        Condition(
            rule=SHORTFALL,
            severity=Severity.WARNING,
            kind="ledger",
            object_id=each["aws_distribution_id"],
            name=each["aws_distribution_id"],
            url=(
                f"{reverse('admin:conservation')}?distribution={each['aws_distribution_id']}"
                f"&day={each['last']:%Y-%m-%d}"
            ),
            sentence=(
                _(
                    "CloudWatch reports %(lacks)s less for %(periods)s longer"
                    " periods of %(aws_distribution_id)s than for their minutes."
                )
                % {
                    "lacks": human_bytes(int(each["lacks"])),
                    "periods": each["periods"],
                    "aws_distribution_id": each["aws_distribution_id"],
                }
            ),
            since=each["since"],
            hint=_("The minutes stay as they were read. Compare the day with CloudFront's own reports."),
        )
        for each in by_distribution.order_by("aws_distribution_id")
    ]


def _of_breakout(row: Breakout) -> list[Condition]:
    return [_suspect(row)] if row.usage_suspect else []


ALARMS = (AlarmSource("channels_app.view_breakout", _all, of_row={Breakout: _of_breakout}), BUDGET)
