"""In another language a page has no English text of ours: every one is marked, extracted and looked up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.apps import apps
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from channels_app.admin.breakout_verbs import VERBS
from channels_app.admin.room_buttons import buttons
from channels_app.guards import breakout as breakout_guards
from channels_app.guards import channel as channel_guards
from channels_app.guards.places import Places, none_to_create, none_to_run
from channels_app.services.validation import UNREAD as A_CHANNEL
from channels_app.services.validation import channel_errors
from streamhub.access.models import AuditEntry
from streamhub.console.verbs import Offer
from tests.scenarios import pseudo_locale
from tests.scenarios.one_of_everything import OneOfEverything

WORD = re.compile(r"[A-Za-z]{2,}")
READ = ("title", "aria-label", "alt", "placeholder")
UNREAD = {"script", "style", "code", "kbd"}
VOID = {"img", "input", "br", "meta", "link", "hr", "source", "path", "rect", "line"}
STORED = {"CharField", "TextField", "JSONField", "SlugField", "EmailField"}
# Proper names and units, and how the test's own installation is named.
NAMES = {"StreamHub", "AWS", "UTC", "GB", "MB", "local", "eu", "central"}
# Texts of Unfold that its own catalogues do not have.
UNFOLDS = {"Type", "to", "search", "Select", "action", "run", "Run", "all", "rows", "record"}


def test_gettext_can_read_what_is_marked() -> None:
    """An f-string or a variable inside of the mark would be no text that a translator gets."""
    done = pseudo_locale.extracted()
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    for text in ("Fill this in.", "Control room: %(row)s", "Nothing has happened yet.", "stream key"):
        assert f'msgid "{text}"' in done.stdout


class Texts(HTMLParser):
    """What people read of a page: the texts between its tags, and in the attributes that are read out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if self._in or tag in UNREAD or "material-symbols" in values.get("class", ""):
            self._in += [tag] if tag not in VOID else []
        self.found += [values[name] for name in READ if name in values]

    def handle_endtag(self, tag: str) -> None:
        if self._in and self._in[-1] == tag:
            self._in.pop()

    def handle_data(self, data: str) -> None:
        if not self._in:
            self.found.append(" ".join(data.split()))


def data() -> set[str]:
    """The words of all rows, but not the names of states: these are translated."""
    words: set[str] = set()
    for model in apps.get_models():
        columns = [each.attname for each in model._meta.fields if each.get_internal_type() in STORED]
        kept = [name for name in columns if not name.endswith(("state", "status", "_type", "kind"))]
        for row in model._default_manager.values_list(*kept):
            words.update(WORD.findall(" ".join(map(str, row))))
    return words


def english(page: str, names: set[str]) -> list[str]:
    """The texts with a word that is neither translated nor a name."""
    return [text for text in Texts(page).found if set(WORD.findall(text)) - names]


@pytest.fixture
def anna(db: None) -> User:
    """Somebody with a second factor."""
    anna = User.objects.create_user("anna", password="correct horse battery", is_staff=True)
    totp.TOTP.activate(anna, totp.generate_totp_secret())
    return anna


@pytest.fixture
def elsewhere(settings: Any, tmp_path: Path) -> Iterator[None]:
    pseudo_locale.write(tmp_path)
    settings.LOCALE_PATHS = [tmp_path]
    with translation.override(pseudo_locale.CODE):
        yield


@pytest.mark.django_db
@pytest.mark.usefixtures("elsewhere")
def test_what_is_stored_has_one_language(superuser: Client, anna: User) -> None:
    superuser.post(reverse("admin:access_auditentry_export"))
    client = Client()
    client.post("/admin/login/", {"username": "anna", "password": "correct horse battery"})
    client.post("/admin/account/2fa/authenticate/", {"code": "000000"})
    assert AuditEntry.objects.get(verb="export_auditentry").object_kind == "audit entry"
    assert "by: second factor" in AuditEntry.objects.get(verb="login", outcome="refused").detail


@pytest.mark.usefixtures("elsewhere")
def test_what_is_possible_instead_is_named_in_the_apis_words() -> None:
    taken = breakout_guards.Situation(
        "idle",
        channel_state="running",
        channel_desired="running",
        other_on_air="keynote",
        other_state="running",
    )
    failed = breakout_guards.Situation("failed", channel_state="failed", channel_desired="idle")
    on_air = channel_guards.Situation("running", "running", on_air="keynote", runs=True)
    full = Places(1, 1)
    none_left = [refusal for refusal in (none_to_run(full), none_to_create(full)) if refusal]
    assert [
        *breakout_guards.TABLE.instead("start", taken),
        *breakout_guards.TABLE.instead("start", failed),
        *channel_guards.TABLE.instead("delete", on_air),
        *channel_guards.ENCODER_TABLE.instead("edit", on_air),
        *(each for refusal in none_left for each in refusal.possible or ()),
    ] == [
        "take-over",
        "stop the other breakout",
        "retry the channel",
        "stop the breakout",
        "edit the other fields",
        "stop another channel",
        "delete another channel",
    ]
    (start,) = (verb for verb in VERBS if verb.name == "start")
    (button,) = buttons([Offer(start, "/", "It is not possible.")], taken, "")
    assert button.instead[-1] == pseudo_locale.other("stop the other breakout")


@pytest.mark.usefixtures("elsewhere")
def test_a_refusal_is_in_the_language_but_for_its_values() -> None:
    wrong = {"input_type": "URL_PULL", "source_urls": ["http://a.local/x.m3u8"]}
    found, _cidrs = channel_errors({**A_CHANNEL, **wrong, "encoding_profile": "9"}, ("1080p",))
    said = " ".join(found.values())
    assert sorted(found) == ["encoding_profile", "name", "source_urls"]
    assert set(WORD.findall(said)) <= {"local"}


@pytest.mark.usefixtures("elsewhere")
def test_a_standalone_page_says_its_language() -> None:
    assert f'<html lang="{pseudo_locale.CODE}">' in render_to_string("404.html")


@pytest.mark.django_db
@pytest.mark.usefixtures("elsewhere")
def test_in_another_language_no_page_has_a_text_of_ours_in_english(superuser: Client) -> None:
    site = OneOfEverything()
    names = data() | NAMES | UNFOLDS
    for url in (
        reverse("admin:index"),
        reverse("admin:channels_app_breakout_changelist"),
        reverse("admin:channels_app_breakout_control", args=[site.live.pk]),
    ):
        page = superuser.get(url).content.decode()
        assert (url, english(page, names)) == (url, [])
        carried = json.loads(
            page.partition('id="sh-texts" type="application/json">')[2].partition("</script>")[0]
        )
        assert [text for text in carried.values() if WORD.search(re.sub(r"\{\w+\}", "", text))] == []
