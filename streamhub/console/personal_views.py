"""Views that a person saved: a list's filters under a name, as links above the list.

A view is nothing but an address, so whoever gets the address sees the same list. It belongs to one person,
changes nothing that others see, and is not in the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    QueryDict,
)
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.console.models import NAME_MAX, QUERY_MAX, PersonalView
from streamhub.console.paging import ANCHORS
from streamhub.names import characters_error, composed

# A person has so many of one list at most.
MOST = 30
# In the session: the name that was just refused, and why.
REFUSED = "console_refused_view"
# Parameters that are no filter: the page, and what Django adds.
NOT_KEPT = ("p", *ANCHORS, "e", "all", "_changelist_filters", "_popup", "_to_field", "_facets")


@dataclass(frozen=True)
class Shown:
    """A view as a link; `here`: the list has just these filters now."""

    row: PersonalView
    here: bool


def query_of(text: str) -> str:
    """The part of an address that is kept, in a fixed order, so that the same filters are the same text."""
    given = QueryDict(text, mutable=True)
    for name in NOT_KEPT:
        given.pop(name, None)
    kept = sorted((name, value) for name, values in given.lists() for value in values if value)
    found = QueryDict(mutable=True)
    for name, value in kept:
        found.appendlist(name, value)
    return found.urlencode()


def shown(request: HttpRequest, model: str) -> dict[str, Any]:
    """Context of the links above a list: the person's views, and what can be saved now. One query."""
    query = query_of(request.GET.urlencode())
    rows = PersonalView.objects.filter(user=request.user.pk, model=model).order_by("name")
    own = [Shown(row, row.query == query) for row in rows]
    may_save = bool(query) and not any(view.here for view in own)
    refused = request.session.pop(REFUSED, None) if REFUSED in request.session else None
    return {
        "own": own,
        "query": query,
        "model": model,
        "may_save": may_save,
        "name_max": NAME_MAX,
        "refused": refused if refused and refused["model"] == model else None,
    }


def save(request: HttpRequest) -> HttpResponse:
    """POST `model`, `name`, `query`: keep these filters. The same name again replaces the older view."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    model_admin = _list_of(request, request.POST.get("model", ""))
    query = query_of(request.POST.get("query", ""))
    name = composed(request.POST.get("name", ""))
    url = _url(model_admin, query)
    if refusal := _refusal(request, model_admin, name, query):
        # The list shows it at the field, with what was typed.
        request.session[REFUSED] = {"model": model_admin.opts.label_lower, "name": name, "why": refusal}
        return HttpResponseRedirect(url)
    key = {"user_id": request.user.pk, "model": model_admin.opts.label_lower, "name": name}
    PersonalView.objects.update_or_create(**key, defaults={"query": query})
    messages.success(
        request, _("The view %(name)s is saved. Its address can be shared.") % {"name": repr(name)}
    )
    return HttpResponseRedirect(url)


def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """POST: forget the view. Only its own person can."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    row = PersonalView.objects.filter(pk=view_id, user=request.user.pk).first()
    if row is None:
        raise Http404(gettext("You have no such view."))
    model_admin = _list_of(request, row.model)
    row.delete()
    messages.success(request, _("The view %(name)s is deleted.") % {"name": repr(row.name)})
    return HttpResponseRedirect(_url(model_admin, ""))


def _refusal(request: HttpRequest, model_admin: Any, name: str, query: str) -> str | None:
    if not name or len(name) > NAME_MAX:
        return gettext("Give it a name of 1 to %(name_max)s characters.") % {"name_max": NAME_MAX}
    if wrong := characters_error(name):
        return wrong
    if not query or len(query) > QUERY_MAX:
        return gettext("Choose filters first.") if not query else gettext("It has too many filters.")
    others = PersonalView.objects.filter(user=request.user.pk, model=model_admin.opts.label_lower)
    if others.exclude(name=name).count() >= MOST:
        return gettext("You have %(most)s views of this list. Delete one first.") % {"most": MOST}
    return None


def _list_of(request: HttpRequest, label: str) -> Any:
    for model, model_admin in admin.site._registry.items():
        if model._meta.label_lower == label:
            if not model_admin.has_view_permission(request):
                raise PermissionDenied(gettext("Your role may not see this list."))
            return model_admin
    raise Http404(gettext("There is no such list."))


def _url(model_admin: Any, query: str) -> str:
    opts = model_admin.opts
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{url}?{query}" if query else url


def urls() -> list[Any]:
    view = admin.site.admin_view
    return [
        path("views/save/", view(save), name="personal_view_save"),
        path("views/<int:view_id>/delete/", view(delete), name="personal_view_delete"),
    ]
