"""The content security policy: no inline script, no script of another host."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from streamhub.signin.options import policy


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/login/", "/api/v1/docs", "/api/v1/openapi.json", "/nothing"]
)
def test_every_page_has_the_policy(client: Client, anna: User, path: str) -> None:
    client.force_login(anna)
    header = client.get(path)["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in header.split(";"))
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["default-src"] == "'self'"


def test_a_live_installation_names_no_plain_http() -> None:
    assert "http:" not in str(policy(False, "")).replace("https:", "")


def test_forms_may_lead_to_the_provider_only_if_there_is_one() -> None:
    assert policy(False, "")["form-action"] == ["'self'"]
    assert policy(False, "https://id.example.com/realm")["form-action"][-1] == "https://id.example.com"
