"""Secrets Manager: secrets with their versions, made in the console and read with GetSecretValue.

"What's in a Secrets Manager secret?": a new version is AWSCURRENT, the one before it AWSPREVIOUS, older ones
have no stage.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from .base import Refusal, Service, World

STAGES = ("AWSCURRENT", "AWSPREVIOUS")


@dataclass(frozen=True)
class Version:
    id: str
    text: str
    created_at: datetime


class SecretsManager(Service):
    """The account's secrets by their ARNs, each with its versions, the newest first."""

    name = "secretsmanager"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.on_change: list[Callable[[str], Any]] = []  # called with the ARN
        self.secrets: dict[str, list[Version]] = {}

    def get_secret_value(self, params: dict[str, Any]) -> dict[str, Any]:
        """A version by its stage (AWSCURRENT unless given) or its id."""
        arn = str(params["SecretId"])
        if arn not in self.secrets:
            _missing("Secrets Manager can't find the specified secret.")
        staged = dict(zip(STAGES, self.secrets[arn], strict=False))
        stage, version_id = params.get("VersionStage") or "AWSCURRENT", params.get("VersionId")
        found = staged.get(stage)
        if version_id:
            found = next((version for version in self.secrets[arn] if version.id == version_id), None)
        if found is None:
            _missing(
                f"Secrets Manager can't find the specified secret value for "
                f"{'VersionId' if version_id else 'staging label'}: {version_id or stage}"
            )
        stages = [name for name, version in staged.items() if version is found]
        return {
            "ARN": arn,
            "Name": arn.rpartition(":")[2].rpartition("-")[0],
            "VersionId": found.id,
            "SecretString": found.text,
            **({"VersionStages": stages} if stages else {}),
            "CreatedDate": found.created_at,
        }

    def put(self, text: str, arn: str | None = None) -> str:
        """A new version of a secret, or a new secret; returns the ARN."""
        where = f"arn:aws:secretsmanager:{self.world.region}:{self.world.account}:secret"
        arn = arn or f"{where}:streamhub-{self.world.token(6)}"
        version = Version(
            str(uuid.UUID(int=self.world.random.getrandbits(128), version=4)), text, self.world.clock.now()
        )
        self.secrets[arn] = [version, *self.secrets.get(arn, [])]
        for callback in self.on_change:
            callback(arn)
        return arn

    def texts(self, arn: str) -> list[str]:
        """The present text and the one before."""
        return [version.text for version in self.secrets.get(arn, [])[: len(STAGES)]]

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """`put_secret`: {"text": …, "arn": of an existing one}; `delete_secret`: {"arn": …}."""
        if action == "put_secret":
            return {"arn": self.put(params["text"], params.get("arn"))}
        if action == "delete_secret":
            self.secrets.pop(params["arn"], None)
            return {}
        return super().console(action, params)

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {"secrets": [{"arn": arn, "versions": len(kept)} for arn, kept in self.secrets.items()]}


def _missing(message: str) -> NoReturn:
    # Nobody can know it without asking.
    raise Refusal("ResourceNotFoundException", message, illegal=False)
