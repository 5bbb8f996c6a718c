"""Which of two keys signs, so that a rotation has no gap."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributions.signing_choice import SETTLED_AFTER, KeyFacts, choose

LONG, SHORT = SETTLED_AFTER, SETTLED_AFTER - timedelta(seconds=1)


def key(
    id: str, in_group: bool | None, since: timedelta | None = None, matches: bool | None = True
) -> KeyFacts:
    return KeyFacts(id, in_group, since, matches)


THERE = key("now", True, LONG)


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ([], None),
        ([THERE], "now"),
        ([key("now", None, matches=None)], "now"),  # not looked at yet
        ([key("now", False)], None),
        ([key("now", True, LONG, matches=False)], None),
        ([THERE, key("next", None)], "now"),
        ([THERE, key("next", False)], "now"),
        ([THERE, key("next", True, SHORT)], "now"),
        ([THERE, key("next", True)], "now"),
        ([THERE, key("next", True, LONG)], "next"),
        ([THERE, key("next", True, LONG, matches=None)], "next"),
        ([THERE, key("next", True, LONG, matches=False)], "now"),
        ([key("now", False), key("next", True, LONG)], "next"),
        ([key("now", False), key("next", True, SHORT)], "next"),  # better than refusing everybody
        ([key("now", False), key("next", None, matches=None)], "next"),
        ([key("now", False), key("next", False)], None),
        ([key("now", None), key("next", True, LONG)], "next"),
    ],
)
def test_the_next_key_signs_once_the_group_has_had_it(keys: list[KeyFacts], chosen: str | None) -> None:
    assert choose(keys) == chosen
