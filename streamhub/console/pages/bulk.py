"""One verb on many objects: a confirmation page, then the result for each object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.clock import database_now
from streamhub.console.forms import ConsoleForm
from streamhub.console.pages.verb import allowed_verb, wrongly_typed
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
        form = verb.form() if verb.form and verb.asks_many else None
        return _confirmation(admin, request, verb, list(queryset[:MAX_OBJECTS]), form)

    return confirm


def _confirmation(
    admin: ResourceBase,
    request: HttpRequest,
    verb: Verb,
    rows: list[Any],
    form: ConsoleForm | None,
    typed: str | None = None,
) -> HttpResponse:
    items, together = _items(admin, verb, rows)
    possible = [item for item in items if item.reason is None]
    common = _take_common(possible)
    to_type = verb.to_type_for(len(possible))
    typed_error = "" if typed is None else wrongly_typed(to_type, typed)
    context = admin.page_context(
        request,
        title=f"{verb.label}: {len(items)} {_noun(admin, len(items))}",
        verb=verb,
        items=items,
        possible=len(possible),
        consequences=common,
        together=together,
        form=form,
        to_type=to_type,
        typed=typed,
        typed_error=typed_error,
        checkbox_name=ACTION_CHECKBOX_NAME,
        action_url=admin.url("bulk", verb.name),
    )
    status = 422 if typed_error or (form is not None and form.errors) else 200
    return TemplateResponse(request, "console/confirm_many.html", context, status=status)


@dataclass
class Item:
    """One of the chosen objects: how it is now, why the verb leaves it as it is, or what the verb does to it.

    `own`: the consequences that the verb's own confirmation page shows, without what all objects share.
    """

    row: Any
    cell: Any
    now: str
    reason: str | None
    own: list[str]


def _items(admin: ResourceBase, verb: Verb, rows: list[Any]) -> tuple[list[Item], Sequence[str]]:
    """The chosen objects, and what follows for those together that the verb changes."""
    time, items = database_now(), []
    reasons = [verb.refusal(row, admin.situation(row)) for row in rows]
    # Before their own consequences: it may read once for all of them what these say.
    together = verb.together([row for row, reason in zip(rows, reasons, strict=True) if reason is None])
    for row, reason in zip(rows, reasons, strict=True):
        own = [] if reason else list(verb.consequences(row))
        items.append(Item(row, admin.state_cell(row), verb.now(row, time), reason, own))
    return items, together


def _take_common(items: list[Item]) -> list[str]:
    """The consequences that all of them share; they are taken off the items."""
    common = [text for text in (items[0].own if items else ()) if all(text in item.own for item in items)]
    for item in items:
        item.own = [text for text in item.own if text not in common]
    return common


def _noun(admin: ResourceBase, count: int) -> str:
    return str(admin.opts.verbose_name if count == 1 else admin.opts.verbose_name_plural)


def perform_all(admin: ResourceBase, request: HttpRequest, name: str) -> HttpResponse:
    """POST: run the verb on each object in its own transaction and keep each outcome in the session."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not admin.has_view_permission(request):
        raise PermissionDenied
    verb = allowed_verb(admin, request, name)
    if not verb.bulk:
        raise Http404(
            gettext("%(label)s is not possible for several objects at once.") % {"label": verb.label}
        )
    if verb.irreversible and (asked := ask_again(request, admin.url("changelist"))):
        return asked
    ids = row_ids(request.POST.getlist(ACTION_CHECKBOX_NAME))[:MAX_OBJECTS]
    typed = request.POST.get("typed", "")
    rows = admin.get_queryset(request).in_bulk(ids)
    form = verb.form(request.POST) if verb.form and verb.asks_many else None
    wrong = form is not None and not form.is_valid()
    if wrong or wrongly_typed(verb.to_type_for(len(ids)), typed):
        chosen = [rows[pk] for pk in ids if pk in rows]
        return _confirmation(admin, request, verb, chosen, form, typed)
    data = form.cleaned_data if form is not None else {}
    outcomes = []
    for pk in ids:
        if pk in rows:
            outcome = perform(verb, rows[pk], request.user, data=data, alone=False)  # type: ignore[arg-type]
            said = {"label": outcome.label, "ok": outcome.ok, "sentence": outcome.sentence}
            outcomes.append({**said, "url": admin.url("change", pk)})
        else:
            label = f"{admin.opts.verbose_name} {pk}"
            outcomes.append(
                {"label": label, "ok": False, "sentence": gettext("It no longer exists."), "url": ""}
            )
    request.session[SESSION_KEY] = {
        "verb": str(verb.label),
        "kind": admin.opts.label_lower,
        "outcomes": outcomes,
    }
    return HttpResponseRedirect(admin.url("results"))


def results(admin: ResourceBase, request: HttpRequest) -> HttpResponse:
    """The outcomes of this session's last bulk action. Reloading the page changes nothing."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    stored = request.session.get(SESSION_KEY)
    if not stored or stored["kind"] != admin.opts.label_lower:
        messages.info(request, _("There are no results to show."))
        return HttpResponseRedirect(admin.url("changelist"))
    done = sum(item["ok"] for item in stored["outcomes"])
    refused = len(stored["outcomes"]) - done
    title = gettext("%(verb)s: %(done)s done, %(refused)s refused") % {
        "verb": stored["verb"],
        "done": done,
        "refused": refused,
    }
    context = admin.page_context(request, title=title, results=stored, done=done, refused=refused)
    return TemplateResponse(request, "console/results.html", context)
