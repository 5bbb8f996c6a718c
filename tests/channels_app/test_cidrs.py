"""The networks that may push: what AWS takes, and no more of the internet than is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.services.cidrs import cidrs_normalised


def error(*cidrs: str) -> str:
    """Why these CIDRs are refused."""
    normalised, sentence = cidrs_normalised(cidrs)
    assert normalised == []
    assert sentence is not None
    return sentence


def test_cidrs_are_sorted_and_named_once() -> None:
    given = ["203.0.113.7/32", "198.51.100.0/24", "203.0.113.7/32"]
    assert cidrs_normalised(given) == (["198.51.100.0/24", "203.0.113.7/32"], None)


def test_two_halves_of_the_internet_are_the_whole_world() -> None:
    assert error("0.0.0.0/1", "128.0.0.0/1").startswith(
        "0.0.0.0/1 and 128.0.0.0/1 together are 0.0.0.0/0, which would open the input to the whole world."
    )


@pytest.mark.parametrize(
    "pieces",
    [
        ["0.0.0.0/0"],
        ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"],
        ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "224.0.0.0/4", "240.0.0.0/4"],
    ],
)
def test_the_world_in_any_number_of_pieces_is_refused(pieces: list[str]) -> None:
    assert "the whole world" in error(*pieces)


def test_a_network_that_is_too_wide_is_refused_with_its_size() -> None:
    assert error("10.0.0.0/15").startswith("10.0.0.0/15 would open the input to 131,072 addresses.")


def test_neighbours_count_together_and_others_do_not() -> None:
    assert "together are 10.0.0.0/15" in error("10.0.0.0/16", "10.1.0.0/16", "203.0.113.0/24")
    apart = ["10.0.0.0/16", "10.2.0.0/16"]
    assert cidrs_normalised(apart) == (apart, None)


def test_the_widest_network_is_a_setting(settings: Any) -> None:
    settings.WIDEST_CIDR_PREFIX = 24
    assert "/24 is the widest network" in error("198.51.100.0/23")
    settings.WIDEST_CIDR_PREFIX = 8
    assert cidrs_normalised(["10.0.0.0/8"]) == (["10.0.0.0/8"], None)


@pytest.mark.parametrize("cidr", ["2001:db8::/64", "::/0", "::1/128"])
def test_ipv6_is_refused_because_medialive_refuses_it(cidr: str) -> None:
    assert "IPv4 only" in error(cidr)


def test_an_address_with_bits_behind_the_prefix_is_no_network() -> None:
    assert "not a CIDR" in error("198.51.100.1/24")
