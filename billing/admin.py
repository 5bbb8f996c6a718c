"""Billing in the admin: the ledger, today's bytes, and a breakout's bytes per minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, Sum
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import conservation_page
from billing.bills import pages as bills_pages
from billing.bills import upload_page
from billing.breakout_usage import PeriodUsage, breakout_usage, data_points
from billing.costs import page as costs_page
from billing.costs.now import PUBLISHED_AFTER
from billing.costs.usage import page as usage_page
from billing.models import LedgerMinute
from billing.pricing import pages as pricing_pages
from billing.statements import admin as statements_admin
from billing.statements import pages as statements_pages
from billing.usage_window import MINUTE, floor_to
from channels_app.models import Breakout
from channels_app.models.breakout import State
from streamhub.access.roles import VIEWER
from streamhub.clock import database_now
from streamhub.console import bar_chart, sizes
from streamhub.console.badges import Tone
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.facts import Panel
from streamhub.console.navigation import Entry
from streamhub.console.registry import PageParts
from streamhub.console.roles import Grant
from streamhub.console.saved_views import SavedView, filter_of, list_url
from streamhub.console.templatetags.console import aws_id, size, when
from streamhub.console.tiles import DashboardChart, Figure, Tile

VIEW = "billing.view_ledgerminute"
MOST_ROWS = 120


def _midnight() -> datetime:
    """The start of today, UTC."""
    return datetime.combine(database_now().astimezone(UTC).date(), time(), tzinfo=UTC)


@admin.register(LedgerMinute)
class LedgerMinuteAdmin(BigReadOnlyAdmin):
    """What each distribution delivered in each minute, as last read from CloudWatch."""

    purpose = _(
        "The bytes that CloudFront delivered, minute by minute. It publishes the first some minutes after"
        " the first viewer."
    )
    list_display = ("at", "distribution", "delivered", "requests_shown", "period", "changed")
    # The exact id uses the index; the ledger has a row for each distribution and minute.
    search_fields = ("aws_distribution_id__exact",)
    search_help_text = _("The full distribution id")
    list_filter = (
        filter_of([SavedView("today", _("Today (UTC)"), "today", lambda: Q(minute__gte=_midnight()))]),
    )
    ordering = ("-minute", "-id")

    @display(description=_("minute"))
    def at(self, row: LedgerMinute) -> str:
        return when(row.minute)

    @display(description=_("distribution"))
    def distribution(self, row: LedgerMinute) -> str:
        return aws_id("cloudfront", "distributions", row.aws_distribution_id)

    @display(description=_("requests"))
    def requests_shown(self, row: LedgerMinute) -> str:
        return f"{row.requests:,}"

    @display(description=_("delivered"))
    def delivered(self, row: LedgerMinute) -> str:
        return size(row.bytes_downloaded)

    @display(description=_("period"))
    def period(self, row: LedgerMinute) -> str:
        return (
            gettext("%(period_seconds)s s, approximate") % {"period_seconds": row.period_seconds}
            if row.approximate
            else f"{row.period_seconds} s"
        )

    @display(description=_("last changed"))
    def changed(self, row: LedgerMinute) -> str:
        return when(row.changed_at)


def _today() -> Figure:
    rows = LedgerMinute.objects.filter(minute__gte=_midnight())
    total = rows.aggregate(total=Sum("bytes_downloaded"))["total"]
    if total is None:
        return Figure(gettext("none yet"), gettext("CloudFront publishes with some minutes' delay"))
    detail = gettext("since 00:00 UTC, published so far")
    return Figure(sizes.human_bytes(total), detail, Tone.CALM, sizes.exact_bytes(total))


def _bars(periods: list[PeriodUsage]) -> list[bar_chart.Value]:
    """One bar per period: what all distributions of the breakout delivered in it."""
    bars: dict[datetime, bar_chart.Value] = {}
    for period in periods:
        bar = bars.get(period.minute, bar_chart.Value(period.minute, 0))
        bars[period.minute] = bar_chart.Value(
            period.minute,
            bar.amount + period.bytes_downloaded,
            bar.hollow or period.provisional,
            max(bar.seconds, period.period_seconds),
        )
    return list(bars.values())


def _usage_panel(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.state in (State.IDLE, State.CANCELLED) or not request.user.has_perm(VIEW):
        return None
    report = breakout_usage(row)
    context = {
        "report": report,
        "data": data_points(report.data),
        "chart": bar_chart.chart(_bars(report.minutes)),
        "minutes": report.minutes[-MOST_ROWS:],
        "left_out": max(0, len(report.minutes) - MOST_ROWS),
    }
    return Panel(gettext("Bytes per minute"), "billing/usage.html", context, "bar_chart", order=20)


def _last_hour() -> bar_chart.Chart | None:
    """What all distributions together delivered in each minute of the last hour."""
    since = floor_to(database_now()) - timedelta(hours=1)
    rows = LedgerMinute.objects.filter(minute__gte=since, period_seconds=MINUTE)
    sums = rows.values_list("minute").annotate(Sum("bytes_downloaded")).order_by("minute")
    # The newest minutes are still being published.
    open_from = floor_to(database_now()) - PUBLISHED_AFTER
    return bar_chart.chart([bar_chart.Value(at, total, hollow=at >= open_from) for at, total in sums])


CHARTS = (
    DashboardChart(_("Delivered in the last hour, all shows"), "bar_chart", VIEW, "bytes", _last_hour, 10),
)
TILES = (
    *costs_page.TILES,
    Tile("bytes", _("Today's bytes"), "download", VIEW, _today, lambda: list_url(LedgerMinute, "today"), 70),
)
PAGE_PARTS = (
    PageParts(Breakout, panels=(_usage_panel,)),
    *costs_page.PAGE_PARTS,
    *usage_page.PAGE_PARTS,
    *bills_pages.PAGE_PARTS,
    statements_admin.PARTS,
)
NAVIGATION = (
    Entry(310, _("Billing"), _("Ledger"), "receipt_long", "billing.ledgerminute"),
    *bills_pages.NAVIGATION,
    *conservation_page.NAVIGATION,
    *costs_page.NAVIGATION,
    *usage_page.NAVIGATION,
    *pricing_pages.NAVIGATION,
    *statements_admin.NAVIGATION,
    *statements_pages.NAVIGATION,
)
ADMIN_URLS = (
    *bills_pages.URLS,
    *upload_page.URLS,
    *conservation_page.URLS,
    *costs_page.URLS,
    *usage_page.URLS,
    *pricing_pages.URLS,
    *statements_pages.URLS,
)
ROLES = (
    Grant(VIEWER, (VIEW,)),
    *bills_pages.ROLES,
    *costs_page.ROLES,
    *pricing_pages.ROLES,
    *statements_admin.ROLES,
)
