"""The page of messages is current, and none of them reads like a form letter or a riddle."""

from __future__ import annotations

import re

import pytest

from tests.docs import messages

BANNED = {
    "a plural in brackets": r"\w\((?:s|es)\)",
    "a fixed plural after one": r"(?<![\d.,-])\b1 \w+s\b(?! \w*(?:is|in)\b)",
    "a private word": r"\b(?:mend|gone round|bad day|of before|the house|furnish)\b",
    "two spaces or a space before a full stop": r"  | \.(?!\w)",
    "an exclamation": r"\w!(?:\s|$)",
}


def test_the_page_of_messages_is_current() -> None:
    assert messages.PAGE.read_text() == messages.listing(), "run: python -m tests.docs.messages"


def test_the_page_has_code_and_templates() -> None:
    page = messages.PAGE.read_text()
    assert "- Stop it if no breakout needs it soon." in page
    assert "- Database and AWS agree." in page


@pytest.mark.parametrize("what", BANNED)
def test_no_message_has(what: str) -> None:
    lines = [line for line in messages.listing().splitlines() if line.startswith("- ")]
    assert [line for line in lines if re.search(BANNED[what], line)] == []
