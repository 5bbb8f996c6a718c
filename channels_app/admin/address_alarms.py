"""The alarm of a show whose viewers need a new address: its distribution was replaced while they watched."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import State
from streamhub.alerts.rules import AlarmSource, Condition, Severity

HINT = _("Press Playback link, hand out the new address, and acknowledge this.")


def _conditions(breakouts: QuerySet[Breakout]) -> list[Condition]:
    """One for each open show that another distribution served before, without an alias. One query."""
    now_by = OuterRef("channel__distribution__aws_distribution_id")
    lost = Attachment.objects.filter(breakout=OuterRef("pk"), ended_at__isnull=False)
    moved_at = lost.exclude(aws_distribution_id=now_by).order_by("-ended_at").values("ended_at")[:1]
    shown = breakouts.filter(
        state=State.RUNNING, curtain_raised=True, channel__distribution__alias_serves=False
    )
    moved = shown.annotate(moved_at=Subquery(moved_at)).filter(moved_at__isnull=False)
    return [
        Condition(
            rule="address_changed",
            severity=Severity.CRITICAL,
            kind=Breakout.KIND,
            object_id=str(row.pk),
            name=row.name,
            url=reverse("admin:channels_app_breakout_control", args=[row.pk]),
            sentence=gettext("Viewers of %(name)s need a new address: its distribution was replaced.")
            % {"name": row.name},
            since=row.moved_at,
            hint=str(HINT),
        )
        for row in moved
    ]


def current() -> list[Condition]:
    return _conditions(Breakout.objects.all())


def _of_breakout(row: Breakout) -> list[Condition]:
    return _conditions(Breakout.objects.filter(pk=row.pk)) if row.state == State.RUNNING else []


ALARMS = AlarmSource("channels_app.view_breakout", current, of_row={Breakout: _of_breakout})
