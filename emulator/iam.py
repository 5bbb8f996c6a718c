"""IAM: SimulatePrincipalPolicy, for the account's roles.

A role may do everything unless the console took an action from it ("deny"). There are no policies: what is
tested is how a client reads IAM's decisions.
"""

from __future__ import annotations

from typing import Any

from .base import Refusal, Service, World


class Iam(Service):
    """The simulation and what the console took away: (role's ARN, action)."""

    name = "iam"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._denied: dict[tuple[str, str], str] = {}

    def simulate_principal_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        role = str(params["PolicySourceArn"])
        if not role.startswith(f"arn:aws:iam::{self.world.account}:role/"):
            raise Refusal("NoSuchEntity", f"The role {role.rpartition('/')[2]} cannot be found.", 404)
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": self._denied.get((role, action), "allowed"),
                }
                for action in params["ActionNames"]
                for resource in params.get("ResourceArns") or ["*"]
            ],
            "IsTruncated": False,
        }

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """`deny` and `allow` an action to a role: `Role`, `Action`; `explicit`: by a statement of its own."""
        key = (str(params["Role"]), str(params["Action"]))
        if action == "deny":
            self._denied[key] = "explicitDeny" if params.get("explicit") else "implicitDeny"
        elif action == "allow":
            self._denied.pop(key, None)
        else:
            raise ValueError(f"the console of IAM has no {action!r}")
        return {}

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {}
