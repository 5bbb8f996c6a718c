"""The playback link in the admin: the button, the page that shows the link, and the preview's signature."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from channels_app.guards import breakout as guards
from channels_app.models import Breakout
from channels_app.playback_link import Playback, breakout_playback
from streamhub.access.actors import Actor, staff_actor
from streamhub.console.forms import ConsoleForm
from streamhub.console.object_pages import ObjectPages
from streamhub.console.templatetags.console import utc_text
from streamhub.console.verbs import Verb
from streamhub.errors import NotPossible

PERMISSION = "channels_app.playback_breakout"
SHARED_PATH = _(
    "The shows of a channel share their path: while the link lasts, it plays the next show as well."
)
WEEK_MINUTES = 7 * 24 * 60


class LinkForm(ConsoleForm):
    """How long the link lasts."""

    minutes = forms.IntegerField(
        label=_("Ends after (minutes)"),
        required=False,
        min_value=1,
        max_value=WEEK_MINUTES,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_(
            "Only shortens it. Empty: until the planned end and a little more, and never into the next "
            "planned show. It has no effect on a show that is not protected."
        ),
    )


def _give(row: Breakout, who: Actor, minutes: int | None = None) -> Playback:
    seconds = minutes * 60 if minutes else None
    return breakout_playback(row, who=who, expires_in_seconds=seconds)


VERB = Verb(
    name="playback",
    label=_("Playback link"),
    icon="link",
    permission=PERMISSION,
    run=_give,
    refusal=lambda _row, situation: guards.LINKS.refusal("playback", situation),
    consequences=lambda row: [
        gettext(
            "You get the link that viewers play, signed where CloudFront asks for signatures. The "
            "audit keeps that you got it."
        ),
        gettext("Whoever has the link can watch until it expires, also after the curtain is lowered."),
        str(SHARED_PATH),
    ],
    done=_("its playback link was given out."),
    form=LinkForm,
    bulk=False,
    order=35,
)


def shown(admin: ObjectPages, request: HttpRequest, link: Playback) -> HttpResponse:
    """The page with the link: the answer to the button, which no cache keeps."""
    match = request.resolver_match
    row = admin.found(request, match.kwargs["object_id"]) if match else None
    if row is None:
        return admin.gone(request, "")
    context = admin.page_context(
        request,
        row,
        title=gettext("Playback link: %(row)s") % {"row": row},
        link=link,
        shared_path=SHARED_PATH,
        back=admin.url("change", row.pk),
    )
    response = TemplateResponse(request, "channels_app/playback.html", context)
    add_never_cache_headers(response)
    return response


def sign(admin: ObjectPages, request: HttpRequest, object_id: int) -> HttpResponse:
    """POST, for the preview's player: `{query, expires_at}`, or `{detail}` with 409."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    row = admin.found(request, object_id)
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied(gettext("Your role may not get playback links."))
    if row is None:
        return JsonResponse({"detail": gettext("The breakout is deleted.")}, status=409)
    try:
        link = breakout_playback(row, who=staff_actor(cast(User, request.user)))
    except NotPossible as refusal:
        return JsonResponse({"detail": refusal.detail}, status=409)
    answer: dict[str, Any] = {"query": link.query, "expires_at": link.expires_at}
    response = JsonResponse(answer)
    add_never_cache_headers(response)
    return response


def lowered_note(row: Breakout) -> str:
    """Until when signatures that were given out still play; "" if none does."""
    return (
        ""
        if row.signed_until is None
        else gettext("Links already given out play until %(signed_until)s.")
        % {"signed_until": utc_text(row.signed_until)}
    )
