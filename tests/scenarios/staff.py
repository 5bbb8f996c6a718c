"""Clients of logged-in staff, one for each role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from streamhub.console import roles

As = Callable[[str], Client]


@pytest.fixture
def as_role(db: None) -> As:
    """`as_role("operator")`: a client logged in with that role; "superuser" has all permissions."""
    roles.seed()

    def client(role: str, **options: bool) -> Client:
        user = User.objects.create(username=role, is_staff=True, is_superuser=role == "superuser")
        if role in roles.ROLES:
            user.groups.add(Group.objects.get(name=role))
        browser = Client(**options)
        browser.force_login(user)
        return browser

    return client


@pytest.fixture
def superuser(as_role: As) -> Client:
    return as_role("superuser")


@pytest.fixture
def operator(as_role: As) -> Client:
    return as_role("operator")


@pytest.fixture
def viewer(as_role: As) -> Client:
    return as_role("viewer")


@pytest.fixture
def engineer(as_role: As) -> Client:
    return as_role("engineer")
