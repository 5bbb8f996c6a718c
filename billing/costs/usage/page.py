"""The page *Usage*: what each service was used for in a month, what is not known, and what AWS says."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.costs.lines import LEAVES_OUT
from billing.costs.usage.priced import services_used, unknown_reasons
from billing.pricing.services import price_book
from billing.usage_rows import EncoderCheck
from channels_app.models import Channel
from streamhub.clock import database_now
from streamhub.console.facts import Panel
from streamhub.console.navigation import Entry
from streamhub.console.registry import PageParts

PAGE = "usage"
VIEW = "billing.view_monthcost"
MOST_CHECKS = 50
YEARS_AFTER = 2000


def page(request: HttpRequest) -> HttpResponse:
    """GET only. `?month=2026-11`; without, or with what is no month: the present one."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(_("Your role may not see usage."))
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    start, end = month_of(request.GET.get("month", ""), database_now())
    services = services_used(start, end, price_book())
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    context = {
        **admin.site.each_context(request),
        "title": _("Usage"),
        "month": start,
        "before": _shifted(start, -1),
        "after": end if end <= database_now() else None,
        "services": services,
        "amount": sum(service.cost.exact for service in services),
        "reasons": unknown_reasons(start, end),
        "checks": EncoderCheck.objects.filter(hour__gte=start, hour__lt=end, differs=True).order_by("-hour")[
            :MOST_CHECKS
        ],
        "leaves_out": LEAVES_OUT,
    }
    return TemplateResponse(request, "billing/service_usage.html", context)


def month_of(text: str, now: datetime) -> tuple[datetime, datetime]:
    """The first moments of a month such as "2026-11" and of the next one; of the present one otherwise.

    A month from 2001 until the present one, as on the other pages of a month.
    """
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    try:
        asked = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        asked = start
    if asked.year > YEARS_AFTER and asked <= now:
        start = asked
    return start, _shifted(start, 1)


def _shifted(start: datetime, months: int) -> datetime:
    months += start.year * 12 + start.month - 1
    return start.replace(year=max(1, months // 12), month=months % 12 + 1)


def _of_channel(request: HttpRequest, row: Channel) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    start, end = month_of("", database_now())
    services = services_used(start, end, price_book(), row)
    if not services:
        return None
    context = {"services": services, "leaves_out": LEAVES_OUT}
    return Panel(_("Used this month"), "billing/by_service_panel.html", context, "monitoring", order=61)


PAGE_PARTS = (PageParts(Channel, panels=(_of_channel,)),)
NAVIGATION = (
    Entry(
        312,
        gettext_lazy("Billing"),
        gettext_lazy("Usage"),
        "monitoring",
        url_name=f"admin:{PAGE}",
        permission=VIEW,
    ),
)
URLS = (path("billing/usage/", admin.site.admin_view(page), name=PAGE),)
