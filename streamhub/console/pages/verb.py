"""One verb on one object: GET shows what would happen, POST runs the verb."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.clock import database_now
from streamhub.console import registry
from streamhub.console.forms import ConsoleForm
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
    typed = request.POST.get("typed", "")
    typed_error = wrongly_typed(verb.to_type(row), typed) if posted else ""
    fits = posted and (form is None or form.is_valid())
    given = form.cleaned_data if form is not None and fits else {}
    warned = unconfirmed(request, verb.warnings(row, given)) if fits and not typed_error else None
    if fits and not typed_error and warned is None:
        outcome = perform(verb, row, request.user, typed, given)  # type: ignore[arg-type]
        if form is not None and not outcome.ok:
            form.show(outcome.errors or {"": outcome.sentence})
            context = _context(admin, request, row, verb, form) | {"typed": typed}
            return TemplateResponse(request, "console/confirm.html", context, status=422)
        if next_page := admin.after_verb(request, outcome):
            return next_page
        add_message(request, verb, outcome)
        return HttpResponseRedirect(admin.back_url(request, row))
    context = _context(admin, request, row, verb, form)
    context |= {"warnings": warned, "typed": typed, "typed_error": typed_error}
    return TemplateResponse(request, "console/confirm.html", context, status=422 if posted else 200)


def wrongly_typed(to_type: str, typed: str) -> str:
    """What is wrong with what was typed to confirm; "" if nothing is, or nothing has to be typed."""
    if not to_type or typed.strip() == to_type:
        return ""
    return gettext("Type %(text)s, exactly as it stands there.") % {"text": to_type}


def allowed_verb(admin: ObjectPages, request: HttpRequest, name: str) -> Verb:
    """The verb with this name. Raises `Http404` or `PermissionDenied`."""
    verb = registry.verbs_of(admin.model).get(name)
    if verb is None:
        raise Http404(gettext("There is no such action: %(name)s.") % {"name": name})
    if not verb.allowed(request.user):
        raise PermissionDenied(
            gettext("Your role does not allow this action: %(label)s.") % {"label": verb.label}
        )
    return verb


def add_message(request: HttpRequest, verb: Verb, outcome: Outcome) -> None:
    """Show the outcome as a message on the next page."""
    if outcome.ok:
        messages.success(request, f"{outcome.label}: {outcome.sentence}")
    else:
        messages.error(
            request,
            _("%(label)s: %(label_2)s was refused. %(sentence)s")
            % {"label": outcome.label, "label_2": verb.label, "sentence": outcome.sentence},
        )


def _context(
    admin: ObjectPages, request: HttpRequest, row: Any, verb: Verb, form: ConsoleForm | None
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
