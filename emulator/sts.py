"""STS: GetCallerIdentity, with which StreamHub finds out its account."""

from __future__ import annotations

from typing import Any

from .base import Service


class Sts(Service):
    """STS with its one operation and one user."""

    name = "sts"

    def get_caller_identity(self, params: dict[str, Any]) -> dict[str, Any]:
        account = self.world.account
        return {
            "UserId": "AIDAEMBEDDEDSTREAMHUB",
            "Account": account,
            "Arn": f"arn:aws:iam::{account}:user/streamhub",
        }

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {}
