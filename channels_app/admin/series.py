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
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import services
from channels_app.admin.planning_forms import SeriesForm
from channels_app.models import Breakout
from streamhub.access.actors import staff_actor
from streamhub.console.saved_views import list_url
from streamhub.console.warnings import unconfirmed
from streamhub.errors import Invalid, VerbError
from streamhub.row_ids import row_ids

SHARED = ("duration_minutes", "customer", "note")


def page(admin: Any, request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: the times to confirm; POST of these, confirmed: the shows."""
    if not admin.has_add_permission(request):
        raise PermissionDenied(gettext("Your role is not allowed to add a breakout."))
    like = _seen(admin, request, request.GET.get("like", ""))
    initial = {**(_of_show(like) if like else {}), **admin.initial_of(SeriesForm, request)}
    form = SeriesForm(request.POST if request.method == "POST" else None, initial=initial)
    slots: list[services.Slot] = []
    schedule: dict[str, Any] = {}
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            slots = _slots(form.cleaned_data)
            schedule = _schedule(admin, request, form.cleaned_data)
            shown = unconfirmed(request, _sentences(form.cleaned_data, schedule, slots))
            if shown is None:
                return _planned(request, form.cleaned_data, schedule, slots)
        except Invalid as invalid:
            form.show(invalid.errors)
        except VerbError as refusal:
            form.show({"": str(refusal)})
    title = gettext("Plan a series")
    context = admin.page_context(request, title=title, form=form, slots=slots, shown=shown)
    context["by_itself"] = services.said(schedule) if shown and schedule else ""
    context["overlaps"] = _overlaps(form.cleaned_data, slots) if shown else []
    status = 422 if form.is_bound and form.errors else 200
    return TemplateResponse(request, "channels_app/series.html", context, status=status)


def url_like(row: Breakout) -> str:
    """The form for a series of shows like this one. Its id is enough: a note is too long for an address."""
    return f"{reverse('admin:channels_app_breakout_series')}?{urlencode({'like': row.pk})}"


def _seen(admin: Any, request: HttpRequest, text: str) -> Breakout | None:
    """The show with this id, for those who may see it."""
    row = Breakout.objects.filter(pk__in=row_ids([text])).first()
    return row if row is not None and admin.has_view_permission(request, row) else None


def _of_show(row: Breakout) -> dict[str, Any]:
    """What the form for a series of shows like this one holds at first."""
    zone = row.time_zone or "UTC"
    given = {name: value for name in ("name", *SHARED) if (value := getattr(row, name))}
    if row.starts_at is not None:
        given["first"] = f"{row.starts_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"
    return given | {"channel": row.channel_id, "like": row.pk, "zone": zone}


def _schedule(admin: Any, request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    """The choice of the show that this is a series of, as it is now."""
    row = _seen(admin, request, str(data["like"] or ""))
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
        gettext("The show of %(starts_at)s UTC begins before the one before it ends.")
        % {"starts_at": f"{slot.starts_at:%Y-%m-%d %H:%M}"}
        for slot in near
    ]


def _sentences(data: dict[str, Any], schedule: dict[str, Any], slots: list[services.Slot]) -> list[str]:
    """What is confirmed: all that the page shows. Never empty, so that the times are always seen first."""
    what = [f"{data['channel'].pk} {data['name']} {data['duration_minutes']}"]
    what += [services.said(schedule)]
    return [*what, *(slot.starts_at.isoformat() for slot in slots), *_overlaps(data, slots)]


def _planned(
    request: HttpRequest, data: dict[str, Any], schedule: dict[str, Any], slots: list[services.Slot]
) -> HttpResponse:
    actor = staff_actor(request.user)  # type: ignore[arg-type]
    times = [slot.starts_at for slot in slots]
    same = {name: data[name] for name in SHARED} | {"time_zone": data["zone"], "schedule": schedule}
    rows = services.breakouts_plan(data["channel"], data["name"], times, who=actor, **same)
    messages.success(
        request, _("%(name)s: %(rows)s shows are planned.") % {"name": rows[0].name, "rows": len(rows)}
    )
    return HttpResponseRedirect(list_url(type(rows[0]), "planned", channel=data["channel"].pk))
