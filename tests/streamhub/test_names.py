"""Names: one spelling, visible characters, one key; and the constraints that hold rows to it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from streamhub import names
from tests.scenarios import rows

NFD = "Cafe\u0301"
NFC = "Caf\u00e9"
# Each must be refused: with where it is from in the report of bugs that systems like this one had.
REFUSED = {
    "newline": "a\nb",
    "tab": "a\tb",
    "escape": "a\x1bb",
    "delete": "a\x7fb",
    "next line": "a\x85b",
    "no-break space": "a\u00a0b",
    "soft hyphen": "a\u00adb",
    "override": "a\u202eb",
    "isolate": "a\u2066b",
    "left-to-right mark": "a\u200eb",
    "zero-width space": "a\u200bb",
    "zero-width joiner": "a\u200db",
    "byte order mark": "a\ufeffb",
    "line separator": "a\u2028b",
    "Hangul filler": "a\u3164b",
    "tag character": "a\U000e0041b",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_seen_is_refused_by_name(text: str) -> None:
    error = names.characters_error(text)
    assert error is not None
    assert f"U+{ord(text[1]):04X}" in error
    assert "position 2" in error


def test_the_message_has_unicodes_name() -> None:
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in str(names.characters_error("a\u202eb"))
    assert "U+000A LINE FEED" in str(names.characters_error("a\nb"))


@pytest.mark.parametrize(
    "text", ["Halle 2", "Straße", "大ホール", "קול", "🎤 Keynote", "❤\ufe0f", "a-b_c.d/e", NFC]
)
def test_what_people_write_stays(text: str) -> None:
    assert names.characters_error(text) is None


def test_every_control_bidirectional_and_zero_width_character_is_refused() -> None:
    """Held against Unicode's own tables, not against our list."""
    left = [
        chr(n)
        for n in range(0x110000)
        if unicodedata.category(chr(n)) in ("Cc", "Cf", "Zl", "Zp", "Zs")
        and chr(n) != " "
        and names.characters_error(chr(n)) is None
    ]
    assert [f"U+{ord(character):04X}" for character in left] == []


@given(st.text())
def test_composing_and_folding_settle(text: str) -> None:
    assert names.composed(names.composed(text)) == names.composed(text)
    assert names.folded(names.folded(text)) == names.folded(text)
    assert names.folded(names.composed(text)) == names.folded(text)


@given(st.text(max_size=64))
def test_a_folded_key_fits_its_column(text: str) -> None:
    assert len(names.folded(names.composed(text)[:64])) <= 3 * 64


@pytest.mark.parametrize(
    ("one", "other"),
    [(NFC, NFD), ("Straße", "STRASSE"), ("Main stage", "MAIN  STAGE"), ("ΣΑΣ", "σας"), ("❤", "❤\ufe0f")],
)
def test_twins_have_one_key(one: str, other: str) -> None:
    assert names.folded(one) == names.folded(other)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(lambda text: "\0" not in text))
def test_the_databases_pattern_says_what_the_function_says(text: str) -> None:
    assert (re.search(names.REFUSED_PATTERN, text) is None) == (names.characters_error(text) is None)
    in_schema = re.search(f"^[^{names.REFUSED_IN_SCHEMA}]*\\Z", text)
    assert (in_schema is not None) == (names.characters_error(text) is None)


def refused_by_the_database(make: Any) -> bool:
    try:
        with transaction.atomic():
            make()
    except IntegrityError:
        return True
    return False


@pytest.mark.django_db
@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_the_database_refuses_what_the_service_refuses(text: str) -> None:
    assert refused_by_the_database(lambda: rows.channel(name=text))
    assert refused_by_the_database(lambda: rows.breakout(name=text))
    assert refused_by_the_database(lambda: rows.channel(tags={"team": text}))
    assert refused_by_the_database(lambda: rows.channel(tags={text: "team"}))


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["C:\\new", "\\\\n", 'say "hi"', "Straße 🎤", "\\"])
def test_the_database_keeps_other_tags(text: str) -> None:
    row = rows.channel(tags={"team": text, text: "a"})
    row.refresh_from_db()
    assert row.tags == {"team": text, text: "a"}


@pytest.mark.django_db
def test_postgresql_refuses_what_is_not_composed() -> None:
    expected = connection.vendor == "postgresql"  # SQLite has no function for it
    assert refused_by_the_database(lambda: rows.channel(name=NFD)) is expected
    assert refused_by_the_database(lambda: rows.breakout(name=NFD)) is expected
    assert refused_by_the_database(lambda: rows.channel(tags={"a": NFD})) is expected


@pytest.mark.django_db
def test_the_database_allows_one_living_channel_of_a_name_however_it_is_written() -> None:
    rows.channel(name="Straße")
    assert refused_by_the_database(lambda: rows.channel(name="STRASSE"))
    rows.channel("deleting", name="strasse")
