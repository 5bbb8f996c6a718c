"""Every route of the admin, read and posted in every role: `who_may_what.txt` says who gets in.

A new route needs a line there. Verbs and bulk verbs are routes of their own. What is posted is undone.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.test import Client

from streamhub.console import registry, roles
from tests.scenarios.one_of_everything import OneOfEverything
from tests.scenarios.routes import addresses
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).with_name("who_may_what.txt")
# From the least to the most; each may what those before it may.
PEOPLE = ("anybody", "nobody", *roles.ROLES, "superuser")
NOT_EVEN_SUPERUSERS = "-"
# allauth's own pages, about one's own account: allauth's tests are about them.
OWN_ACCOUNT = "admin/account/"
# It would end the session of the test.
SIGN_OUT = "admin/logout/"
# The catch-all, which answers 404.
CATCH_ALL = "(?P<url>"


@cache
def table() -> dict[str, tuple[str, str]]:
    """By route: the least who may read it, and the least whose post is not refused."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return {route: (read, post) for route, read, post in lines}


def routes() -> list[str]:
    """Every route, and one for each verb."""
    found: list[str] = []
    for route in addresses():
        if route.startswith((OWN_ACCOUNT, SIGN_OUT)) or CATCH_ALL in route:
            continue
        model = _model(route)
        if "<slug:name>" in route and model is not None:
            verbs = registry.verbs_of(model)
            names = [name for name, verb in verbs.items() if verb.bulk or "/bulk/" not in route]
            found += [route.replace("<slug:name>", name) for name in sorted(names)]
        elif "app_label>" in route:
            found += [
                f"admin/{label}/" for label in sorted({m._meta.app_label for m in admin.site._registry})
            ]
        else:
            found.append(route)
    return sorted(set(found))


def _model(route: str) -> Any:
    parts = route.split("/")
    try:
        return apps.get_model(parts[1], parts[2])
    except (LookupError, IndexError, ValueError):
        return None


def url_of(route: str) -> str:
    """The route's URL for a row that exists, if there is one of its kind."""
    model = _model(route)
    row = model._default_manager.first() if model is not None else None
    path = route.replace("<slug:name>", "accept").replace("<str:key>", "x")
    return "/" + re.sub(r"<[^>]*>", str(row.pk if row else 1), path)


def gets_in(answer: Any) -> bool:
    """Whether somebody was let in: neither refused nor sent to sign in, and there is something."""
    if answer.status_code == 302:
        return not answer["Location"].startswith(("/admin/login/", "/admin/account/"))
    return answer.status_code not in (401, 403, 404, 405)


def get(client: Client, url: str) -> bool:
    return gets_in(client.get(url))


def post(client: Client, url: str) -> bool:
    with transaction.atomic():
        let_in = gets_in(client.post(url))
        transaction.set_rollback(True)
    return let_in


def person(as_role: As, who: str) -> Client:
    client = Client() if who == "anybody" else as_role(who)
    client.raise_request_exception = False
    return client


def test_every_route_has_a_line_and_every_line_a_route() -> None:
    assert set(table()) == set(routes())


@pytest.mark.timeout(400)
@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_gets_in_where_the_table_says_and_nowhere_else(as_role: As, who: str) -> None:
    """What somebody may is tried by the least who may it: the roles are nested."""
    OneOfEverything()
    client = person(as_role, who)
    surprises = []
    for route, (read, posted) in table().items():
        url = url_of(route)
        for what, least, get_in in (("GET", read, get), ("POST", posted, post)):
            if least == who and not get_in(client, url):
                surprises.append(f"{what} {route}: refused to {who}")
            if beyond(who, least) and get_in(client, url):
                surprises.append(f"{what} {route}: open to {who}")
    assert surprises == []


def beyond(who: str, least: str) -> bool:
    """Whether something is for others than `who`, who are more."""
    return least == NOT_EVEN_SUPERUSERS or PEOPLE.index(who) < PEOPLE.index(least)
