"""The pages *Billing* (a month by day), *Customers*, and the page of one customer."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import dateformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.costs.lines import LEAVES_OUT
from billing.costs.usage.priced import services_used
from billing.ledger import counts_after
from billing.monthly_usage import month_bounds
from billing.pricing.delivery import cents
from billing.pricing.services import price_book
from billing.statement_rows import Statement, StatementState
from billing.statements.by_day import LESS, NOBODY, OUTSIDE, Cells, Figures, days_of, figures_by_day
from billing.statements.customers import customer_known, customers_known
from channels_app.models import Breakout
from streamhub.clock import database_now
from streamhub.console.navigation import Entry
from streamhub.console.stacked_chart import DayValue, stacked

VIEW = "billing.view_statement"
ROWS = 50


def dashboard(request: HttpRequest) -> HttpResponse:
    """GET only. `?month=2026-11&by=channel`: bytes and cost of a month by day."""
    if refused := _refused(request):
        return refused
    now = database_now()
    month, by = _month(request, now), _by(request)
    start, end = month_bounds(month)
    cells = figures_by_day(start, end, now, by=by)
    context = {
        **_charts(cells, start, end),
        **_months_around(month, now, by=by),
        "title": gettext("Billing: %(start)s") % {"start": dateformat.format(start, "F Y")},
        "by": by,
        "other": _url("billing", month=month, by="channel" if by == "customer" else "customer"),
        "series": _sums(cells, linked=by == "customer", month=month),
        "services": services_used(start, end, price_book()),
        "leaves_out": LEAVES_OUT,
    }
    return TemplateResponse(request, "billing/dashboard.html", _context(request, context))


def customers(request: HttpRequest) -> HttpResponse:
    """GET only. Every customer with the month's bytes and cost; `?month=`, the last one if it is not said."""
    if refused := _refused(request):
        return refused
    now = database_now()
    month = _month(request, now, back=1)
    start, end = month_bounds(month)
    cells = figures_by_day(start, end, now, by="customer")
    sums = {row["name"]: row for row in _sums(cells, linked=True, month=month)}
    for name in customers_known():
        sums.setdefault(name, _row(name, Figures(), False, month))
    statements = _statements(start)
    context = {
        **_months_around(month, now),
        "title": gettext("Customers: %(start)s") % {"start": dateformat.format(start, "F Y")},
        "rows": [{**row, "statement": statements.get(row["customer"])} for row in sums.values()],
    }
    return TemplateResponse(request, "billing/customers.html", _context(request, context))


def customer(request: HttpRequest) -> HttpResponse:
    """GET only. `?name=acme&month=2026-11`: one customer's month. Raises Http404 for nobody's name."""
    if refused := _refused(request):
        return refused
    if "name" not in request.GET:
        return HttpResponseRedirect(reverse("admin:customers"))
    name = request.GET.get("name", "")[:256]
    if name and not customer_known(name):
        raise Http404(gettext("No breakout has this customer."))
    now = database_now()
    month = _month(request, now, back=1)
    start, end = month_bounds(month)
    cells = figures_by_day(start, end, now, by="channel", customer=name)
    rows = Breakout.objects.filter(
        counts_after(start, "attachments__"), attachments__started_at__lt=end, customer=name
    )
    context = {
        **_charts(cells, start, end),
        **_months_around(month, now, name=name),
        "title": gettext("Customer %(name)s: %(start)s")
        % {"name": name, "start": dateformat.format(start, "F Y")}
        if name
        else gettext("No customer: %(start)s") % {"start": dateformat.format(start, "F Y")},
        "customer": name,
        "series": _sums(cells, linked=False, month=month),
        "breakouts": rows.distinct().order_by("-pk")[:ROWS],
        "statements": Statement.objects.filter(customer=name).order_by("-pk")[:ROWS],
        "month": month,
    }
    return TemplateResponse(request, "billing/customer.html", _context(request, context))


def _charts(cells: Cells, start: datetime, end: datetime) -> dict[str, Any]:
    """The charts of bytes and of cost, their sums, and the table of days."""
    days = days_of(start, end)
    figures = [
        DayValue(cell.day, cell.series, found.bytes_downloaded, cell.provisional)
        for cell, found in cells.items()
    ]
    money = [
        DayValue(cell.day, cell.series, float(found.amount), cell.provisional)
        for cell, found in cells.items()
    ]
    # A series has one colour in both charts: that of its place by cost, as in the table.
    order = [row["name"] for row in _sums(cells, linked=False, month="")]
    by_day: defaultdict[Any, Figures] = defaultdict(Figures)
    open_days = {cell.day for cell in cells if cell.provisional}
    for cell, found in cells.items():
        by_day[cell.day].add(found.bytes_downloaded, found.requests)
        by_day[cell.day].amount += found.amount
    table = [
        {"day": day, "figures": by_day[day], "amount": cents(by_day[day].amount), "open": day in open_days}
        for day in sorted(by_day)
    ]
    return {
        "bytes_chart": stacked(figures, days, order=order),
        "cost_chart": stacked(money, days, least=0.01, order=order),
        "days": table,
        "bytes_total": sum(found.bytes_downloaded for found in cells.values()),
        "cost_total": cents(sum((found.amount for found in cells.values()), Decimal(0))),
        "provisional": bool(open_days),
    }


def _sums(cells: Cells, *, linked: bool, month: str) -> list[dict[str, Any]]:
    """The month by series, the dearest first."""
    sums: defaultdict[str, Figures] = defaultdict(Figures)
    for cell, found in cells.items():
        sums[cell.series].add(found.bytes_downloaded, found.requests)
        sums[cell.series].amount += found.amount
    still_open = {cell.series for cell in cells if cell.provisional}
    order = sorted(sums, key=lambda name: (-sums[name].amount, name))
    return [_row(name, sums[name], name in still_open, month if linked else "") for name in order]


def _row(name: str, figures: Figures, still_open: bool, month: str) -> dict[str, Any]:
    whose = "" if name == NOBODY else name
    of_nobody = name in (OUTSIDE, LESS)
    url = _url("customer", name=whose, month=month) if month and not of_nobody else ""
    amount = cents(figures.amount)
    return {
        "name": name,
        "customer": None if of_nobody else whose,
        "url": url,
        "figures": figures,
        "amount": amount,
        "open": still_open,
    }


def _statements(start: datetime) -> dict[str | None, Statement]:
    """By customer: the month's last statement that is not void."""
    rows = Statement.objects.filter(period=start.date()).exclude(state=StatementState.VOID)
    return {row.customer: row for row in rows.order_by("pk")}


def _refused(request: HttpRequest) -> HttpResponse | None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(gettext("Your role may not see customers and their costs."))
    safe = request.method in ("GET", "HEAD")
    return None if safe else HttpResponseNotAllowed(["GET", "HEAD"])


def _by(request: HttpRequest) -> str:
    return "channel" if request.GET.get("by") == "channel" else "customer"


def _month(request: HttpRequest, now: datetime, back: int = 0) -> str:
    """The month that was asked for; if it is none, the present one or the one before it."""
    present = now.replace(day=1)
    usual = f"{present - timedelta(days=1) if back else present:%Y-%m}"
    asked = request.GET.get("month", usual)[:7]
    try:
        start, _end = month_bounds(asked)
    except ValueError:
        return usual
    return f"{start:%Y-%m}" if start <= now and start.year > 2000 else usual


def _months_around(month: str, now: datetime, **query: str) -> dict[str, str]:
    start, end = month_bounds(month)
    page = "customer" if "name" in query else "billing" if "by" in query else "customers"
    later = _url(page, month=f"{end:%Y-%m}", **query) if end <= now else ""
    return {"earlier": _url(page, month=f"{start - timedelta(days=1):%Y-%m}", **query), "later": later}


def _url(page: str, **query: str) -> str:
    return f"{reverse(f'admin:{page}')}?{urlencode(query)}"


def _context(request: HttpRequest, more: dict[str, Any]) -> dict[str, Any]:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return {**admin.site.each_context(request), **more}


URLS = (
    path("billing/by-day/", admin.site.admin_view(dashboard), name="billing"),
    path("billing/customers/", admin.site.admin_view(customers), name="customers"),
    path("billing/customer/", admin.site.admin_view(customer), name="customer"),
)
NAVIGATION = (
    Entry(304, _("Billing"), _("By day"), "stacked_bar_chart", url_name="admin:billing", permission=VIEW),
    Entry(305, _("Billing"), _("Customers"), "groups", url_name="admin:customers", permission=VIEW),
)
