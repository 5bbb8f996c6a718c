"""The form of the sign-in page."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from unfold.widgets import BASE_INPUT_CLASSES


class SignInForm(LoginForm):
    """allauth's, with Django's field names and the console's look."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields = {"username": self.fields.pop("login"), "password": self.fields.pop("password")}
        self.fields.update(fields)
        for field in fields.values():
            field.widget.attrs.update({"class": " ".join(BASE_INPUT_CLASSES), "placeholder": ""})
        fields["username"].widget.attrs.update({"autofocus": "", "autocomplete": "username webauthn"})
        fields["password"].help_text = ""

    def clean(self) -> Any:
        self.cleaned_data["login"] = self.cleaned_data.get("username", "").strip()
        return super().clean()
