"""One verb on many objects: a confirmation page, then the result for each object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse

from streamhub.console.pages.verb import allowed_verb
from streamhub.console.resource_base import ResourceBase
from streamhub.console.verbs import Verb, perform
from streamhub.row_ids import row_ids
from streamhub.signin.confirming import ask_again

SESSION_KEY = "console_results"
MAX_OBJECTS = 200

Action = Callable[[ResourceBase, HttpRequest, QuerySet[Any]], HttpResponse]


def confirmation(verb: Verb) -> Action:
    """The list's action: a page that shows what would happen to each chosen object. It changes nothing."""

    def confirm(admin: ResourceBase, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        if verb.irreversible and (asked := ask_again(request, admin.url("changelist"))):
            return asked
        rows = list(queryset[:MAX_OBJECTS])
        items = [(row, admin.state_cell(row), verb.refusal(row, admin.situation(row))) for row in rows]
        context = admin.page_context(
            request,
            title=f"{verb.label}: {len(rows)} {_noun(admin, len(rows))}",
            verb=verb,
            items=items,
            possible=sum(reason is None for _row, _cell, reason in items),
            consequences=verb.consequences(rows[0]) if len(rows) == 1 else (),
            checkbox_name=ACTION_CHECKBOX_NAME,
            action_url=admin.url("bulk", verb.name),
        )
        return TemplateResponse(request, "console/confirm_many.html", context)

    return confirm


def _noun(admin: ResourceBase, count: int) -> str:
    return str(admin.opts.verbose_name if count == 1 else admin.opts.verbose_name_plural)


def perform_all(admin: ResourceBase, request: HttpRequest, name: str) -> HttpResponse:
    """POST: run the verb on each object in its own transaction and keep each outcome in the session."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not admin.has_view_permission(request):
        raise PermissionDenied
    verb = allowed_verb(admin, request, name)
    if verb.irreversible and (asked := ask_again(request, admin.url("changelist"))):
        return asked
    ids = row_ids(request.POST.getlist(ACTION_CHECKBOX_NAME))[:MAX_OBJECTS]
    rows = admin.get_queryset(request).in_bulk(ids)
    outcomes = []
    for pk in ids:
        if pk in rows:
            outcome = asdict(perform(verb, rows[pk], request.user))  # type: ignore[arg-type]
            outcomes.append({**outcome, "url": admin.url("change", pk)})
        else:
            label = f"{admin.opts.verbose_name} {pk}"
            outcomes.append({"label": label, "ok": False, "sentence": "It no longer exists.", "url": ""})
    request.session[SESSION_KEY] = {"verb": verb.label, "kind": admin.opts.label_lower, "outcomes": outcomes}
    return HttpResponseRedirect(admin.url("results"))


def results(admin: ResourceBase, request: HttpRequest) -> HttpResponse:
    """The outcomes of this session's last bulk action. Reloading the page changes nothing."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    stored = request.session.get(SESSION_KEY)
    if not stored or stored["kind"] != admin.opts.label_lower:
        messages.info(request, "There are no results to show.")
        return HttpResponseRedirect(admin.url("changelist"))
    done = sum(item["ok"] for item in stored["outcomes"])
    refused = len(stored["outcomes"]) - done
    title = f"{stored['verb']}: {done} done, {refused} refused"
    context = admin.page_context(request, title=title, results=stored, done=done, refused=refused)
    return TemplateResponse(request, "console/results.html", context)
