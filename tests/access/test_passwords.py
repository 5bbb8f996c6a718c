"""Which passwords staff may have."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError


@pytest.mark.parametrize(
    "password",
    [
        "admin",
        "aaaaaaab",
        "aaaaaaaaaaaab",
        "abcdefghijklmn",
        "123456789012",
        "zyxwvutsrqpo",
        "anna-streamhub",
        "password1234",
    ],
)
def test_what_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, User(username="anna-streamhub"))


@pytest.mark.parametrize("password", ["correct horse battery", "QWsj-3pVz8_x", "Zebra crosses 41 bridges"])
def test_what_is_not_is_taken(password: str) -> None:
    validate_password(password, User(username="anna"))
