"""Input security groups: the addresses that may push.

A group has neither name nor request id, so clients find theirs by tag ("Working with input security groups").
"""

from __future__ import annotations

import ipaddress

from emulator.medialive.records import Params, SecurityGroup, bad_request
from emulator.medialive.store import Store

MAX_RULES = 10
TO_INPUTS = "medialive_group_unknown_to_inputs"


class SecurityGroups(Store):
    """The operations on input security groups."""

    def create_input_security_group(self, params: Params) -> Params:
        """A new group; there is no request id that would make the call repeatable."""
        rules = _rules(params.get("WhitelistRules") or [])
        self._check_quota("input_security_groups", len(self._groups))
        group_id = self._new_id(self._groups)
        arn = self._arn("inputSecurityGroup", group_id)
        group = SecurityGroup(group_id, arn, "IDLE", dict(params.get("Tags") or {}), rules)
        self._groups.put(group_id, group)
        self.world.keep_unknown(TO_INPUTS, group_id)
        return {"SecurityGroup": group.describe()}

    def describe_input_security_group(self, params: Params) -> Params:
        """The group with the ids of its inputs. A deleted one is still described for a while, as DELETED."""
        return self._known(
            self._groups, "Input security group", params.get("InputSecurityGroupId")
        ).describe()

    def list_input_security_groups(self, params: Params) -> Params:
        """All groups that are not deleted, in pages."""
        return self._page("InputSecurityGroups", self._groups, params)

    def update_input_security_group(self, params: Params) -> Params:
        """Replace the rules of a group, also while inputs use it."""
        group = self._group(params.get("InputSecurityGroupId"))
        group.rules = _rules(params.get("WhitelistRules") or [])
        return {"SecurityGroup": group.describe()}

    def delete_input_security_group(self, params: Params) -> Params:
        """Delete at once. 400 while inputs use the group; the API has no 409 for this operation."""
        group = self._group(params.get("InputSecurityGroupId"))
        if group.inputs:
            users = ", ".join(list(group.inputs)[:5])
            bad_request(f"Input security group {group.id} is still being used by inputs: {users}")
        self._retire(self._groups, group)
        return {}

    def _group(self, key: str | None) -> SecurityGroup:
        return self._alive(self._groups, "Input security group", key)

    def _group_used(self, key: str, input_id: str, *, used: bool) -> None:
        """Record that an input uses a group, or no longer does."""
        group = self._groups.find(key)
        if group is None or group.state == "DELETED":
            return
        if used:
            group.inputs[input_id] = None
        else:
            group.inputs.pop(input_id, None)
        group.state = group.settled_state()


def _rules(rules: list[Params]) -> list[dict[str, str]]:
    if len(rules) > MAX_RULES:
        bad_request(f"An input security group may have {MAX_RULES} whitelist rules")
    return [{"Cidr": _cidr(rule.get("Cidr"))} for rule in rules]


def _cidr(value: str | None) -> str:
    try:
        if value and "/" in value:
            ipaddress.IPv4Network(value, strict=False)
            return value
    except ValueError:
        pass
    bad_request(f"Invalid CIDR block in whitelist rule: {value}")
