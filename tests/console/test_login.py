"""After signing in one lands on a page that exists, and on no other site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def anna(db: None) -> User:
    return User.objects.create_superuser("anna", password=PASSWORD)


def lands_on(client: Client, aim: str | None, *, in_form: bool = True) -> str:
    """The path of the page after signing in with this `next`."""
    aims = {} if aim is None else {"next": aim}
    form = {"username": "anna", "password": PASSWORD, **(aims if in_form else {})}
    url = reverse("admin:login", query={} if in_form else aims)
    answer = client.post(url, form, follow=True)
    assert answer.status_code == 200, answer.redirect_chain
    return str(answer.request["PATH_INFO"])


def test_without_an_aim_it_is_the_dashboard(client: Client) -> None:
    assert lands_on(client, None) == "/admin/"


@pytest.mark.parametrize("in_form", [True, False])
@pytest.mark.parametrize(
    "aim",
    [
        "",
        "/nothing",
        "/admin/nothing/",
        "/admin/logout/",
        "/admin/login/?next=/admin/login/",
        "/api/v1/channels",
        "https://evil.example/",
        "//evil.example/admin/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http://[::1",
        "/admin/%00",
        "²",
    ],
)
def test_a_bad_aim_is_the_dashboard(client: Client, aim: str, in_form: bool) -> None:
    assert lands_on(client, aim, in_form=in_form) == "/admin/"


def test_an_aim_with_nul_is_the_dashboard(client: Client) -> None:
    assert lands_on(client, "/admin/\0") == "/admin/"


@pytest.mark.parametrize(
    "aim",
    ["/admin/", "/admin/drift/", "/admin/channels_app/channel/", "/admin/channels_app/channel/?view=live"],
)
def test_a_page_that_was_asked_for_is_where_one_lands(client: Client, aim: str) -> None:
    assert lands_on(client, aim) == aim.partition("?")[0]


def test_a_wrong_password_says_what_is_wrong_and_nothing_else(client: Client) -> None:
    """No heading "correct this" with nothing below it."""
    answer = client.post("/admin/login/", {"username": "anna", "password": "wrong"})
    page = answer.content.decode()
    assert "not correct" in page
    assert "Please correct this" not in page
    assert "Please correct this" in client.post("/admin/login/", {"username": "anna"}).content.decode()


@pytest.mark.parametrize(
    ("referer", "aim"),
    [
        ("http://testserver/admin/channels_app/breakout/?q=hall", "/admin/channels_app/breakout/?q=hall"),
        ("http://evil.example/admin/", "/admin/channels_app/breakout/bulk/stop/"),
        ("http://[::1", "/admin/channels_app/breakout/bulk/stop/"),
        ("", "/admin/channels_app/breakout/bulk/stop/"),
    ],
)
def test_a_form_without_a_session_leads_back_to_the_page_with_the_form(
    client: Client, referer: str, aim: str
) -> None:
    answer = client.post("/admin/channels_app/breakout/bulk/stop/", {}, headers={"referer": referer})
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        reverse("admin:login", query={"next": aim}).replace("%2F", "/"),
    )


def test_a_form_with_a_session_goes_where_it_goes(client: Client) -> None:
    client.force_login(User.objects.get())
    answer = client.post("/admin/logout/", {}, headers={"referer": "http://testserver/admin/alerts/alarm/"})
    assert "next=/admin/alerts" not in answer.headers.get("Location", "")
