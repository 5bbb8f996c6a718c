"""Editing who may do what: asks again who is there (`streamhub.signin.confirming`)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from streamhub.signin.confirming import ask_again


class AsksAgain:
    """For a `ModelAdmin`: its forms and deletions need a recent sign-in. Looking does not."""

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        view = super().changeform_view  # type: ignore[misc]
        return self._asked(request, edits=True) or view(request, *args, **options)

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **options: Any) -> Any:
        view = super().delete_view  # type: ignore[misc]
        return self._asked(request, edits=True) or view(request, object_id, *args, **options)

    def changelist_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        view = super().changelist_view  # type: ignore[misc]
        return self._asked(request, edits=request.method == "POST") or view(request, *args, **options)

    def _asked(self, request: HttpRequest, *, edits: bool) -> HttpResponse | None:
        may_edit = self.has_change_permission(request)  # type: ignore[attr-defined]
        return ask_again(request, request.get_full_path()) if edits and may_edit else None
