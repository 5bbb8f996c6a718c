"""Secrets that are shown once, on a page of their own, after they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.cache import add_never_cache_headers

from streamhub.console.creation import CreatingAdmin

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN_FOR_SECONDS = 120


class ShowsOnce(CreatingAdmin):
    """A `CreatingAdmin` whose objects have a secret. `once_template` shows it as `plain`."""

    once_template: ClassVar[str]
    once_title: ClassVar[StrOrPromise]
    once_cookie: ClassVar[str]

    def show_once(self, request: HttpRequest, row: Any, plain: str) -> HttpResponse:
        """Redirect to the page that shows it: a reload of that page makes no second secret.

        The plain text travels in a cookie for that page alone, and is nowhere on the server.
        """
        url = self.url("shown", row.pk)
        response = HttpResponseRedirect(url)
        response.set_signed_cookie(
            self.once_cookie,
            plain,
            salt=self._salt(request, row.pk),
            max_age=SHOWN_FOR_SECONDS,
            path=url,
            secure=request.is_secure(),
            httponly=True,
            samesite="Strict",
        )
        return response

    def _salt(self, request: HttpRequest, pk: int) -> str:
        """Only who made it can have it shown."""
        return f"{self.once_cookie} {pk} of user {request.user.pk}"

    def extra_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_shown"
        return [path("<int:object_id>/shown/", self.own(_shown), name=name), *super().extra_urls()]


def _shown(model_admin: ShowsOnce, request: HttpRequest, object_id: int) -> HttpResponse:
    """The only page that shows it. It must not be cached; it shows it once."""
    row = model_admin.found(request, object_id)
    if row is None:
        return model_admin.gone(request, object_id)
    plain = request.get_signed_cookie(
        model_admin.once_cookie,
        default=None,
        salt=model_admin._salt(request, object_id),
        max_age=SHOWN_FOR_SECONDS,
    )
    back = model_admin.url("change", row.pk)
    context = model_admin.page_context(request, row, title=model_admin.once_title, plain=plain, back=back)
    response = TemplateResponse(request, model_admin.once_template, context)
    response.delete_cookie(model_admin.once_cookie, path=model_admin.url("shown", row.pk), samesite="Strict")
    add_never_cache_headers(response)
    return response
