"""What the pages of one object need from its admin: URLs, the object, and the context of every page."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from streamhub.console import registry
from streamhub.console.badges import Badge
from streamhub.console.verbs import Offer, Outcome, Verb
from streamhub.lifecycle.models import Transition
from streamhub.row_ids import row_ids


class ObjectPages:
    """Mixin of a ModelAdmin whose objects have verbs."""

    opts: Any
    model: Any
    admin_site: Any

    def badge(self, row: Any) -> Badge:
        raise NotImplementedError

    def state(self, row: Any) -> str:
        raise NotImplementedError

    def transition_kind(self) -> str:
        raise NotImplementedError

    def situation(self, row: Any) -> Any:
        """What the guards of this kind need to know; evaluated once per page."""
        return None

    # --- verbs -----------------------------------------------------------------------------

    def verbs(self, request: HttpRequest) -> list[Verb]:
        """The verbs that the user's role allows."""
        return [verb for verb in registry.verbs_of(self.model).values() if verb.allowed(request.user)]

    def offers(self, request: HttpRequest, row: Any) -> list[Offer]:
        situation = self.situation(row)
        return [
            Offer(verb, self.verb_url(row, verb), verb.refusal(row, situation))
            for verb in self.verbs(request)
        ]

    def after_verb(self, request: HttpRequest, outcome: Outcome) -> HttpResponse | None:
        """Where a verb leads; None: to the object's page, with what it said as a message."""
        return None

    def back_url(self, request: HttpRequest, row: Any) -> str:
        """The page to which a verb's page returns."""
        return self.url("change", row.pk)

    # --- pages -----------------------------------------------------------------------------

    def own(self, view: Any) -> Any:
        """Wrap a view `(admin, request, …)` as a page of this admin that only staff can open."""
        wrapped = partial(view, self)
        update_wrapper(wrapped, view)
        return self.admin_site.admin_view(wrapped)

    def url(self, page: str, *args: Any) -> str:
        """The URL of one of this model's pages ("changelist", "change", "live", "do" …)."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def verb_url(self, row: Model, verb: Verb) -> str:
        return self.url("do", row.pk, verb.name)

    def found(self, request: HttpRequest, object_id: Any) -> Any | None:
        """The object, or None if it does not exist. Raises `PermissionDenied` if the user may not view it."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        return self.get_object(request, str(object_id))  # type: ignore[attr-defined]

    def gone(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Redirect to the list with a message that the object was deleted, or never was."""
        messages.info(request, self._gone_sentence(object_id))
        return HttpResponseRedirect(self.url("changelist"))

    def _gone_sentence(self, object_id: Any) -> str:
        """That it was deleted, or that there never was one as far as the timelines know."""
        name = f"{self.opts.verbose_name} {str(object_id)[:40]}"
        known = Transition.objects.filter(
            resource_type=self.transition_kind(), resource_id__in=row_ids([str(object_id)])
        )
        return (
            _("The %(name)s was deleted.") % {"name": name}
            if known.exists()
            else _("There is no %(name)s.") % {"name": name}
        )

    def page_context(self, request: HttpRequest, row: Any | None = None, **more: Any) -> dict[str, Any]:
        """The context that every page of this admin needs."""
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "row": row,
            "kind": self.transition_kind(),
            "badge": row and self.badge(row),
            "state": row and self.state(row),
            "model_admin": self,
            "list_url": self.url("changelist"),
            **more,
        }
