"""One verb on one object: GET shows what would happen, POST runs the verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse

from streamhub.clock import database_now
from streamhub.console import registry
from streamhub.console.object_pages import ObjectPages
from streamhub.console.verbs import Outcome, Verb, perform
from streamhub.console.warnings import unconfirmed
from streamhub.signin.confirming import ask_again


def page(admin: ObjectPages, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
    """The confirmation page (GET) and the verb itself (POST). Other methods get 405."""
    row = admin.found(request, object_id)
    verb = allowed_verb(admin, request, name)
    if row is None:
        return admin.gone(request, object_id)
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if verb.irreversible and (asked := ask_again(request, request.path)):
        return asked
    posted = request.method == "POST"
    data = request.POST if posted else None
    form = verb.form(data, initial=dict(verb.initial(row))) if verb.form else None
    warned = None
    if posted and (form is None or form.is_valid()):
        given = form.cleaned_data if form else {}
        warned = unconfirmed(request, verb.warnings(row, given))
    if posted and warned is None and (form is None or form.is_valid()):
        typed = request.POST.get("typed", "")
        outcome = perform(verb, row, request.user, typed, given)  # type: ignore[arg-type]
        if form is not None and outcome.errors:
            add_errors(form, outcome.errors)
            context = _context(admin, request, row, verb, form)
            return TemplateResponse(request, "console/confirm.html", context, status=422)
        if next_page := admin.after_verb(request, outcome):
            return next_page
        add_message(request, verb, outcome)
        return HttpResponseRedirect(admin.back_url(request, row))
    context = _context(admin, request, row, verb, form) | {"warnings": warned}
    return TemplateResponse(request, "console/confirm.html", context, status=422 if posted else 200)


def add_errors(form: Form, errors: Mapping[str, str]) -> None:
    """Show a service's messages at the fields of the form that have their names, the others above it."""
    for field, message in errors.items():
        form.add_error(field if field in form.fields else None, message)


def allowed_verb(admin: ObjectPages, request: HttpRequest, name: str) -> Verb:
    """The verb with this name. Raises `Http404` or `PermissionDenied`."""
    verb = registry.verbs_of(admin.model).get(name)
    if verb is None:
        raise Http404(f"There is no such action: {name}.")
    if not verb.allowed(request.user):
        raise PermissionDenied(f"Your role does not allow this action: {verb.label}.")
    return verb


def add_message(request: HttpRequest, verb: Verb, outcome: Outcome) -> None:
    """Show the outcome as a message on the next page."""
    if outcome.ok:
        messages.success(request, f"{outcome.label}: {outcome.sentence}")
    else:
        messages.error(request, f"{outcome.label}: {verb.label} was refused. {outcome.sentence}")


def _context(
    admin: ObjectPages, request: HttpRequest, row: Any, verb: Verb, form: Form | None
) -> dict[str, Any]:
    return admin.page_context(
        request,
        row,
        title=f"{verb.label}: {row}",
        verb=verb,
        form=form,
        reason=verb.refusal(row, admin.situation(row)),
        consequences=verb.consequences(row),
        now=verb.now(row, database_now()),
        to_type=verb.to_type(row),
        back=admin.back_url(request, row),
    )
