"""Tags that every service takes: the validator, botocore's model of CloudFront, and the emulator agree."""

from __future__ import annotations

import pytest

from channels_app.services.tags import TAGS_MAX, tags_error
from emulator import codec
from emulator.shapes import violations


def taken_by_cloudfront(key: str, value: str) -> bool:
    """Whether botocore's model of CloudFront allows the tag."""
    model = codec.load("cloudfront")
    assert model is not None
    return not list(violations(model.shape_for("Tag"), {"Key": key, "Value": value}))


@pytest.mark.parametrize("text", ["team", "a b", "Événements", "日本", "_.:/=+-@", "2026", "Ⅻ"])
def test_letters_digits_spaces_and_a_few_signs_are_taken(text: str) -> None:
    assert tags_error({text: text}) is None
    assert taken_by_cloudfront(text, text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("R&D #1", "'&'"),
        ("50%", "'%'"),
        ("live 🎥", "'🎥'"),
        ("x\u0301", "U+0301"),
        ("(one)", "'('"),
    ],
    ids=["and", "percent", "emoji", "combining", "bracket"],
)
def test_another_character_is_refused_by_its_name(text: str, named: str) -> None:
    assert not taken_by_cloudfront("key", text)
    assert not taken_by_cloudfront(text, "value")
    assert tags_error({"key": text}) == (
        f"AWS does not take {named} in the value of the tag 'key'. Use letters, digits, spaces and _.:/=+-@"
    )
    assert f"does not take {named} in the tag key" in str(tags_error({text: "value"}))


@pytest.mark.parametrize("text", ["a\tb", "a\u00a0b"], ids=["tab", "no-break space"])
def test_what_cannot_be_seen_is_refused(text: str) -> None:
    assert "names hold visible characters only" in str(tags_error({"key": text}))
    assert "names hold visible characters only" in str(tags_error({text: "value"}))


def test_an_empty_value_is_taken_and_an_empty_key_is_not() -> None:
    assert tags_error({"key": ""}) is None
    assert "1 to 128" in str(tags_error({"": "value"}))


def test_lengths_number_and_prefixes_are_limited() -> None:
    assert "at most 40 tags" in str(tags_error({str(number): "" for number in range(TAGS_MAX + 1)}))
    assert "at most 256" in str(tags_error({"key": "x" * 257}))
    for key in ("aws:mine", "STREAMHUB:mine"):
        assert "reserved" in str(tags_error({key: "value"}))
