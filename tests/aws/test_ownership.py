"""The ownership mark: which resources StreamHub may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhub.aws.ownership import (
    COMMENT_MAX,
    MARK_TEXT_MAX,
    NO_MARK,
    Mark,
    comment_marker,
    is_still,
    mark_of_tags,
    parse_comment,
    tags,
    text_of,
    text_of_comment,
)

OWNER = "0123456789abcdef" * 2


def test_tags_have_the_mark_and_custom_tags() -> None:
    assert tags("prod", "channel", OWNER, {"team": "events"}) == {
        "team": "events",
        "streamhub:environment": "prod",
        "streamhub:resource": "channel",
        "streamhub:owner": OWNER,
    }


@pytest.mark.parametrize("key", ["streamhub:owner", "StreamHub:Owner", "aws:cloudformation:stack-name"])
def test_custom_tags_cannot_replace_the_mark(key: str) -> None:
    marked = tags("prod", "channel", OWNER, {key: "somebody"})
    assert mark_of_tags(marked) == Mark("prod", "channel", OWNER)
    assert len(marked) == 3


@pytest.mark.parametrize("missing", ["streamhub:environment", "streamhub:resource", "streamhub:owner"])
def test_an_incomplete_mark_is_no_mark(missing: str) -> None:
    marked = tags("prod", "channel", OWNER)
    del marked[missing]
    assert mark_of_tags(marked) == NO_MARK


@given(label=st.text(max_size=300))
def test_the_mark_of_a_comment_can_be_read_with_any_label(label: str) -> None:
    comment = comment_marker("e" * 32, OWNER, label)
    assert len(comment) <= COMMENT_MAX
    assert "\n" not in comment
    assert parse_comment(comment) == Mark("e" * 32, "distribution", OWNER)


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "my own distribution",
        f"see streamhub:prod:distribution:{OWNER}",
        f"streamhub:prod:distribution:{OWNER}0",
        f"streamhub:prod:distribution:{OWNER[:-1]}",
        f"streamhub::distribution:{OWNER}",
        f"streamhub:prod:{OWNER}",
    ],
)
def test_text_that_only_resembles_a_mark_is_no_mark(comment: str) -> None:
    assert parse_comment(comment) == NO_MARK


@pytest.mark.parametrize(
    ("environment", "owner"), [("a b", OWNER), ("", OWNER), ("prod", "42"), ("prod", OWNER.upper())]
)
def test_an_invalid_mark_is_not_written(environment: str, owner: str) -> None:
    with pytest.raises(ValueError, match="not a valid mark"):
        comment_marker(environment, owner, "label")


CHANNEL = Mark("prod", "channel", OWNER)


@pytest.mark.parametrize(
    ("environment", "wanted", "belongs"),
    [
        ("prod", {}, True),
        ("prod", {"resource": "channel"}, True),
        ("prod", {"owner": OWNER}, True),
        ("prod", {"resource": "channel", "owner": OWNER}, True),
        ("pro", {}, False),
        ("pro", {"resource": "channel", "owner": OWNER}, False),
        ("prod", {"resource": "distribution"}, False),
        ("prod", {"owner": OWNER[::-1]}, False),
        ("prod", {"resource": "distribution", "owner": OWNER}, False),
        ("prod", {"resource": "channel", "owner": ""}, False),
    ],
)
def test_a_mark_belongs_to_its_environment_kind_and_row(
    environment: str, wanted: dict[str, str], belongs: bool
) -> None:
    assert CHANNEL.belongs_to(environment, **wanted) is belongs


@pytest.mark.parametrize("environment", ["prod", ""])
def test_a_resource_without_a_mark_belongs_to_no_environment(environment: str) -> None:
    assert not NO_MARK.belongs_to(environment)
    assert not NO_MARK.belongs_to(environment, resource="", owner="")


# --- still ours ------------------------------------------------------------------------------

OURS = Mark("prod", "channel", OWNER)
ENVIRONMENT, RESOURCE, THE_OWNER = "streamhub:environment", "streamhub:resource", "streamhub:owner"
STILL = [
    # what differs from our tags (None: the tag is missing), whether it is still ours
    ({}, True),
    ({"team": "weather"}, True),
    ({RESOURCE: None}, True),
    ({ENVIRONMENT: None}, True),
    ({THE_OWNER: None}, True),
    ({ENVIRONMENT: None, RESOURCE: None}, True),
    ({THE_OWNER: None, RESOURCE: None}, True),
    ({ENVIRONMENT: None, THE_OWNER: None}, False),
    ({ENVIRONMENT: None, THE_OWNER: None, RESOURCE: None}, False),
    ({ENVIRONMENT: "weather"}, False),
    ({THE_OWNER: "f" * 32}, False),
    ({RESOURCE: "distribution"}, False),
    ({THE_OWNER: OWNER + "x"}, False),
    ({ENVIRONMENT: "prod|channel"}, False),
    ({ENVIRONMENT: "x" * 256}, False),
]


@pytest.mark.parametrize(("changed", "expected"), STILL)
def test_one_of_two_marks_is_enough_unless_a_tag_names_others(
    changed: dict[str, str | None], expected: bool
) -> None:
    marked = {**tags("prod", "channel", OWNER), **changed}
    text = text_of({key: value for key, value in marked.items() if value is not None})
    assert is_still(text, OURS) is expected
    assert 0 < len(text) <= MARK_TEXT_MAX


def test_a_comment_says_whose_a_distribution_is() -> None:
    ours = comment_marker("prod", OWNER, "stage")
    assert is_still(text_of_comment(ours), Mark("prod", "distribution", OWNER))
    for other in ("", "by hand", ours.replace("prod", "test"), "streamhub:prod"):
        assert not is_still(text_of_comment(other), Mark("prod", "distribution", OWNER))
        assert text_of_comment(other)
