"""When headroom is little, and how long a full quota is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streamhub.errors import Misconfigured
from streamhub.quotas.arithmetic import is_little, try_after
from streamhub.quotas.catalogue import BY_KEY, DISTRIBUTIONS, KINDS, parse_quotas


@pytest.mark.parametrize(
    ("limit", "headroom", "little"),
    [
        (200, 20, False),
        (200, 19, True),
        (30, 5, False),
        (30, 4, True),
        (5, 5, False),
        (5, 3, False),  # more than half
        (5, 2, True),
        (10, 5, False),
        (8, 4, True),
        (1, 0, True),
        (0, 0, True),
    ],
)
def test_little_is_less_than_a_tenth_or_than_five(limit: int, headroom: int, little: bool) -> None:
    assert is_little(limit, headroom) is little


def test_tries_on_a_full_quota_are_farther_and_farther_apart() -> None:
    counted = [try_after(tries, counted=True) / timedelta(minutes=1) for tries in range(6)]
    uncounted = [try_after(tries, counted=False).seconds for tries in range(6)]
    assert counted == [5, 10, 20, 40, 60, 60]
    assert uncounted == [15, 30, 60, 120, 240, 480]
    assert try_after(10**6, counted=False) == timedelta(hours=1)


def test_the_setting_names_quotas_and_limits() -> None:
    assert parse_quotas(" cloudfront:distributions=200, medialive:channels=20,") == {
        "cloudfront:distributions": 200,
        "medialive:channels": 20,
    }
    assert parse_quotas("") == {}


@pytest.mark.parametrize(
    "text",
    ["cloudfront=1", "cloudfront:distributions", "cloudfront:distributions=-1", "medialive:channels=many"],
)
def test_a_wrong_setting_says_what_to_write(text: str) -> None:
    with pytest.raises(Misconfigured, match="cloudfront:distributions=200"):
        parse_quotas(text)


def test_a_quota_is_known_by_its_code_or_its_names() -> None:
    assert DISTRIBUTIONS.is_named("L-24B04930", "renamed")
    assert DISTRIBUTIONS.is_named("L-OTHER", "distributions per AWS account")
    assert not DISTRIBUTIONS.is_named("L-OTHER", "Cache policies per AWS account")
    assert len(BY_KEY) == len(KINDS)


def test_a_quota_without_a_known_code_is_not_every_quota_without_one() -> None:
    assert not BY_KEY["medialive:input-security-groups"].is_named("", "Channels")
