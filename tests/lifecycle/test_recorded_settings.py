"""Recorded settings are texts that the database can compare."""

from __future__ import annotations

from streamhub.lifecycle.recorded_settings import differing, encoded


def test_equal_settings_have_equal_texts_in_any_order() -> None:
    assert encoded({"b": "2", "a": "1"}) == encoded({"a": "1", "b": "2"})
    assert encoded({"a": "1"}) != encoded({"a": "2"})


def test_what_differs_is_named() -> None:
    recorded = encoded({"key group": "old", "role": "same"})
    assert differing(recorded, {"key group": "new", "role": "same", "added": "x"}) == ["added", "key group"]


def test_nothing_recorded_is_all_different() -> None:
    assert differing("", {"role": "", "key group": ""}) == ["key group", "role"]
