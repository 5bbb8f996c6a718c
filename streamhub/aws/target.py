"""Which AWS to use, and how to reach it: the only module of this package that reads Django's settings.

`embedded` is a process on this machine. It is reached at a loopback address with fake credentials and
ignores the environment's AWS variables, so the default configuration can never reach a real account.
`live` uses boto3's usual chain and must be chosen explicitly.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from django.conf import settings

from streamhub.errors import EmbeddedNotRunning, Misconfigured
from streamhub.redis_servers import RedisOptions
from streamhub.translation import gettext, gettext_noop

__all__ = [
    "Credentials",
    "EmbeddedNotRunning",
    "Target",
    "broker_url",
    "check_loopback",
    "redis_options",
    "resolve_target",
]

EMBEDDED: Final = "embedded"
LIVE: Final = "live"

# The embedded AWS does not throttle, so its rates are this many times higher than a real account's.
EMBEDDED_RATE_FACTOR = 50.0

_ENVIRONMENT = re.compile(r"[A-Za-z0-9._-]{1,32}")
_HOW_TO_RUN = gettext_noop(
    "Start it with `manage.py embedded` (or everything with `make demo`), "
    "or set STREAMHUB_AWS=live to use a real AWS account."
)


@dataclass(frozen=True)
class Credentials:
    """Static credentials. The secret does not appear in logs or tracebacks."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


EMBEDDED_CREDENTIALS = Credentials("EMBEDDEDSTREAMHUB", "not-a-secret")


@dataclass(frozen=True)
class Target:
    """One AWS: how to reach it, and the environment that marks our resources there.

    `endpoint_url` and `credentials` are set only in embedded mode. With None, boto3's usual chain decides,
    including AWS_ENDPOINT_URL. `rate_factor` multiplies the call rates.
    """

    mode: Literal["embedded", "live"]
    endpoint_url: str | None
    region: str
    environment: str
    credentials: Credentials | None = None
    rate_factor: float = 1.0

    @property
    def embedded(self) -> bool:
        """Whether this is the embedded AWS, so that no real account can be reached."""
        return self.mode == EMBEDDED


def resolve_target() -> Target:
    """The AWS that the settings choose.

    Raises EmbeddedNotRunning if embedded mode is chosen and its process is not running; Misconfigured
    if STREAMHUB_AWS, STREAMHUB_ENVIRONMENT or the embedded endpoint is not valid.
    """
    mode, environment = settings.STREAMHUB_AWS, settings.STREAMHUB_ENVIRONMENT
    if not _ENVIRONMENT.fullmatch(environment):
        raise Misconfigured(
            f"STREAMHUB_ENVIRONMENT={environment!r} cannot mark AWS resources: "
            "use 1 to 32 letters, digits, dots, dashes or underscores."
        )
    if mode == EMBEDDED:
        return embedded_target(_address("aws_endpoint"), settings.AWS_REGION, environment)
    if mode == LIVE:
        return Target(LIVE, None, settings.AWS_REGION, environment)
    raise Misconfigured(f"STREAMHUB_AWS={mode!r} is unknown: write `embedded` or `live`.")


def embedded_target(
    endpoint_url: str, region: str, environment: str, rate_factor: float = EMBEDDED_RATE_FACTOR
) -> Target:
    """A target on this machine. Raises Misconfigured if the endpoint is not on this machine."""
    check_loopback(endpoint_url)
    return Target(EMBEDDED, endpoint_url, region, environment, EMBEDDED_CREDENTIALS, rate_factor)


def configured_rates() -> str:
    """The call rates of `AWS_RATES` as they are written; `ratelimit.parse_rates` reads them."""
    return str(settings.AWS_RATES)


def configured_signing_keys() -> list[tuple[str, str, str]]:
    """The present key and the next one: the name of its variable, the id of its public half, its source."""
    return [
        (name, str(getattr(settings, public)), str(getattr(settings, name)))
        for name, public in (
            ("CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PUBLIC_KEY_ID"),
            ("CLOUDFRONT_PRIVATE_KEY_NEXT", "CLOUDFRONT_PUBLIC_KEY_ID_NEXT"),
        )
    ]


def broker_url() -> str:
    """The address of Celery's broker: CELERY_BROKER_URL, or the embedded broker.

    Raises EmbeddedNotRunning if the embedded broker is needed and is not running.
    """
    return settings.CELERY_BROKER_URL or _address("broker_url")


def redis_options() -> RedisOptions:
    """What to know about the broker's Redis beside its address."""
    options: RedisOptions = settings.REDIS
    return options


def check_loopback(url: str) -> None:
    """Raise Misconfigured unless the URL's host is this machine."""
    try:
        host = urlsplit(url).hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise Misconfigured(
            f"The embedded AWS must be on this machine, but its address is {url!r}. "
            "Remove the address file, or set STREAMHUB_AWS=live to use a real AWS account."
        )


def _address(name: str) -> str:
    """An address that the embedded process has written, if that process is alive."""
    path = Path(settings.EMBEDDED_ADDRESSES)
    try:
        addresses = json.loads(path.read_text())
        address, pid = str(addresses[name]), int(addresses["pid"])
    except FileNotFoundError:
        raise EmbeddedNotRunning(
            gettext("The embedded AWS is not running. %(how)s") % {"how": gettext(_HOW_TO_RUN)}
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        sentence = gettext("%(file)s of the embedded AWS is not usable. %(how)s")
        raise EmbeddedNotRunning(sentence % {"file": path.name, "how": gettext(_HOW_TO_RUN)}) from error
    if not _alive(pid):
        raise EmbeddedNotRunning(
            gettext("The embedded AWS has stopped. %(how)s") % {"how": gettext(_HOW_TO_RUN)}
        )
    return address


def _alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
