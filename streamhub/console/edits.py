"""`EditsRow`: a form that changes of a row only what was changed on the page.

The page carries which fields it had and what they held (`CARRIED`). A field that it did not have, or that
nobody touched, stays as the row has it now, however old the page is. What was changed here and meanwhile
elsewhere too is refused at its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.signing import BadSignature, Signer
from django.utils.text import Truncator
from django.utils.translation import gettext

from streamhub.console.forms import ConsoleForm

# The hidden input with what the page carries. It is signed, so that it is read as it was written.
CARRIED = "carried"
_SIGNER = Signer(salt="streamhub.console.edits")
LONGEST_SHOWN = 200  # characters of a value in a message


class EditsRow(ConsoleForm):
    """Base of the forms whose `initial` is what a row has. Without `initial` it is a usual form.

    Its cleaned data are the fields that were changed, or all of them if the service takes all at once
    (`whole`).
    """

    whole: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._of_row = kwargs.get("initial") is not None
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
        return _SIGNER.sign_object({name: self._now(name) for name in self.fields})

    def sent_in_vain(self) -> list[str]:
        """Of the fields that were taken out those that were changed on the page."""
        if self._shown is None:
            return super().sent_in_vain()
        shown = self._shown
        fields = self.taken_out.items()
        return [n for n, field in fields if n in shown and not _same(field, self._sent(n, field), shown[n])]

    def full_clean(self) -> None:
        if self.is_bound and self._of_row:
            self._merge()
        super().full_clean()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.whole or not self._of_row:
            return data
        return {name: value for name, value in data.items() if name in self.edited}

    def _post_clean(self) -> None:
        super()._post_clean()
        self.show(self._overtaken)
        if self._of_row and self._unreadable:
            self.show(
                {"": gettext("The page did not say what it showed. Check the fields and send it again.")}
            )

    def _merge(self) -> None:
        """Give each field that was not changed on the page what the row has now."""
        sent_all: Any = self.data
        data = sent_all.copy()
        for name, field in self.fields.items():
            sent, now = self._sent(name, field), self._now(name)
            shown = self._shown_in(name, now)
            if shown is None or _same(field, sent, shown) or _same(field, sent, now):
                _put(data, self.add_prefix(name), now)
                continue
            self.edited.add(name)
            if not _same(field, shown, now):
                self._overtaken[name] = _overtaken(field, now)
        self.data = data

    def _shown_in(self, name: str, now: Any) -> Any:
        """What the page showed; None if it did not have the field.

        What no page sent, such as a script's request, names the fields that it changes.
        """
        if self._shown is not None:
            return self._shown.get(name)
        return now if self.add_prefix(name) in self.data else None

    def _now(self, name: str) -> Any:
        field = self.fields[name]
        return _rendered(field, self.get_initial_for_field(field, name))

    def _sent(self, name: str, field: forms.Field) -> Any:
        sent = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        return "" if sent is None else sent


def _read(text: str) -> Mapping[str, Any] | None:
    """What the page carried; None if it says nothing that we have written."""
    try:
        return _SIGNER.unsign_object(text)  # type: ignore[no-any-return]
    except BadSignature:
        return None


def _rendered(field: forms.Field, value: Any) -> str | bool | list[str]:
    """The value as a browser would send it: a box is a bool, several choices are a list."""
    widget = field.widget
    if isinstance(widget, forms.CheckboxInput):
        return bool(value)
    if isinstance(widget, forms.PasswordInput):
        return ""  # is never sent to the browser
    shown = widget.format_value(field.prepare_value(value))
    if getattr(widget, "allow_multiple_selected", False):
        return list(shown)
    return (shown[0] if isinstance(shown, list) else shown) or ""


def _same(field: forms.Field, one: Any, other: Any) -> bool:
    """Whether two texts mean the same, such as a time with and without its seconds."""
    return _meaning(field, one) == _meaning(field, other)


def _meaning(field: forms.Field, value: Any) -> tuple[bool, Any]:
    plain = sorted(value) if isinstance(value, list) else value
    if isinstance(plain, str):
        plain = plain.replace("\r\n", "\n")  # as browsers send the ends of lines
    try:
        return True, field.clean(plain)
    except forms.ValidationError:
        return False, plain


def _put(data: Any, name: str, value: str | bool | list[str]) -> None:
    """As if the browser had sent this."""
    if isinstance(value, list) and hasattr(data, "setlist"):
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
