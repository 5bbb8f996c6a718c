"""`EditsRow` and `EditsModel`: forms that change of a row only what was changed on the page.

The page carries which fields it had and what they held (`CARRIED`). A field that it did not have, or that
nobody touched, stays as the row has it now, however old the page is. What was changed here and meanwhile
elsewhere too is refused at its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.signing import BadSignature, Signer
from django.db.models import Model, QuerySet
from django.utils.text import Truncator
from django.utils.translation import gettext

from streamhub.access import audit
from streamhub.access.models import AuditEntry
from streamhub.console.forms import ConsoleForm
from streamhub.console.templatetags.console import utc_text

# The hidden input with what the page carries. It is signed, so that it is read as it was written.
CARRIED = "carried"
_SIGNER = Signer(salt="streamhub.console.edits")
LONGEST_SHOWN = 200  # characters of a value in a message


class _Carries(forms.BaseForm):
    """What both have: what the page showed, and how it is merged with what the row has now."""

    _of_row = False
    # Whether what came without a page, such as a script's request, names the fields that it changes. If not,
    # it has all of them.
    _names_fields: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = self.data.get(CARRIED, "") if self.is_bound else ""
        self._shown = _read(text)
        self._unreadable = bool(text) and self._shown is None
        self.edited: set[str] = set()
        self._overtaken: dict[str, str] = {}

    @property
    def carried(self) -> str:
        """What a page with this form sends back: its fields with what they hold now."""
        if not self._of_row:
            return ""
        return _SIGNER.sign_object({name: self._now(name) for name in self._can_change()})

    def full_clean(self) -> None:
        if self.is_bound and self._of_row and (self._shown is not None or self._names_fields):
            self._merge()
        super().full_clean()

    def overtaken(self) -> dict[str, str]:
        """What is wrong with what came of the page, by field; "" is the form."""
        if not self._of_row or not self._unreadable:
            return self._overtaken
        text = gettext("The page did not say what it showed. Check the fields and send it again.")
        return {**self._overtaken, "": text}

    def _can_change(self) -> list[str]:
        return [name for name, field in self.fields.items() if not field.disabled]

    def _merge(self) -> None:
        """Give each field that was not changed on the page what the row has now."""
        sent_all: Any = self.data
        data = sent_all.copy()
        for name in self._can_change():
            field, sent, now = self.fields[name], self._sent(name, self.fields[name]), self._now(name)
            shown = self._shown_in(name, now)
            if shown is None or _same(field, sent, shown) or _same(field, sent, now):
                _put(data, field, self.add_prefix(name), now)
                continue
            self.edited.add(name)
            if not _same(field, shown, now):
                self._overtaken[name] = _overtaken(field, now)
        self.data = data

    def _shown_in(self, name: str, now: Any) -> Any:
        """What the page showed; None if it did not have the field."""
        if self._shown is not None:
            return self._shown.get(name)
        return now if self.add_prefix(name) in self.data else None

    def _now(self, name: str) -> Any:
        field = self.fields[name]
        return _rendered(field, self.get_initial_for_field(field, name))

    def _sent(self, name: str, field: forms.Field) -> Any:
        sent = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        return "" if sent is None else sent


class EditsRow(_Carries, ConsoleForm):
    """Base of the forms whose `initial` is what a row has. Without `initial` it is a usual form.

    Its cleaned data are the fields that were changed, or all of them if the service takes all at once
    (`whole`).
    """

    whole: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._of_row = kwargs.get("initial") is not None

    def sent_in_vain(self) -> list[str]:
        """Of the fields that were taken out those that were changed on the page."""
        if self._shown is None:
            return super().sent_in_vain()
        shown = self._shown
        fields = self.taken_out.items()
        return [n for n, field in fields if n in shown and not _same(field, self._sent(n, field), shown[n])]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.whole or not self._of_row:
            return data
        return {name: value for name, value in data.items() if name in self.edited}

    def _post_clean(self) -> None:
        super()._post_clean()
        self.show(self.overtaken())


class EditsModel(_Carries):
    """For one of Django's own forms of a row, which comes after it among the bases.

    Above the fields it says who changed the row last, as the audit knows it.
    """

    _names_fields = False
    instance: Model

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._of_row = self.instance.pk is not None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        wrong = self.overtaken()
        for name, message in wrong.items():
            self.add_error(name or None, message)
        if wrong and (said := _last_change(self.instance)):
            self.add_error(None, said)


def _last_change(row: Model) -> str:
    """Who changed it last, and when; "" if the audit has nothing about it."""
    kind = audit.kind_of(type(row))
    last = AuditEntry.objects.filter(object_kind=kind, object_id=row.pk).exclude(after={}).first()
    if last is None:
        return ""
    return gettext("%(name)s changed this at %(at)s, after your page was opened.") % {
        "name": last.actor_name,
        "at": utc_text(last.at),
    }


def _read(text: str) -> Mapping[str, Any] | None:
    """What the page carried; None if it says nothing that we have written."""
    try:
        return _SIGNER.unsign_object(text)  # type: ignore[no-any-return]
    except BadSignature:
        return None


def _widget(field: forms.Field) -> Any:
    """What a person fills in, without the admin's links around it."""
    return getattr(field.widget, "widget", field.widget)


def _rendered(field: forms.Field, value: Any) -> str | bool | list[str]:
    """The value as a browser would send it: a tick is a bool, several choices or several boxes a list."""
    widget = _widget(field)
    if isinstance(widget, forms.CheckboxInput):
        return bool(value)
    if isinstance(widget, forms.PasswordInput):
        return ""  # is never sent to the browser
    if isinstance(widget, forms.MultiWidget):
        values: Any = widget.decompress(field.prepare_value(value))
        parts = zip(widget.widgets, values, strict=True)
        return [part.format_value(each) or "" for part, each in parts]
    shown = widget.format_value(field.prepare_value(value))
    if getattr(widget, "allow_multiple_selected", False):
        return list(shown)
    return (shown[0] if isinstance(shown, list) else shown) or ""


def _same(field: forms.Field, one: Any, other: Any) -> bool:
    """Whether two texts mean the same, such as a time with and without its seconds."""
    return bool(_meaning(field, one) == _meaning(field, other))


def _meaning(field: forms.Field, value: Any) -> tuple[bool, Any]:
    several = isinstance(value, list) and not isinstance(_widget(field), forms.MultiWidget)
    plain = sorted(value) if several else value
    if isinstance(plain, str):
        plain = plain.replace("\r\n", "\n")  # as browsers send the ends of lines
    try:
        meant = field.clean(plain)
    except forms.ValidationError:
        return False, plain
    return True, sorted(row.pk for row in meant) if isinstance(meant, QuerySet) else meant


def _put(data: Any, field: forms.Field, name: str, value: str | bool | list[str]) -> None:
    """As if the browser had sent this."""
    widget = _widget(field)
    if isinstance(value, list) and hasattr(widget, "widgets_names"):  # several boxes
        for suffix, part in zip(widget.widgets_names, value, strict=True):
            data[name + suffix] = part
    elif isinstance(value, list) and hasattr(data, "setlist"):
        data.setlist(name, value)
    elif value is False:
        data.pop(name, None)
    else:
        data[name] = "on" if value is True else value


def _overtaken(field: forms.Field, now: str | bool | list[str]) -> str:
    if value := _in_words(field, now):
        text = gettext(
            "Somebody else changed it meanwhile: it is %(value)s now. Send it again if you are right."
        )
        return text % {"value": repr(value)}
    return gettext("Somebody else emptied it meanwhile. Send it again if you are right.")


def _in_words(field: forms.Field, value: str | bool | list[str]) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(field, forms.DateTimeField) and isinstance(value, str):
        return value.replace("T", " ")
    values = value if isinstance(value, list) else value.splitlines()
    labels = {str(key): str(label) for key, label in getattr(field, "choices", ())}
    return Truncator(", ".join(labels.get(each, each) for each in values)).chars(LONGEST_SHOWN)
