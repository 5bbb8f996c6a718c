"""Input security groups: their rules, and when a group can be deleted."""

from __future__ import annotations

import pytest

from emulator.medialive import MediaLive

from .resources import group, pass_time, push_input, refused


def test_security_group_is_idle_until_an_input_uses_it(ml: MediaLive) -> None:
    key = group(ml)
    assert ml.describe_input_security_group({"InputSecurityGroupId": key})["State"] == "IDLE"
    new_input = push_input(ml, InputSecurityGroups=[key])
    described = ml.describe_input_security_group({"InputSecurityGroupId": key})
    assert (described["State"], described["Inputs"]) == ("IN_USE", [new_input["Id"]])


def test_security_groups_have_no_idempotency_token(ml: MediaLive) -> None:
    assert group(ml) != group(ml)


@pytest.mark.parametrize("cidr", ["203.0.113.0/33", "203.0.113.5", "everybody", "2001:db8::/32", None])
def test_whitelist_rule_that_is_not_an_ipv4_block_is_400(ml: MediaLive, cidr: str | None) -> None:
    with refused("BadRequestException", 400):
        ml.create_input_security_group({"WhitelistRules": [{"Cidr": cidr}]})


def test_group_open_to_the_world_is_accepted_by_aws(ml: MediaLive) -> None:
    assert group(ml, "0.0.0.0/0")


def test_eleventh_rule_is_400(ml: MediaLive) -> None:
    with refused("BadRequestException", 400):
        ml.create_input_security_group({"WhitelistRules": [{"Cidr": f"10.0.{n}.0/24"} for n in range(11)]})


def test_group_cannot_be_deleted_while_an_input_exists_that_uses_it(ml: MediaLive) -> None:
    key = group(ml)
    new_input = push_input(ml, InputSecurityGroups=[key])
    pass_time(ml)
    with refused("BadRequestException", 400):
        ml.delete_input_security_group({"InputSecurityGroupId": key})
    ml.delete_input({"InputId": new_input["Id"]})
    with refused("BadRequestException", 400):  # a DELETING input still uses the group
        ml.delete_input_security_group({"InputSecurityGroupId": key})
    pass_time(ml, 20)
    ml.delete_input_security_group({"InputSecurityGroupId": key})


def test_deleted_group_is_described_for_a_while_but_not_listed(ml: MediaLive) -> None:
    key = group(ml)
    ml.delete_input_security_group({"InputSecurityGroupId": key})
    assert ml.describe_input_security_group({"InputSecurityGroupId": key})["State"] == "DELETED"
    assert ml.list_input_security_groups({})["InputSecurityGroups"] == []
    with refused("BadRequestException", 400):
        push_input(ml, InputSecurityGroups=[key])
    pass_time(ml, 301)
    with refused("NotFoundException", 404):
        ml.describe_input_security_group({"InputSecurityGroupId": key})
