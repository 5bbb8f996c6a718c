"""Which roles the provider's groups give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from streamhub.signin.oidc import Roles, asked_at, claimed_groups, roles_of
from streamhub.signin.options import group_map, providers

MAP = {"sso-ops": "operator", "sso-eng": "engineer", "sso-root": "administrator"}


@pytest.mark.parametrize(
    ("claimed", "groups", "superuser", "staff"),
    [
        ([], set(), False, False),
        (["others"], set(), False, False),
        (["operator"], set(), False, False),
        (["sso-ops"], {"operator"}, False, True),
        (["sso-ops", "sso-eng", "x"], {"operator", "engineer"}, False, True),
        (["sso-root"], set(), True, True),
    ],
)
def test_roles_are_those_of_mapped_groups_only(
    claimed: list[str], groups: set[str], superuser: bool, staff: bool
) -> None:
    roles = roles_of(claimed, MAP)
    assert roles == Roles(frozenset(groups), superuser)
    assert roles.staff is staff


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, []),
        ({"userinfo": {"groups": ["a"]}, "id_token": {"groups": ["b"]}}, ["a", "b"]),
        ({"userinfo": {"groups": "a"}}, ["a"]),
        ({"userinfo": None, "id_token": {}}, []),
        ({"userinfo": {"groups": None}, "id_token": {"groups": ["b"]}}, ["b"]),
        ({"userinfo": {"groups": ""}}, []),
        ({"userinfo": {"groups": 7}}, ["7"]),
        ({"userinfo": {"groups": True}}, []),
        ({"userinfo": {"groups": {"a": False}}}, []),
        ({"userinfo": {"groups": ["a", None, ["b"], {"c": 1}, 7, True]}}, ["a", "7"]),
    ],
)
def test_groups_come_from_userinfo_and_id_token(data: Any, expected: list[str]) -> None:
    assert claimed_groups(data, "groups") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, None),
        ({"id_token": None}, None),
        ({"id_token": {"auth_time": 1_700_000_000}}, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ({"id_token": {"auth_time": "1700000000"}}, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ({"id_token": {"auth_time": "yesterday"}}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"id_token": {"auth_time": 1e30}}, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_when_the_provider_last_asked(data: Any, expected: datetime | None) -> None:
    assert asked_at(data) == expected


def test_the_map_is_read_and_mistakes_are_sentences() -> None:
    mapping, mistakes = group_map(["sso-ops=operator", "a=b=engineer", "x=boss", "viewer"])
    assert mapping == {"sso-ops": "operator", "a=b": "engineer"}
    assert [mistake.partition(":")[0] for mistake in mistakes] == [
        "OIDC_GROUP_MAP holds 'x=boss'",
        "OIDC_GROUP_MAP holds 'viewer'",
    ]


def test_without_a_server_there_is_no_provider() -> None:
    assert providers("", "id", "secret", "x", []) == {}
