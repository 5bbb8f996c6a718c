"""The page *Costs*, its tile, and what the pages of channels and breakouts say of money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.costs.breakouts import costs_of
from billing.costs.lines import Cost
from billing.costs.month import month_of
from billing.costs.now import LEAVES_OUT, channel_cost, costs_now
from billing.models import MonthCost
from billing.pricing.services import price_book
from channels_app.models import Breakout, Channel
from streamhub.access.roles import VIEWER
from streamhub.clock import database_now
from streamhub.console.badges import Tone
from streamhub.console.facts import Fact, Panel
from streamhub.console.navigation import Entry
from streamhub.console.registry import PageParts
from streamhub.console.roles import Grant
from streamhub.console.tiles import Figure, Tile

PAGE = "costs"
VIEW = "billing.view_monthcost"


def page(request: HttpRequest) -> HttpResponse:
    """GET only: what costs money now, and the month so far."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(gettext("Your role may not see costs."))
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    found = costs_now()
    month = MonthCost.objects.filter(month=month_of(found.at)).first()
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    context = {
        **admin.site.each_context(request),
        "title": "Costs",
        "costs": found,
        "storage": found.storage.hourly,
        "unverified": found.whole.unverified,
        "month": month,
        "budget": settings.MONTHLY_BUDGET,
        "used": _percent(month.amount, settings.MONTHLY_BUDGET) if month else None,
    }
    return TemplateResponse(request, "billing/costs.html", context)


def _percent(amount: Decimal, budget: int | None) -> int | None:
    return int(amount * 100 / budget) if budget else None


def _per_hour() -> Figure:
    found = costs_now()
    if not found.channels and not found.storage.lines:
        return Figure(gettext("nothing"), gettext("no channel that AWS bills"))
    running = [row for row in found.channels if row.running]
    idle = found.idle_per_hour
    detail = gettext("estimate; running: %(running)s, idle: %(channels)s (%(idle)s an hour)") % {
        "running": len(running),
        "channels": len(found.channels) - len(running),
        "idle": f"{idle:.2f}",
    }
    exact = gettext("%(per_hour)s %(currency)s an hour") % {
        "per_hour": found.per_hour,
        "currency": found.currency,
    }
    if found.whole.unknown:
        return Figure(
            gettext("not known"),
            gettext("the price book has no rate for it: run manage.py bootstrap"),
            Tone.WARN,
        )
    if found.whole.missing:
        return Figure(
            _usd(found.per_hour),
            gettext("%(detail)s; some rates are missing") % {"detail": detail},
            Tone.WARN,
            exact,
        )
    return Figure(_usd(found.per_hour), detail, Tone.CALM, exact)


def _usd(amount: Decimal) -> str:
    return f"${amount:,.2f} / h"


def _lines(cost: Cost) -> list[dict[str, Any]]:
    return [
        {
            "what": line.usage.title,
            "quantity": line.shown_quantity,
            "unit": line.usage.unit.words,
            "amount": line.amount,
            "rate": line.rate,
        }
        for line in cost.lines
    ]


def _of_channel(request: HttpRequest, row: Channel) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    found = channel_cost(row, price_book(), database_now(), {})
    if not found.encoder.lines:
        return None
    context = {
        "amount": found.encoder.hourly,
        "an_hour": True,
        "running": found.running,
        "lines": _lines(found.encoder),
        "leaves_out": found.encoder.leaves_out(gettext("delivery to viewers"), *LEAVES_OUT[1:]),
        "unknown": found.encoder.unknown,
        "unverified": found.encoder.unverified,
    }
    return Panel(gettext("What it costs now"), "billing/cost_panel.html", context, "payments", order=60)


def _of_breakout(request: HttpRequest, row: Breakout) -> Panel | None:
    found = costs_of([row]).get(row.pk) if request.user.has_perm(VIEW) else None
    if found is None:
        return None
    context = {
        "amount": found.cost.amount,
        "an_hour": False,
        "open": found.open,
        "per_hour": found.per_hour,
        "lines": _lines(found.cost),
        "leaves_out": found.leaves_out,
        "unknown": found.cost.unknown,
        "unverified": found.cost.unverified,
    }
    return Panel(gettext("What it costs"), "billing/cost_panel.html", context, "payments", order=25)


def _room_figure(request: HttpRequest, row: Breakout) -> Fact | None:
    """What the show has cost so far, for its control room."""
    found = costs_of([row]).get(row.pk) if request.user.has_perm(VIEW) else None
    if found is None:
        return None
    if found.cost.unknown:
        return Fact(
            gettext("cost so far"),
            gettext("not known"),
            hint=gettext("the price book has no rate for any of it"),
        )
    hourly = (
        gettext(", %(per_hour)s %(currency)s an hour")
        % {"per_hour": found.per_hour, "currency": found.currency}
        if found.per_hour is not None
        else ""
    )
    return Fact(
        gettext("cost so far"),
        f"{found.cost.amount} {found.currency}",
        hint=gettext("estimate%(hourly)s") % {"hourly": hourly},
    )


ROOM_FIGURES = (_room_figure,)
TILES = (Tile(PAGE, _("Costs now"), "payments", VIEW, _per_hour, lambda: reverse(f"admin:{PAGE}"), 67),)
PAGE_PARTS = (PageParts(Channel, panels=(_of_channel,)), PageParts(Breakout, panels=(_of_breakout,)))
NAVIGATION = (Entry(309, _("Billing"), _("Costs"), "payments", url_name=f"admin:{PAGE}", permission=VIEW),)
ROLES = (Grant(VIEWER, (VIEW,)),)
URLS = (path("billing/costs/", admin.site.admin_view(page), name=PAGE),)
