"""Somebody of the staff with a password, and the attempts to be them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def nothing_was_tried_before(db: None) -> None:
    """allauth counts codes in the cache; some tests commit."""
    cache.clear()


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna", password=PASSWORD, is_staff=True)


@pytest.fixture
def attempt(client: Client, anna: User) -> Callable[..., HttpResponse]:
    """`attempt("anna", "wrong", "203.0.113.7")`: the answer to one sign-in from this address."""

    def post(name: str = "anna", password: str = PASSWORD, address: str = "203.0.113.1") -> Any:
        form = {"username": name, "password": password}
        return client.post("/admin/login/", form, REMOTE_ADDR=address)

    return post
