"""Roles: what MediaLive may assume, what the caller may pass on, and what MediaLive does not know yet."""

from __future__ import annotations

import re

from emulator.base import Refusal, World
from emulator.medialive.groups import TO_INPUTS
from emulator.medialive.inputs import Inputs
from emulator.medialive.records import Input, Params, bad_request

ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
TO_CHANNELS = "medialive_input_unknown_to_channels"


class Roles(Inputs):
    """The operations on inputs, with their roles. Channels check theirs with the same functions."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._unpropagated_calls = 0
        self._unpropagated_until = 0.0
        self.pass_role_denied = False

    def _new_input(self, params: Params) -> Input:
        """Also 400 for a role or a security group that MediaLive does not know yet."""
        if params.get("RoleArn"):
            self._check_propagation(params["RoleArn"])
        for group_id in params.get("InputSecurityGroups") or []:
            if self.world.is_unknown(TO_INPUTS, group_id):
                bad_request(f"Input security group {group_id} not found", illegal=False)
        new_input = super()._new_input(params)
        self.world.keep_unknown(TO_CHANNELS, new_input.id)
        return new_input

    def _edit(self, record: Input, params: Params) -> None:
        if params.get("RoleArn"):
            self._check_propagation(params["RoleArn"])
            self._check_pass_role()
        super()._edit(record, params)

    def _check_propagation(self, role: str | None) -> None:
        """400 for a role that has not propagated to MediaLive yet (console: `role_not_propagated`)."""
        _check_role(role)
        unpropagated = self.world.clock.seconds() < self._unpropagated_until
        if self._unpropagated_calls > 0:
            self._unpropagated_calls -= 1
            unpropagated = True
        if unpropagated:
            bad_request(
                f"Cannot assume the role {role}. Please make sure the role exists and "
                "medialive.amazonaws.com is trusted.",
                illegal=False,
            )

    def _check_pass_role(self) -> None:
        """422 if the caller may not pass the role on (console: `deny_pass_role`).

        The words are those of aws-samples/aws-media-services-simple-live-workflow#19.
        """
        if self.pass_role_denied:
            raise Refusal(
                "UnprocessableEntityException",
                "Please check your IAM User permissions the following permissions are needed for this call "
                '"medialive:CreateChannel","iam:PassRole"',
                422,
                illegal=False,
            )


def _check_role(role: str | None) -> None:
    if not role or not ROLE.fullmatch(role):
        bad_request(f"Invalid role ARN: {role}")
