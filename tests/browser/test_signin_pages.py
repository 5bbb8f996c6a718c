"""Every page of signing in, light and dark, wide and narrow: each fits, axe-core reports nothing severe."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, Page, expect

from streamhub.console import roles
from tests.browser import provider
from tests.browser.door import PASSWORD, code, sign_in, use, with_authenticator
from tests.browser.gallery import SCHEMES, Gallery, Shoot, assert_nothing_wrong
from tests.browser.staff import Staff
from tests.scenarios.world import WorldUnderTest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
PEOPLE = ({"sub": "carl", "preferred_username": "carl", "email": "c@example.com", "groups": ["canteen"]},)


@pytest.fixture
def visitors(browser: Browser, live_server: Any, world: WorldUnderTest, shoot: Shoot) -> Any:
    """`visitors(scheme)`: a gallery of somebody who is not signed in. Script errors fail the test."""
    roles.seed()
    opened: list[Staff] = []

    def gallery(scheme: str) -> Gallery:
        staff = Staff(browser, live_server.url.replace("127.0.0.1", "localhost"), world.control.url)
        for url in ("http://127.0.0.1:", "https://cdn.jsdelivr.net/"):  # the provider, and its style
            staff.also_reaches(url)
        opened.append(staff)
        return Gallery(staff.anonymous_page(scheme), shoot, scheme)

    yield gallery
    for staff in opened:
        staff.close()
    assert [problem for staff in opened for problem in staff.problems] == []


def account(name: str, *, superuser: bool = False, role: str = "operator") -> User:
    make = User.objects.create_superuser if superuser else User.objects.create_user
    user = make(name, password=PASSWORD, is_staff=True)
    user.groups.set([] if superuser else Group.objects.filter(name=role))
    return user


def with_factors(user: User) -> str:
    """Give the user an app and recovery codes; returns the secret of the app."""
    secret = str(totp.generate_totp_secret())
    totp.TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def confirm(page: Page) -> None:
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.locator("#id_name").wait_for()


def add_passkey(gallery: Gallery) -> None:
    page = gallery.page
    with_authenticator(page)
    gallery.visit("factors-passkey-add", "account/2fa/webauthn/add/", confirm)
    page.fill("#id_name", "laptop")
    page.check("#id_passwordless")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(re.compile("/2fa/(?!webauthn/add/)"))


@SCHEMES
def test_before_one_is_signed_in(visitors: Callable[[str], Gallery], settings: Any, scheme: str) -> None:
    secret = with_factors(account("anna", superuser=True))
    gallery = visitors(scheme)
    page: Page = gallery.page
    with provider.running(*PEOPLE) as url:
        use(settings, url, {"sso-ops": "operator"})
        gallery.visit("signin-choice", "login/")
        page.get_by_role("button", name="Sign in with House").click()
        page.get_by_role("button", name="carl").click()
        expect(page.get_by_role("heading", name="No role")).to_be_visible()
        gallery.capture("signin-no-role")
    gallery.visit("signin-provider-down", "login/", to_the_provider)
    gallery.visit("signin-wrong-password", "login/", lambda page: sign_in(page, "wrong", "anna"))
    gallery.visit("signin-code", "login/", lambda page: sign_in(page, PASSWORD, "anna"))
    page.fill("#id_code", "000000")
    page.get_by_role("button", name="Sign In").click()
    expect(page.get_by_role("alert")).to_be_visible()
    gallery.capture("signin-code-wrong")
    page.context.clear_cookies()  # else the code is still waited for
    for _ in range(5):
        page.goto("/admin/login/")
        sign_in(page, "wrong", "berta")
    expect(page.get_by_role("heading", name="Too many attempts")).to_be_visible()
    gallery.capture("signin-locked")
    page.goto("/admin/login/")
    sign_in(page, PASSWORD, "anna")
    page.fill("#id_code", code(secret))
    page.get_by_role("button", name="Sign In").click()
    page.wait_for_url("**/admin/")
    add_passkey(gallery)
    for name, path in ACCOUNT.items():
        gallery.visit(name, path)
    gallery.visit("confirm-provider", "account/confirm/provider/")
    assert_nothing_wrong(gallery)


def to_the_provider(page: Page) -> None:
    page.get_by_role("button", name="Sign in with House").click()
    expect(page.get_by_role("heading", name="The provider does not answer")).to_be_visible()


ACCOUNT = {
    "factors": "account/2fa/",
    "factors-app-off": "account/2fa/totp/deactivate/",
    "factors-recovery": "account/2fa/recovery-codes/",
    "factors-recovery-new": "account/2fa/recovery-codes/generate/",
    "factors-passkeys": "account/2fa/webauthn/",
    "confirm-password": "account/confirm/",
    "confirm-code": "account/2fa/reauthenticate/",
    "password-change": "password_change/",
    "password-changed": "password_change/done/",
    "signout": "account/logout/",
}


@SCHEMES
def test_who_has_to_add_a_second_factor_first(
    visitors: Callable[[str], Gallery], settings: Any, scheme: str
) -> None:
    settings.MFA_REQUIRED_GROUPS = ["operator"]
    account("dora")
    gallery = visitors(scheme)
    sign_in(gallery.page, PASSWORD, "dora")
    gallery.page.wait_for_url("**/2fa/**")
    gallery.capture("factor-required")
    gallery.visit("factor-app-add", "account/2fa/totp/activate/")
    assert_nothing_wrong(gallery)
