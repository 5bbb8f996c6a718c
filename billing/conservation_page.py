"""The page *Conservation*: for each distribution and day, where its bytes are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.attribution import Amount, Why
from billing.conservation import Balance, balances, days_before, distributions_of
from billing.daily_rereads import DAY
from billing.publication_delay import histogram, quiet_time
from streamhub.clock import database_now
from streamhub.console.navigation import Entry

PAGE = "conservation"
VIEW = "billing.view_ledgerminute"
ROWS = 50
DAYS = 14


def page(request: HttpRequest) -> HttpResponse:
    """GET only. `?day=2026-11-22`: all distributions of a day; with `&distribution=`: its days until then."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(gettext("Your role may not see the ledger."))
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    now = database_now()
    day = _day(request.GET.get("day", ""), now)
    distribution = request.GET.get("distribution", "")[:32]
    after = ""
    if distribution:
        rows = balances([distribution], days_before(day, DAYS), now)
    else:
        ids = distributions_of(day, start_at=request.GET.get("from", "")[:32], most=ROWS + 1)
        after = ids[ROWS] if len(ids) > ROWS else ""
        rows = balances(ids[:ROWS], [day], now)
    step = DAYS * DAY if distribution else DAY
    context = _context(
        request,
        title="Conservation",
        day=day,
        distribution=distribution,
        rows=[_row(balance) for balance in rows],
        earlier=_url(day - step, distribution),
        later=_url(day + step, distribution) if day < now.date() else "",
        more=_url(day, start_at=after) if after else "",
        quiet_minutes=round(quiet_time(now).total_seconds() / 60),
        delays=_delays(now),
    )
    return TemplateResponse(request, "billing/conservation.html", context)


def _day(text: str, now: datetime) -> date:
    """The day that was asked for; today if it is none."""
    try:
        return min(date.fromisoformat(text), now.date())
    except ValueError:
        return now.date()


def _url(day: date, distribution: str = "", start_at: str = "") -> str:
    query = {"day": day.isoformat(), "distribution": distribution, "from": start_at}
    return f"{reverse(f'admin:{PAGE}')}?{urlencode({key: value for key, value in query.items() if value})}"


def _row(balance: Balance) -> dict[str, Any]:
    unattributed = sum(balance.unattributed.values(), Amount())
    return {
        "balance": balance,
        "unattributed": unattributed,
        "reasons": [
            (why.value, balance.unattributed[why].bytes_downloaded)
            for why in Why
            if balance.unattributed[why].bytes_downloaded
        ],
        "of_distribution": _url(balance.day, balance.aws_distribution_id),
        "of_day": _url(balance.day),
    }


def _delays(now: datetime) -> dict[str, Any] | None:
    """How late CloudFront published lately, in minutes; None if it was not measured."""
    measured = histogram(now)
    half, most = measured.percentile(0.5), measured.percentile(0.99)
    if half is None or most is None:
        return None
    return {"half": half / 60, "most": most / 60, "datapoints": sum(measured.counts.values())}


def _context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return {**admin.site.each_context(request), **more}


URLS = (path("billing/conservation/", admin.site.admin_view(page), name=PAGE),)
NAVIGATION = (
    Entry(311, _("Billing"), _("Conservation"), "balance", url_name=f"admin:{PAGE}", permission=VIEW),
)
