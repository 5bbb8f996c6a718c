"""Fills in any form of the admin with what no field can take, and says what its page should answer.

No table of forms: they are found by `admin.site`, the verbs of its models and `ConsoleForm` itself, so that a
new form is covered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from django import forms
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from billing.pricing.pages import RateForm
from billing.pricing.services import price_book
from streamhub.console import registry
from streamhub.console.creation import CreatingAdmin
from streamhub.console.forms import SHOWN_FOR, SHOWN_VALUES, ConsoleForm
from streamhub.console.resource_base import ResourceBase
from tests.scenarios.packages import PRODUCT

# Too long for a name or a note, with a character that cannot be seen, and neither URL nor number nor JSON.
TEXT = "\u202ejunk " + "x" * 3000
NOT_IN_LIST, NO_NUMBER, NO_TIME = "pigeon", "many", "soon"
# What Django says by itself, and what only programmers say.
JARGON = re.compile(
    r"Ensure this|valid choice|This field|Enter a (valid|list)|Select a valid|\b(None|null|int)\b|<class"
)

# Of Django's forms: any text is a password, and a description.
TAKE_ANYTHING = ("password1", "password2", "description")

Make = Callable[[dict[str, str] | None], forms.BaseForm]


@dataclass(frozen=True)
class Found:
    """A form of ours, bound to what is sent; `name` for people."""

    name: str
    make: Make


def _made(kind: type[ConsoleForm], **options: Any) -> Make:
    """With what its page carries beside the fields."""

    def make(data: dict[str, str] | None) -> ConsoleForm:
        if data is None:
            return kind(None, **options)
        carried = kind(None, **options).carried
        return kind(MultiValueDict({k: [v] for k, v in {**data, "carried": carried}.items()}), **options)

    return make


def console_forms() -> Iterator[Found]:
    """Those of the verbs, each for a row, those that add a row, and every other one."""
    seen: set[type] = set()
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, CreatingAdmin):
            seen.add(model_admin.creation_form)
            yield Found(f"{model._meta.label} add", _made(model_admin.creation_form))
        for verb in registry.verbs_of(model).values():
            if verb.form and (row := _row_for(model_admin, verb)):
                seen.add(verb.form)
                name = f"{model._meta.label} {verb.name}"
                yield Found(name, _made(verb.form, initial=dict(verb.initial(row))))
    for kind in sorted(_leaves(ConsoleForm) - seen, key=lambda each: each.__qualname__):
        options = {"book": price_book()} if kind is RateForm else {}
        yield Found(kind.__qualname__, _made(kind, **options))


def _leaves(kind: type) -> set[Any]:
    """The classes of the product that no other one is made of."""
    children = [each for each in kind.__subclasses__() if each.__module__.split(".")[0] in PRODUCT]
    return set().union(*(_leaves(each) for each in children)) if children else {kind}


def _row_for(model_admin: Any, verb: Any) -> Any:
    """A row on which the verb is possible now, or else any."""
    if not isinstance(model_admin, ResourceBase):
        return model_admin.model._default_manager.order_by("-pk").first()
    rows = list(model_admin.get_queryset(RequestFactory().get("/")).order_by("-pk"))
    possible = (row for row in rows if verb.refusal(row, model_admin.situation(row)) is None)
    return next(possible, rows[0] if rows else None)


def pages_of_django(user: Any) -> Iterator[tuple[str, str, type[forms.BaseForm], Any]]:
    """Of every form that Django makes: name, URL, class, and the row that it changes."""
    request = RequestFactory().get("/")
    request.user = user
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ResourceBase):
            continue
        prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if model_admin.has_add_permission(request):
            kind = model_admin.get_form(request, None, change=False)
            yield f"{model._meta.label} add", reverse(f"{prefix}_add"), kind, None
        row = model._default_manager.order_by("-pk").first()
        if row is not None and model_admin.has_change_permission(request, row):
            kind = model_admin.get_form(request, row, change=True)
            yield f"{model._meta.label} change", reverse(f"{prefix}_change", args=[row.pk]), kind, row


def asked(form: forms.BaseForm) -> dict[str, forms.Field]:
    """The fields that somebody fills in."""
    fields = form.fields.items()
    return {name: field for name, field in fields if not field.disabled and not field.widget.is_hidden}


def junk(form: forms.BaseForm, **chosen: str) -> dict[str, str]:
    """A request's data in which each field has what it cannot take, apart from what is `chosen`."""
    data: dict[str, str] = {}
    for name, field in asked(form).items():
        html_name = form.add_prefix(name)
        if name in chosen:
            data[html_name] = chosen[name]
        elif isinstance(field, forms.SplitDateTimeField):
            data |= {f"{html_name}_0": NO_TIME, f"{html_name}_1": NO_TIME}
        elif not isinstance(field, forms.FileField):
            data[html_name] = _typed(field)
    return data


def _typed(field: forms.Field) -> str:
    if isinstance(field, (forms.ChoiceField, forms.ModelChoiceField)):
        return NOT_IN_LIST
    if isinstance(field, forms.BooleanField):
        return "on"
    if isinstance(field, forms.IntegerField):
        return NO_NUMBER
    if isinstance(field, (forms.DateField, forms.DateTimeField)):
        return NO_TIME
    return TEXT


def choices_that_decide(form: forms.BaseForm) -> list[dict[str, str]]:
    """Each value of the fields that decide which others are shown; without such a field one choice: {}."""
    deciding = {field.widget.attrs.get(SHOWN_FOR) for field in form.fields.values()} & set(form.fields)
    found = [
        {name: str(value)}
        for name in sorted(deciding)
        for value, _label in form.fields[name].choices  # type: ignore[attr-defined]
    ]
    return found or [{}]


def required(form: forms.BaseForm) -> set[str]:
    """The fields that should have a problem when nothing is sent."""
    return {name for name, field in asked(form).items() if field.required}


def refused(form: forms.BaseForm, chosen: dict[str, str]) -> set[str]:
    """The fields that should have a problem after `junk`: all that apply and can be wrong."""
    return {
        name
        for name, field in asked(form).items()
        if name not in (*chosen, *TAKE_ANYTHING)
        and not isinstance(field, forms.BooleanField)
        and _applies(field, chosen)
    }


def _applies(field: forms.Field, chosen: dict[str, str]) -> bool:
    attrs = field.widget.attrs
    return attrs.get(SHOWN_FOR) not in chosen or chosen[attrs[SHOWN_FOR]] in attrs[SHOWN_VALUES].split()


def faults(name: str, form: forms.BaseForm, sent: dict[str, str], page: str, wanted: set[str]) -> list[str]:
    """What is wrong with a form that was answered with `page`. `wanted`: the fields that have a problem."""
    found = [f"{name}: {text}" for text in _jargon(form)]
    if missing := wanted - set(form.errors):
        found.append(f"{name}: nothing is said of {sorted(missing)}")
    if gone := _lost(form, sent, page):
        found.append(f"{name}: what was typed is lost: {gone}")
    return found


def typed_into(form: forms.BaseForm) -> list[str]:
    """The fields that keep a text: neither choices nor secrets, which are never sent back."""
    others = (forms.ChoiceField, forms.ModelChoiceField, forms.BooleanField, forms.FileField)
    return [
        name
        for name, field in asked(form).items()
        if not isinstance(field, others) and not isinstance(field.widget, forms.PasswordInput)
    ]


def _lost(form: forms.BaseForm, sent: dict[str, str], page: str) -> list[str]:
    """The fields whose text is not on the page any more."""
    shown = unescape(page)
    return [name for name in typed_into(form) if sent.get(form.add_prefix(name), "") not in shown]


def _jargon(form: forms.BaseForm) -> list[str]:
    """The messages that a person would not understand, or that are no sentences."""
    texts = [str(text) for errors in form.errors.values() for text in errors]
    return [text for text in texts if JARGON.search(text) or not text.endswith((".", ":"))]
