"""The page *AWS's bill*, and what the page of a breakout says that AWS billed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import dateformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.bill_rows import BillShare, BillVersion, BreakoutBill, Unexplained, as_decimal
from billing.bills.comparison import (
    TITLES,
    Compared,
    by_channel,
    by_customer,
    by_service,
    on_breakouts,
    reasons,
    unexplained,
)
from billing.costs.lines import CURRENCY
from billing.monthly_usage import month_bounds
from channels_app.models import Breakout
from streamhub.access.roles import ENGINEER
from streamhub.clock import database_now
from streamhub.console.facts import Panel
from streamhub.console.navigation import Entry
from streamhub.console.registry import PageParts
from streamhub.console.roles import Grant

PAGE = "aws_bill"
VIEW = "billing.view_statement"
IMPORT = "billing.import_bill"
ROWS = 50
VERSIONS = 10


def page(request: HttpRequest) -> HttpResponse:
    """GET only. `?month=2026-11&by=channel&why=idle`: a month, by channel, what is idle of it."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(gettext("Your role may not see AWS's bill."))
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    month = _month(request)
    start, end = month_bounds(month)
    version = BillVersion.objects.filter(month=start.date(), current=True).first()
    by = "channel" if request.GET.get("by") == "channel" else "customer"
    why = request.GET.get("why", "")
    why = why if why in Unexplained.values else ""
    context = {
        "title": gettext("AWS's bill: %(start)s") % {"start": dateformat.format(start, "F Y")},
        "version": version,
        "by": by,
        "why": Unexplained(why).label if why else "",
        "other": _url(month, by="channel" if by == "customer" else "customer"),
        "all_reasons": _url(month, by=by),
        "earlier": _url(f"{start - timedelta(days=1):%Y-%m}", by=by),
        "later": _url(f"{end:%Y-%m}", by=by) if end <= database_now() else "",
        "bucket": settings.BILL_BUCKET,
        "may_import": request.user.has_perm(IMPORT),
        **(_figures(version, month, by, why) if version else {}),
    }
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return TemplateResponse(request, "billing/aws_bill.html", {**admin.site.each_context(request), **context})


def _figures(version: BillVersion, month: str, by: str, why: str) -> dict[str, Any]:
    explained = on_breakouts(version)
    rows = list(unexplained(version, why)[: ROWS + 1])
    return {
        "services": by_service(version),
        "series": by_channel(version) if by == "channel" else by_customer(version),
        "explained": explained,
        "left": version.amount - explained,
        "reasons": [(row, _url(month, by=by, why=row.why.value)) for row in reasons(version)],
        "lines": rows[:ROWS],
        "more": len(rows) > ROWS,
        "titles": TITLES,
        "versions": BillVersion.objects.filter(month=version.month).order_by("-pk")[:VERSIONS],
        "comparable": version.currency == CURRENCY,
    }


def _month(request: HttpRequest) -> str:
    """The month that was asked for; if it is none, the newest with a bill, or else the present one."""
    try:
        start, _end = month_bounds(request.GET.get("month", "")[:7])
    except ValueError:
        newest = BillVersion.objects.filter(current=True).order_by("-month").first()
        return f"{newest.month if newest else database_now():%Y-%m}"
    return f"{start:%Y-%m}" if 2000 < start.year < 2200 else f"{database_now():%Y-%m}"


def _url(month: str, **query: str) -> str:
    return f"{reverse(f'admin:{PAGE}')}?{urlencode({'month': month, **query})}"


def _of_breakout(request: HttpRequest, row: Breakout) -> Panel | None:
    """What AWS billed of it in all months, beside the estimate."""
    if not request.user.has_perm(VIEW):
        return None
    bills = list(BreakoutBill.objects.filter(breakout=row, version__current=True).select_related("version"))
    if not bills:
        return None
    estimates = [bill.estimate_picos for bill in bills if bill.estimate_picos is not None]
    currency = bills[0].version.currency
    whole = Compared(
        row.name,
        as_decimal(sum(bill.picos for bill in bills)),
        as_decimal(sum(estimates)) if estimates else None,
        currency == CURRENCY,
        partial=len(estimates) < len(bills),
    )
    shares = BillShare.objects.filter(breakout=row, version__current=True).values_list(
        "service", "usage_type"
    )
    lines = shares.annotate(total=Sum("picos")).order_by("-total", "usage_type")
    context = {
        "whole": whole,
        "currency": currency,
        "lines": [(TITLES.get(name, name), kind, as_decimal(picos)) for name, kind, picos in lines[:ROWS]],
        "months": [(f"{bill.version.month:%Y-%m}", _url(f"{bill.version.month:%Y-%m}")) for bill in bills],
    }
    return Panel(gettext("What AWS billed"), "billing/billed_panel.html", context, "request_quote", order=26)


URLS = (path("billing/aws-bill/", admin.site.admin_view(page), name=PAGE),)
PAGE_PARTS = (PageParts(Breakout, panels=(_of_breakout,)),)
NAVIGATION = (
    Entry(307, _("Billing"), _("AWS's bill"), "request_quote", url_name=f"admin:{PAGE}", permission=VIEW),
)
ROLES = (Grant(ENGINEER, (IMPORT,)),)
