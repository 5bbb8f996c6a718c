"""The forms of the sign-in page and of one's own password."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables
from unfold.forms import AdminOwnPasswordChangeForm
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


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The admin's. It asks for the present password as the sign-in does: a wrong one counts and is told."""

    @sensitive_variables("password")
    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return password
