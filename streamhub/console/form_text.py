"""Text that people type into Django's own forms: composed, and only characters that can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest

from streamhub.names import characters_error, composed


class VisibleText:
    """Mixin of a ModelAdmin whose rows people edit: every line of text is kept as `streamhub.names` says."""

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]
        if type(db_field) is models.CharField and isinstance(field, forms.CharField):
            field.to_python = _composing(field.to_python)  # type: ignore[method-assign, assignment]
            field.validators.append(check_visible)
        return field


def _composing(to_python: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def clean(value: Any) -> Any:
        text = to_python(value)
        return composed(text) if isinstance(text, str) else text

    return clean


def check_visible(value: str) -> None:
    """Django's validator for `characters_error`."""
    if error := characters_error(value):
        raise ValidationError(error)
