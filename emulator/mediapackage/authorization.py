"""CDN authorization: which identifiers an endpoint with a secret takes."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

from emulator.base import World
from emulator.mediapackage.records import Params, invalid
from emulator.secrets_manager import SecretsManager

CDN_KEY = "MediaPackageCDNIdentifier"  # the key in the secret's JSON


class CdnIdentifiers:
    """The values in secrets, as MediaPackage last read them: the present one and the one before."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._known: dict[str, list[str]] = {}  # by the secret's ARN
        secrets: Any = world.services.get("secretsmanager") or SecretsManager(world)
        self._secrets: SecretsManager = secrets
        self._secrets.on_change.append(self._changed)

    def of(self, arn: str) -> list[str]:
        """What endpoints with this secret take."""
        if arn not in self._known:
            self._known[arn] = self._read(arn)
        return self._known[arn]

    def put(self, value: str, arn: str | None) -> str:
        """A new secret, or a new version of one; returns its ARN."""
        return str(self._secrets.put(json.dumps({CDN_KEY: value}), arn))

    def check(self, given: Params | None) -> None:
        """MediaPackage reads the secret when it gets the endpoint."""
        if given is None:
            return
        if not self._read(given["CdnIdentifierSecret"]):
            invalid(f"The secret {given['CdnIdentifierSecret']} cannot be read")
        if not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+", given["SecretsRoleArn"]):
            invalid(f"{given['SecretsRoleArn']} is not the ARN of a role")

    def _changed(self, arn: str) -> None:
        """What was read stays for some minutes ("Rotating the CDN header value")."""

        def read_again() -> None:
            self._known[arn] = self._read(arn)

        if arn in self._known:
            self.world.after(self.world.durations.mediapackage_notices_secret, read_again)

    def _read(self, arn: str) -> list[str]:
        """None of a secret that cannot be read."""
        values = []
        for text in self._secrets.texts(arn):
            with suppress(ValueError, TypeError, KeyError):
                values.append(str(json.loads(text)[CDN_KEY]))
        return values
