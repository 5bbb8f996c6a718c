"""Plan a series: the form, then its times in both zones with what overlaps, then the shows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from channels_app import services
from channels_app.admin.planning_forms import SeriesForm
from channels_app.models import Breakout
from streamhub.access.actors import staff_actor
from streamhub.console.pages.verb import add_errors
from streamhub.console.saved_views import list_url
from streamhub.console.warnings import unconfirmed
from streamhub.errors import Invalid, VerbError
from streamhub.row_ids import row_ids

SHARED = ("duration_minutes", "customer", "note")


def page(admin: Any, request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: the times to confirm; POST of these, confirmed: the shows."""
    if not admin.has_add_permission(request):
        raise PermissionDenied("Your role is not allowed to add a breakout.")
    form = SeriesForm(
        request.POST if request.method == "POST" else None, initial=admin.initial_of(SeriesForm, request)
    )
    slots: list[services.Slot] = []
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            slots = _slots(form.cleaned_data)
            shown = unconfirmed(request, _sentences(form.cleaned_data, slots))
            if shown is None:
                return _planned(request, form.cleaned_data, slots)
        except Invalid as invalid:
            names = {"starts_at": "first"}
            add_errors(form, {names.get(name, name): text for name, text in invalid.errors.items()})
        except VerbError as refusal:
            form.add_error(None, str(refusal))
    title = "Plan a series"
    context = admin.page_context(request, title=title, form=form, slots=slots, shown=shown)
    schedule = _schedule(form.cleaned_data) if shown else {}
    context["by_itself"] = services.said(schedule) if schedule else ""
    context["overlaps"] = _overlaps(form.cleaned_data, slots) if shown else []
    status = 422 if form.is_bound and form.errors else 200
    return TemplateResponse(request, "channels_app/series.html", context, status=status)


def url_like(row: Breakout) -> str:
    """The form for a series of shows like this one."""
    zone = row.time_zone or "UTC"
    given = {name: value for name in ("name", *SHARED) if (value := getattr(row, name))}
    if row.starts_at is not None:
        given["first"] = f"{row.starts_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"
    given |= {"channel": row.channel_id, "like": row.pk} | ({"zone": row.time_zone} if row.time_zone else {})
    return f"{reverse('admin:channels_app_breakout_series')}?{urlencode(given)}"


def _schedule(data: dict[str, Any]) -> dict[str, Any]:
    """The choice of the show that this is a series of, as it is now."""
    row = Breakout.objects.filter(pk__in=row_ids([str(data["like"])])).first() if data["like"] else None
    return row.schedule if row else {}


def _slots(data: dict[str, Any]) -> list[services.Slot]:
    return services.series_slots(data["first"], data["zone"], data["repeats"], data["times"], data["also"])


def _overlaps(data: dict[str, Any], slots: list[services.Slot]) -> list[str]:
    sentences = [
        sentence
        for slot in slots
        for sentence in services.plan_warnings(
            data["channel"], data["name"], slot.starts_at, data["duration_minutes"]
        )
    ]
    return list(dict.fromkeys([*sentences, *_among(data, slots)]))


def _among(data: dict[str, Any], slots: list[services.Slot]) -> list[str]:
    """Shows of the series that overlap with each other."""
    minutes = data["duration_minutes"] or 0
    pairs = pairwise(slots)
    near = [b for a, b in pairs if (b.starts_at - a.starts_at).total_seconds() < minutes * 60]
    return [
        f"The show of {slot.starts_at:%Y-%m-%d %H:%M} UTC begins before the one before it ends."
        for slot in near
    ]


def _sentences(data: dict[str, Any], slots: list[services.Slot]) -> list[str]:
    """What is confirmed: all that the page shows. Never empty, so that the times are always seen first."""
    what = [f"{data['channel'].pk} {data['name']} {data['duration_minutes']}"]
    what += [services.said(_schedule(data))]
    return [*what, *(slot.starts_at.isoformat() for slot in slots), *_overlaps(data, slots)]


def _planned(request: HttpRequest, data: dict[str, Any], slots: list[services.Slot]) -> HttpResponse:
    actor = staff_actor(request.user)  # type: ignore[arg-type]
    times = [slot.starts_at for slot in slots]
    same = {name: data[name] for name in SHARED} | {"time_zone": data["zone"], "schedule": _schedule(data)}
    rows = services.breakouts_plan(data["channel"], data["name"], times, who=actor, **same)
    messages.success(request, f"{rows[0].name}: {len(rows)} shows are planned.")
    return HttpResponseRedirect(list_url(type(rows[0]), "planned", channel=data["channel"].pk))
