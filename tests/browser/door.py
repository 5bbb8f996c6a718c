"""What tests of signing in do in the browser: fill in the form, make a code, choose a provider."""

from __future__ import annotations

from time import time
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Page

from streamhub.signin import options
from tests.browser.clicking import follow

PASSWORD = "correct horse battery"


def sign_in(page: Page, password: str = PASSWORD, name: str = "anna") -> None:
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    follow(page, page.locator("#login-form button[type=submit]"))


def code(secret: str) -> str:
    """The code that an app with this secret shows now."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time()) // 30)))


def use(settings: Any, url: str, group_map: dict[str, str]) -> None:
    """Sign in by the provider at this address."""
    settings.OIDC_SERVER_URL = url
    settings.OIDC_GROUP_MAP = group_map
    scope = ["openid", "profile", "email"]
    settings.SOCIALACCOUNT_PROVIDERS = options.providers(url, "streamhub", "secret", "House", scope)
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": options.policy(True, url)}


def with_authenticator(page: Page) -> None:
    """Give the page a virtual authenticator, which keeps passkeys and whose user says yes."""
    chromium = page.context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    chromium.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
