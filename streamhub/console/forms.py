"""`ConsoleForm`: a form that says every problem at once, at its field, and keeps what was typed.

A field may belong to one choice of another field (`shown_for`): the script hides it while something else is
chosen, and the server leaves it out, so that nothing hidden is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

SHOWN_FOR, SHOWN_VALUES = "data-sh-shown-for", "data-sh-shown-values"

# What Django's fields say, in plain words. The more special classes come first.
_BY_CLASS: tuple[tuple[type[forms.Field], dict[str, Any]], ...] = (
    (forms.FileField, {"required": _("Choose a file."), "empty": _("The file is empty. Choose another.")}),
    (forms.MultipleChoiceField, {"required": _("Choose at least one.")}),
    (forms.ChoiceField, {"required": _("Choose one.")}),
    (
        forms.ModelChoiceField,
        {
            "required": _("Choose one."),
            "invalid_choice": _("It does not exist any more. Choose one of the list."),
        },
    ),
    (forms.IntegerField, {"invalid": _("Write a whole number, such as 60.")}),
    (forms.DateTimeField, {"invalid": _("Give a day and a time, such as 2026-12-01 19:30.")}),
    (forms.DateField, {"invalid": _("Give a day, such as 2026-12-01.")}),
    (forms.TimeField, {"invalid": _("Give a time, such as 19:30.")}),
    (forms.EmailField, {"invalid": _("Write an e-mail address, such as anna@example.com.")}),
)
_ANY: dict[str, Any] = {
    "required": _("Fill this in."),
    "invalid_choice": _("%(value)s is not in the list. Choose one of it."),
    "min_value": _("Write %(limit_value)s or more."),
    "max_value": _("Write %(limit_value)s or less."),
    "max_length": _("Write at most %(limit_value)s characters; these are %(show_value)s."),
    "null_characters_not_allowed": _("It holds a character that cannot be seen. Type it anew."),
}


def shown_for(choice: str, *values: str) -> dict[str, str]:
    """The attributes of a widget whose field belongs to these values of the field `choice`."""
    return {SHOWN_FOR: choice, SHOWN_VALUES: " ".join(values)}


class ConsoleForm(forms.Form):
    """Base of the console's forms. `service_fields`: the service's names of fields that differ here."""

    service_fields: ClassVar[Mapping[str, str]] = {}
    # What a page with this form sends back beside its fields (`streamhub.console.edits`).
    carried: Any = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken_out: dict[str, forms.Field] = {}
        for field in self.fields.values():
            speak_plainly(field)

    def applies(self, name: str) -> bool:
        """Whether the field belongs to what is chosen in what was sent."""
        attrs = self.fields[name].widget.attrs
        choice = attrs.get(SHOWN_FOR)
        if choice not in self.fields:
            return True
        return self.data.get(self.add_prefix(choice)) in attrs[SHOWN_VALUES].split(" ")

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        """What the service would refuse, by field.

        `data` has only the fields that could be read: this is asked when others are wrong, too.
        """
        return {}

    def take_out(self, names: Iterable[str]) -> None:
        """Remove fields that cannot change now. They are remembered: an older page may still send them."""
        self.taken_out = {name: self.fields.pop(name) for name in sorted(names)}

    def sent_in_vain(self) -> list[str]:
        """Of the fields that were taken out those that were sent."""
        return [name for name in self.taken_out if self.add_prefix(name) in self.data]

    def show(self, errors: Mapping[str, str]) -> None:
        """Add a service's messages at their fields, the others above the form; none twice."""
        for name, message in errors.items():
            field = self.service_fields.get(name, name)
            if field not in self.errors:
                self.add_error(field if field in self.fields else None, message)
        self.lead_to_problem()

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        found = self.problems(dict(self.cleaned_data))
        self.show({name: text for name, text in found.items() if self._judged(name)})

    def _judged(self, name: str) -> bool:
        """What another choice has is not judged, nor is anything that depends on a choice that is wrong."""
        field = self.service_fields.get(name, name)
        return field not in self.fields or self.applies(field)

    def full_clean(self) -> None:
        # Not before: a form may still take out the field that others belong to.
        for name, field in self.fields.items():
            if self.is_bound and not self.applies(name):
                _leave_out(field)
        super().full_clean()
        self.lead_to_problem()

    def lead_to_problem(self) -> None:
        """Give the focus to the first field with a problem, also in a browser without scripts."""
        wrong = [name for name in self.fields if name in self.errors]
        for name in wrong[:1]:
            self.fields[name].widget.attrs["autofocus"] = True


def speak_plainly(field: forms.Field) -> None:
    """Replace Django's own messages of a field; what a form has set itself stays."""
    special = next((texts for kind, texts in _BY_CLASS if isinstance(field, kind)), {})
    for part in getattr(field, "fields", ()):  # of a day and a time in two boxes
        part.error_messages.update(next((texts for kind, texts in _BY_CLASS if isinstance(part, kind)), {}))
    for code, text in {**_ANY, **special}.items():
        if field.error_messages.get(code) is _default(type(field), code):
            field.error_messages[code] = text


def _default(kind: type[forms.Field], code: str) -> Any:
    defaults = (vars(each).get("default_error_messages", {}) for each in kind.__mro__)
    return next((texts[code] for texts in defaults if code in texts), None)


def _leave_out(field: forms.Field) -> None:
    """Read it as empty, whatever was sent; the page still shows what was typed."""
    field.required = False
    clean = field.clean
    field.clean = lambda _value, *_more: clean("")  # type: ignore[method-assign]
