"""What web, worker and beat do first: stop on a mistake in the settings, and log which AWS they use.

A process that starts with a mistake fails later and far from its cause. So it does not start, and prints a
sentence for each mistake that says what to write instead. The same sentences are system checks, so
`manage.py check` and other commands show them too.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from streamhub import playback_settings, variables
from streamhub.aws.ratelimit import parse_rates
from streamhub.aws.regions import complete_regions, missing_in
from streamhub.aws.session import AwsSession
from streamhub.aws.signing_keys import key_in_memory, key_settings
from streamhub.aws.sts import Sts
from streamhub.aws.target import EMBEDDED, LIVE, broker_url, resolve_target
from streamhub.errors import AwsError, EmbeddedNotRunning, Misconfigured
from streamhub.quotas.catalogue import parse_quotas
from streamhub.redis_servers import REDIS_SCHEMES, without_passwords

log = logging.getLogger(__name__)

# gunicorn's "the application cannot be loaded": its master ends instead of starting another process.
EXIT_CODE = 4

_BROKER_SCHEMES = (*REDIS_SCHEMES, "memory", "filesystem")
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w/+=.@,-]+")
_HOST_ENTRY = re.compile(r"(\*\.)?[A-Za-z0-9:.-]+")
_LIVE_NEEDS = {
    "MEDIALIVE_ROLE_ARN": "the ARN of the role with which MediaLive reaches MediaPackage and S3",
    "CELERY_BROKER_URL": "the address of a Redis that all processes share, e.g. redis://redis:6379/0",
}
PLAIN_HTTP = (
    "STREAMHUB_PLAIN_HTTP=on: passwords, cookies and tokens travel as they are. There is no redirect "
    "to https, no HSTS, and cookies are sent over http. Whoever can read the network between the proxy and "
    "this process can take over AWS."
)


def start(process: str) -> None:
    """Called once by each process (`web`, `worker`, `beat`). Ends the process if it must not run."""
    sentences = list(mistakes()) or list(_not_running())
    if sentences:
        stop(process, sentences)
    announce(process)


def stop(process: str, sentences: list[str]) -> None:
    """Print the sentences and end this process."""
    for sentence in sentences:
        sys.stderr.write(f"StreamHub's {process} cannot start: {sentence}\n")
    sys.stderr.flush()
    raise SystemExit(EXIT_CODE)


def mistakes() -> Iterator[str]:
    """The mistakes in the settings. Makes no connections."""
    yield from variables.mistakes
    if settings.STREAMHUB_AWS not in (EMBEDDED, LIVE):
        yield f"STREAMHUB_AWS={settings.STREAMHUB_AWS!r} is unknown: write `embedded` or `live`."
        return
    try:
        resolve_target()
    except Misconfigured as error:
        yield str(error)
    except EmbeddedNotRunning:
        pass  # not a mistake in the settings; `_not_running` reports it
    yield from _account_mistakes()
    yield from _broker_mistakes()
    yield from _notice_mistakes()
    yield from _source_mistakes()
    yield from _origin_mistakes()
    yield from playback_settings.mistakes()
    yield from _proxy_mistakes()
    yield from _signing_mistakes()
    yield from _provider_mistakes()
    if settings.STREAMHUB_AWS == LIVE:
        yield from _live_mistakes()


def _account_mistakes() -> Iterator[str]:
    for parse, text in ((parse_rates, settings.AWS_RATES), (parse_quotas, settings.AWS_QUOTAS)):
        try:
            parse(text)
        except Misconfigured as error:
            yield str(error)


def _broker_mistakes() -> Iterator[str]:
    url = settings.CELERY_BROKER_URL
    if url and urlsplit(url).scheme not in _BROKER_SCHEMES:
        yield (
            "CELERY_BROKER_URL is not a Redis URL: write redis://host:6379/0, rediss:// for TLS, or "
            "sentinel://host:26379;sentinel://host:26379."
        )


def _notice_mistakes() -> Iterator[str]:
    """Notices about alarms that could never be sent."""
    if settings.ALARM_EMAILS and not settings.EMAIL_URL_SET:
        yield "ALARM_EMAILS needs EMAIL_URL, the mail server: write smtp+tls://user:password@host:587."
    for name in ("ALARM_URLS", "ALARM_ESCALATION_URLS"):
        if any("://" not in url for url in getattr(settings, name)):
            yield f"{name} holds something that is not a URL: write apprise URLs, separated by spaces."
    for name in ("HEARTBEAT_URL", "CONSOLE_URL"):
        url = getattr(settings, name)
        if url and not url.startswith(("http://", "https://")):
            yield f"{name} is not an http or https URL."


def _source_mistakes() -> Iterator[str]:
    """Entries that no host of a source could ever be."""
    for entry in settings.SOURCE_HOSTS:
        if not _HOST_ENTRY.fullmatch(entry):
            yield (
                f"SOURCE_HOSTS holds {entry!r}: write host names or addresses, separated by spaces, such as "
                "media.example.com or *.example.com."
            )


def _origin_mistakes() -> Iterator[str]:
    """A closed origin needs a secret and the role with which MediaPackage reads it."""
    secret, role = settings.MEDIAPACKAGE_CDN_SECRET_ARN, settings.MEDIAPACKAGE_CDN_ROLE_ARN
    if bool(secret) != bool(role):
        yield (
            "MEDIAPACKAGE_CDN_SECRET_ARN and MEDIAPACKAGE_CDN_ROLE_ARN belong together: set both, or none "
            "for origins that anyone can read who knows their address."
        )
    if secret and not _SECRET_ARN.fullmatch(secret):
        yield (
            "MEDIAPACKAGE_CDN_SECRET_ARN is not an ARN of a secret: write "
            "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME."
        )
    if role and not _ROLE_ARN.fullmatch(role):
        yield "MEDIAPACKAGE_CDN_ROLE_ARN is not an ARN of a role: write arn:aws:iam::ACCOUNT:role/NAME."


def _proxy_mistakes() -> Iterator[str]:
    """Entries of TRUSTED_PROXIES that are neither an address nor a network."""
    for entry in settings.TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(entry)
        except ValueError:
            yield (
                f"TRUSTED_PROXIES holds {entry!r}: write addresses or networks, separated by commas or "
                "spaces, such as 127.0.0.1 or 10.0.3.0/24."
            )


def _signing_mistakes() -> Iterator[str]:
    """Keys that could sign for no viewer."""
    for suffix in ("", "_NEXT"):
        private, public = f"CLOUDFRONT_PRIVATE_KEY{suffix}", f"CLOUDFRONT_PUBLIC_KEY_ID{suffix}"
        if bool(getattr(settings, private)) != bool(getattr(settings, public)):
            yield f"{private} and {public} go together: a private key, and the id of its public half."
    keys = key_settings()
    if keys and not settings.CLOUDFRONT_KEY_GROUP_ID:
        yield "CLOUDFRONT_PRIVATE_KEY needs CLOUDFRONT_KEY_GROUP_ID, the key group that has its public half."
    if len(keys) == 2 and keys[0].id == keys[1].id:
        yield "CLOUDFRONT_PUBLIC_KEY_ID_NEXT is the present key's id: write that of the key that replaces it."
    for key in keys:
        try:
            key_in_memory(key)
        except Misconfigured as error:
            yield f"{error} Write the PEM of an RSA key with 2048 bits, or the ARN of the secret with it."


def _provider_mistakes() -> Iterator[str]:
    """An OpenID Connect provider with which nobody could sign in, or with which anybody could listen."""
    url = settings.OIDC_SERVER_URL
    if not url:
        return
    for name in ("OIDC_CLIENT_ID", "OIDC_GROUP_MAP"):
        if not getattr(settings, name):
            yield f"OIDC_SERVER_URL needs {name}: docs/security.md says what to write."
    if not url.startswith("https://" if settings.STREAMHUB_AWS == LIVE else ("https://", "http://")):
        yield "OIDC_SERVER_URL is not the https address of an issuer, such as https://id.example.com/realms/house."


def _live_mistakes() -> Iterator[str]:
    """Settings that a real account needs, and that have a default only in embedded mode."""
    if missing := missing_in(settings.AWS_REGION):
        yield (
            f"AWS_REGION={settings.AWS_REGION!r} has no {' and no '.join(missing)}. "
            f"Choose one of {', '.join(complete_regions())}."
        )
    for name, meaning in _LIVE_NEEDS.items():
        if not getattr(settings, name):
            yield f"STREAMHUB_AWS=live needs {name}: {meaning}."
    if settings.CELERY_BROKER_URL.startswith(("memory:", "filesystem:")):
        yield "CELERY_BROKER_URL must be a Redis with STREAMHUB_AWS=live: processes cannot share this broker."
    if settings.DEBUG:
        yield "DEBUG=on shows settings and code to strangers: with STREAMHUB_AWS=live leave it off."
    if "*" in settings.ALLOWED_HOSTS:
        yield (
            "ALLOWED_HOSTS=* lets any name pass as this site: with STREAMHUB_AWS=live write the names under "
            "which people reach it, separated by commas."
        )


def _not_running() -> Iterator[str]:
    """What the settings require and is not running."""
    try:
        resolve_target()
        broker_url()
    except (EmbeddedNotRunning, Misconfigured) as error:
        yield str(error)


def check_settings(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """The same mistakes as Django system checks."""
    return [Error(sentence, id="streamhub.E001") for sentence in mistakes()]


def announce(process: str) -> None:
    """Log, as a warning, which AWS account this process will change."""
    target = resolve_target()
    log.warning(
        "StreamHub's %s starts: AWS is %s, account %s, region %s, environment %s, broker %s, database %s",
        process,
        f"EMBEDDED at {target.endpoint_url}" if target.embedded else "LIVE",
        _account(),
        target.region,
        target.environment,
        without_passwords(broker_url()),
        settings.DATABASES["default"]["ENGINE"].rpartition(".")[2],
    )
    if settings.STREAMHUB_PLAIN_HTTP and not target.embedded:
        log.warning(PLAIN_HTTP)


def _account() -> str:
    """The account number, or why it is unknown. A failed call does not stop the start."""
    try:
        return Sts(AwsSession(resolve_target())).caller_identity().account
    except AwsError as error:
        return f"unknown ({error.code or error})"
