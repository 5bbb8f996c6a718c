"""docs/security.md: its limits, variables and events are those of the code."""

from __future__ import annotations

import re
from typing import get_args

from django.conf import settings

from streamhub.access.login_events import Event
from streamhub.access.passwords import LEAST_DIFFERENT
from streamhub.signin import throttle
from tests.docs.pages import ROOT, page, section

PAGE = page("docs/security.md")


def test_the_limits_are_those_of_the_code() -> None:
    text = PAGE.partition("### Guessing\n")[2].partition("### ")[0]
    cooloff = int(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    assert f"| {settings.AXES_FAILURE_LIMIT} failures | {cooloff} minutes" in text
    for limit in (throttle.ADDRESS, throttle.ACCOUNT):
        assert f"| {limit.failures} failures in {limit.seconds // 60} minutes |" in text


def test_every_variable_of_signing_in_has_its_default() -> None:
    settings_page = (ROOT / "streamhub/settings.py").read_text()
    part = settings_page.partition("# --- Signing in")[2].partition("ACCOUNT_ADAPTER")[0]
    read = set(re.findall(r'env(?:\.str\(|, )"([A-Z_]+)"', part))
    read |= set(re.findall(r'words\(env, "([A-Z_]+)"', part))
    assert read
    assert {name for name in read if f"`{name}`" not in section(PAGE, "Signing in")} == set()
    for name in ("SESSION_IDLE_MINUTES", "SESSION_MAX_HOURS", "RECENT_SIGN_IN_MINUTES"):
        assert re.search(rf"`{name}`.*\({getattr(settings, name)}\)", PAGE)


def test_the_rule_for_passwords_is_that_of_the_validators() -> None:
    validators = settings.AUTH_PASSWORD_VALIDATORS
    (least,) = (each["OPTIONS"]["min_length"] for each in validators if "OPTIONS" in each)
    assert f"{least} characters or more, {LEAST_DIFFERENT} different ones" in PAGE


def test_each_kind_of_event_is_recorded_somewhere() -> None:
    files = [path for path in (ROOT / "streamhub").rglob("*.py") if path.name != "login_events.py"]
    code = "".join(path.read_text() for path in files)
    assert {event for event in get_args(Event) if f'"{event}"' not in code} == set()
