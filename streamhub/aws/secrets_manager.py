"""Secrets Manager: the text of a secret ("AWS Secrets Manager API Reference")."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from streamhub.aws.session import AwsSession
from streamhub.errors import Refused

_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):\d{12}:secret:\S+")


def is_secret_arn(text: str) -> bool:
    """Whether a setting names a secret instead of being one."""
    return _ARN.fullmatch(text.strip()) is not None


@dataclass(frozen=True)
class SecretVersion:
    """One version of a secret. Its text is in no `repr`, and must not be stored, logged or shown."""

    id: str
    created_at: datetime
    text: str = field(repr=False)


class SecretsManager:
    """Secrets of one AWS session, each in the region of its ARN."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def text(self, arn: str) -> str:
        """GetSecretValue: the present version (AWSCURRENT). It must not be stored, logged or shown.

        Raises NotFound, AccessDenied; Refused for a secret that is no text.
        """
        return self.version(arn).text

    def version(self, arn: str, stage: str = "AWSCURRENT") -> SecretVersion:
        """GetSecretValue: the version with this stage; AWSPREVIOUS is the one before the last rotation.

        Raises AccessDenied; Refused if there is none, or if it is no text.
        """
        match = _ARN.fullmatch(arn)
        region = match["region"] if match else None
        response, request_id = self._session.call(
            "secretsmanager", "GetSecretValue", region, SecretId=arn, VersionStage=stage
        )
        if "SecretString" not in response:
            raise Refused(f"The secret {arn} is binary. Store it as text.", request_id=request_id)
        return SecretVersion(
            str(response["VersionId"]), response["CreatedDate"], str(response["SecretString"])
        )
