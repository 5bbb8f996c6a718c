"""The value with which CloudFront opens a closed origin: read from Secrets Manager, never stored.

Rotation ("Rotating the CDN header value"): MediaPackage takes the present version and the one before. It
notices a new version within ten minutes, so until then CloudFront is given the one before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models.functions import Now

from distributions.models import OriginSecret
from streamhub.aws.secrets_manager import SecretsManager, SecretVersion
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import Refused, Retryable

KEY = "MediaPackageCDNIdentifier"  # the key in the secret's JSON
LENGTHS = range(8, 129)
# How long MediaPackage may take to notice a new version.
NOTICED_SECONDS = 600
CORRECT = (
    f'Check MEDIAPACKAGE_CDN_SECRET_ARN. The secret must be JSON: {{"{KEY}": "a UUID"}}, of 8 to 128 '
    "characters. StreamHub tries again by itself."
)


class UnusableSecret(Retryable):
    """There is no such secret, or no value in it that can be sent."""

    needs_person = True
    hint = CORRECT


@dataclass(frozen=True)
class OriginHeader:
    """What CloudFront sends to the origin: the secret's ARN, a version of it, and its value."""

    secret: str = ""
    version: str = ""
    value: str = field(default="", repr=False)


OPEN = OriginHeader()


def read(arn: str) -> OriginHeader:
    """The header for this secret, and what is known of the secret brought up to date. "": no header.

    One call, and another one while a new version is not in use yet. Raises `UnusableSecret`, and `Retryable`
    if it cannot be read.
    """
    if not arn:
        return OPEN
    secrets = SecretsManager(current_session())
    try:
        version, following = _in_use(secrets, arn)
        header = OriginHeader(arn, version.id, _value(version))
    except Refused as refused:
        raise UnusableSecret(f"The secret of closed origins: {refused.message}", **refused.about) from None
    _record(arn, version, following)
    return header


def _in_use(secrets: SecretsManager, arn: str) -> tuple[SecretVersion, str]:
    """The version to use now, and the id of the one that follows it ("": none)."""
    present = secrets.version(arn)
    if database_now() - present.created_at >= timedelta(seconds=NOTICED_SECONDS):
        return present, ""
    try:
        before = secrets.version(arn, "AWSPREVIOUS")
    except Refused:
        return present, ""  # a new secret, which MediaPackage has never read
    return before, present.id


def _value(version: SecretVersion) -> str:
    """Raises `Refused`, without a word of the secret."""
    try:
        value = json.loads(version.text)[KEY]
    except (ValueError, TypeError, KeyError):
        value = None
    if not isinstance(value, str) or len(value) not in LENGTHS or not value.isprintable():
        raise Refused(f"Its version {version.id} has no usable {KEY}.", code="unusable_secret")
    return value


def _record(arn: str, version: SecretVersion, following: str) -> None:
    OriginSecret.objects.update_or_create(
        arn=arn,
        defaults={
            "version_in_use": version.id,
            "version_created_at": version.created_at,
            "next_version": following,
            "observed_at": Now(),
        },
    )


def look(arn: str) -> str:
    """Read it, and return what is known of it in a sentence. Raises `AwsError`."""
    if not arn:
        return "origins are open: MEDIAPACKAGE_CDN_SECRET_ARN is not set"
    header = read(arn)
    row = OriginSecret.objects.get(arn=arn)
    if row.next_version:
        return f"version {header.version} in use; {row.next_version} follows once MediaPackage knows it"
    return f"version {header.version} in use"
