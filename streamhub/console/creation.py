"""Add pages: a form whose fields are the service's arguments, with errors shown at the fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.access.actors import Actor, staff_actor
from streamhub.access.permissions import require
from streamhub.console.forms import ConsoleForm
from streamhub.console.resource import ResourceAdmin
from streamhub.console.warnings import unconfirmed
from streamhub.errors import Invalid, VerbError
from streamhub.signin.confirming import ask_again

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class CreatingAdmin(ResourceAdmin):
    """A `ResourceAdmin` with an add page, which needs the model's add permission."""

    creation_form: ClassVar[type[ConsoleForm]]
    creation_note: ClassVar[StrOrPromise] = ""
    # Whether the page asks again who is there: for what gives rights away.
    asks_again: ClassVar[bool] = False

    def creation_notes(self) -> list[str]:
        """What to know before creating one, such as how much room is left."""
        return []

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Any:
        """Call the service with the form's cleaned data and return the new object."""
        raise NotImplementedError

    def creation_warnings(self, data: dict[str, Any]) -> Sequence[str]:
        """What to confirm once more before an object is created with the form's cleaned data."""
        return ()

    def after_creation(self, request: HttpRequest, created: Any) -> HttpResponse:
        """The response once `create` has returned: a redirect to the new object's page."""
        messages.success(request, _("%(created)s: created.") % {"created": created})
        return HttpResponseRedirect(self.url("change", created.pk))

    def has_add_permission(self, request: HttpRequest) -> bool:
        name = f"{self.opts.app_label}.add_{self.opts.model_name}"
        return bool(request.user.has_perm(name))

    def creation_refusal(self, request: HttpRequest) -> str | None:
        """Why no object can be created now; None: one can."""
        return None

    def creation_initial(self, request: HttpRequest) -> dict[str, Any]:
        """Initial values of the form, from the query string. What its field would refuse is left out."""
        return self.initial_of(self.creation_form, request)

    @staticmethod
    def initial_of(form: type[ConsoleForm], request: HttpRequest) -> dict[str, Any]:
        """Initial values of a form, as in `creation_initial`."""
        fields = form.base_fields
        return {
            name: value
            for name, value in request.GET.items()
            if name in fields and _fits(fields[name], value)
        }

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """GET shows the form, POST creates the object."""
        if not self.has_add_permission(request):
            raise PermissionDenied(
                gettext("Your role is not allowed to add a %(verbose_name)s.")
                % {"verbose_name": self.opts.verbose_name}
            )
        if self.asks_again and (asked := ask_again(request, request.get_full_path())):
            return asked
        warned = None
        if request.method == "POST":
            form = self.creation_form(request.POST)
            if form.is_valid():
                warned = unconfirmed(request, self.creation_warnings(form.cleaned_data))
            created = None if warned else self._created(request, form)
            if created is not None:
                return self.after_creation(request, created)
        else:
            form = self.creation_form(initial=self.creation_initial(request))
        title = gettext("Add %(verbose_name)s") % {"verbose_name": self.opts.verbose_name}
        context = self.page_context(
            request, title=title, form=form, note=self.creation_note, notes=self.creation_notes()
        )
        context |= {"refusal": self.creation_refusal(request), "warnings": warned}
        status = 422 if form.errors or warned else 200
        return TemplateResponse(request, "console/add.html", context, status=status)

    def _created(self, request: HttpRequest, form: ConsoleForm) -> Any | None:
        """The new object, or None with the errors in the form."""
        if not form.is_valid():
            return None
        actor = staff_actor(request.user)  # type: ignore[arg-type]
        require(actor, f"{self.opts.app_label}.add_{self.opts.model_name}")
        try:
            return self.create(request, form.cleaned_data, actor)
        except Invalid as invalid:
            form.show(invalid.errors)
        except VerbError as refusal:
            form.show({"": str(refusal)})
        return None


def _fits(field: forms.Field, value: object) -> bool:
    try:
        field.clean(value)
    except forms.ValidationError:
        return False
    return True
