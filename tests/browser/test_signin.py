"""Signing in, in Chromium: password and code, passkey, the provider, lockout, the end of a session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as product
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from streamhub.clock import database_now
from streamhub.console import roles
from streamhub.signin import sessions
from streamhub.signin.session_store import SessionStore
from tests.browser import provider
from tests.browser.clicking import follow
from tests.browser.door import PASSWORD, code, sign_in, use, with_authenticator
from tests.browser.staff import PHONE, WIDE
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser
DASHBOARD = re.compile(r"/admin/$")


@pytest.fixture
def door(browser: Browser, live_server: Any, world: WorldUnderTest) -> Iterator[Page]:
    """The sign-in page, with anna of the staff. What the content security policy refuses fails the test."""
    roles.seed()
    User.objects.create_superuser("anna", password=PASSWORD)
    context = browser.new_context(viewport=WIDE, base_url=live_server.url.replace("127.0.0.1", "localhost"))
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Security Policy" in line.text else None)
    page.goto("/admin/")
    yield page
    context.close()
    assert refused == []


def sign_out(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/admin/")


def test_password_and_app(door: Page, shoot: Callable[[Page, str], None]) -> None:
    for size in (PHONE, WIDE):
        door.set_viewport_size(size)
        shoot(door, "signin")
    sign_in(door)
    door.wait_for_url(DASHBOARD)
    door.goto("/admin/account/2fa/")
    shoot(door, "second-factor")
    door.get_by_text("Activate").click()
    door.fill("#id_password", PASSWORD)
    door.get_by_role("button", name="Confirm").click()
    secret = door.locator("#authenticator_secret").input_value()
    shoot(door, "second-factor-app")
    door.fill("#id_code", code(secret))
    door.get_by_role("button", name="Activate").click()
    expect(door.locator("#recovery_codes")).to_be_visible()
    sign_out(door)
    sign_in(door)
    door.wait_for_url("**/2fa/authenticate/")
    shoot(door, "second-factor-code")
    door.fill("#id_code", "000000")
    door.get_by_role("button", name="Sign In").click()
    expect(door.get_by_role("alert")).to_contain_text("Incorrect code")
    door.fill("#id_code", code(secret))
    door.get_by_role("button", name="Sign In").click()
    door.wait_for_url(DASHBOARD)


def test_a_passkey(door: Page, shoot: Callable[[Page, str], None]) -> None:
    with_authenticator(door)
    sign_in(door)
    door.wait_for_url(DASHBOARD)
    door.goto("/admin/account/2fa/webauthn/add/")
    door.fill("#id_password", PASSWORD)
    door.get_by_role("button", name="Confirm").click()
    door.fill("#id_name", "laptop")
    door.check("#id_passwordless")
    shoot(door, "passkey-add")
    door.click("#mfa_webauthn_add")
    door.wait_for_url("**/2fa/**")
    expect(door.get_by_text("laptop").or_(door.locator("#recovery_codes")).first).to_be_visible()
    assert Authenticator.objects.filter(type="webauthn").count() == 1
    sign_out(door)
    door.click("#passkey_login")
    door.wait_for_url(DASHBOARD)


def test_the_house_provider(door: Page, settings: Any, shoot: Callable[[Page, str], None]) -> None:
    people = (
        {"sub": "berta", "preferred_username": "berta", "email": "b@example.com", "groups": ["sso-ops"]},
        {"sub": "carl", "preferred_username": "carl", "email": "c@example.com", "groups": ["canteen"]},
    )
    with provider.running(*people) as url:
        use(settings, url, {"sso-ops": "operator"})
        door.goto("/admin/channels_app/channel/")
        shoot(door, "signin-provider")
        door.get_by_role("button", name="Sign in with House").click()
        door.get_by_role("button", name="berta").click()
        door.wait_for_url("**/admin/channels_app/channel/")
        berta = User.objects.get(username="berta")
        assert (berta.is_staff, berta.is_superuser) == (True, False)
        assert [group.name for group in berta.groups.all()] == ["operator"]
        assert not berta.has_usable_password()

        sign_out(door)
        door.get_by_role("button", name="Sign in with House").click()
        door.get_by_role("button", name="carl").click()
        expect(door.get_by_role("heading", name="No role")).to_be_visible()
        shoot(door, "signin-no-role")
        assert not User.objects.filter(username="carl").exists()

        settings.OIDC_GROUP_MAP = {}  # the groups of berta give nothing any more
        sign_out(door)
        door.get_by_role("button", name="Sign in with House").click()
        door.get_by_role("button", name="berta").click()
        expect(door.get_by_role("heading", name="No role")).to_be_visible()
        berta.refresh_from_db()
        assert not berta.is_staff
        assert not berta.groups.exists()
    sign_out(door)
    door.get_by_role("button", name="Sign in with House").click()
    follow(door, door.get_by_role("button", name="Try again"))
    expect(door.get_by_role("heading", name="The provider does not answer")).to_be_visible()
    door.get_by_role("link", name="Back to sign-in").click()
    sign_in(door)
    door.wait_for_url(DASHBOARD)


ADD_USER = "/admin/auth/user/add/"


def test_confirm_access_without_a_password_here(
    door: Page, settings: Any, shoot: Callable[[Page, str], None]
) -> None:
    """The provider asks. Who it lets pass as known, without asking, has confirmed nothing."""
    an_hour_ago = int((database_now() - timedelta(hours=1)).timestamp())
    people = (
        {"sub": "dora", "preferred_username": "dora", "groups": ["sso-root"]},
        {"sub": "emil", "preferred_username": "emil", "groups": ["sso-root"], "auth_time": an_hour_ago},
    )
    with provider.running(*people) as url:
        use(settings, url, {"sso-root": "administrator"})
        door.reload()
        door.get_by_role("button", name="Sign in with House").click()
        door.get_by_role("button", name="dora").click()
        door.wait_for_url(DASHBOARD)
        assert not User.objects.get(username="dora").has_usable_password()
        store = SessionStore(Session.objects.get().session_key)
        earlier = (database_now() - timedelta(hours=1)).isoformat()
        store.update({sessions.SIGNED_IN: earlier, sessions.PROVED: earlier})
        store.save()
        door.goto(ADD_USER)
        expect(door.get_by_role("heading", name="Confirm access")).to_be_visible()
        expect(door.get_by_role("alert")).to_have_count(0)
        shoot(door, "confirm-provider")
        door.get_by_role("button", name="Continue with House").click()
        door.wait_for_url(re.compile(r"prompt=login"))
        door.get_by_role("button", name="dora").click()
        door.wait_for_url(f"**{ADD_USER}")
        expect(door.locator("#id_username")).to_be_visible()

        sign_out(door)
        door.goto(f"/admin/login/?next={ADD_USER}")
        door.get_by_role("button", name="Sign in with House").click()
        door.get_by_role("button", name="emil").click()
        expect(door.get_by_role("heading", name="Confirm access")).to_be_visible()
        expect(door.get_by_role("alert")).to_contain_text("House signed you in without asking who you are")
        shoot(door, "confirm-provider-not-asked")
        door.get_by_role("button", name="Continue with House").click()
        door.get_by_role("button", name="emil").click()
        expect(door.get_by_role("heading", name="Confirm access")).to_be_visible()


def test_lockout(door: Page, shoot: Callable[[Page, str], None]) -> None:
    for _ in range(4):
        sign_in(door, "wrong")
        expect(door.locator("#login-form")).to_be_visible()
    shoot(door, "signin-refused")
    sign_in(door, "wrong")
    expect(door.get_by_role("heading", name="Too many attempts")).to_be_visible()
    shoot(door, "signin-locked")
    door.goto("/admin/")
    sign_in(door)
    expect(door.get_by_role("heading", name="Too many attempts")).to_be_visible()


def test_an_idle_session_ends_at_the_sign_in_page(door: Page) -> None:
    sign_in(door)
    door.wait_for_url(DASHBOARD)
    store = SessionStore(Session.objects.get().session_key)
    store[sessions.SEEN] = (database_now() - timedelta(minutes=product.SESSION_IDLE_MINUTES + 1)).isoformat()
    store.save()
    door.goto("/admin/channels_app/channel/")
    expect(door.locator("#login-form")).to_be_visible()
    sign_in(door)
    door.wait_for_url("**/admin/channels_app/channel/")
