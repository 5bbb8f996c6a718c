"""The verbs of access: issue, revoke and authenticate tokens, and purge stored answers."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import Error
from django.db.models import Q
from django.db.models.functions import Now

from streamhub.access.lock_timeouts import begin_wait
from streamhub.access.models import ApiToken, IdempotencyKey
from streamhub.access.scopes import SCOPES, unknown_scopes
from streamhub.clock import database_now, from_now
from streamhub.errors import Invalid
from streamhub.postgresql.outages import unavailable

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

TOKEN_BYTES = 32
LAST_USED_EVERY = timedelta(minutes=1)
KEPT_FOR = timedelta(hours=24)

_SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def token_issue(
    name: str,
    scopes: Iterable[str],
    expires_in: timedelta | None = None,
    *,
    created_by: User | None = None,
) -> tuple[ApiToken, str]:
    """Create a token for the service `name`. Returns it with its plain text, which is not stored.

    A service may have several tokens, so that one can be replaced without an interruption. Raises Invalid.
    """
    scopes = sorted(set(scopes))
    _check_token(name, scopes, expires_in)
    plain = secrets.token_urlsafe(TOKEN_BYTES)
    token = ApiToken.objects.create(
        service=name,
        sha256=_sha256(plain),
        prefix=plain[:6],
        scopes=scopes,
        expires_at=None if expires_in is None else database_now() + expires_in,
        created_by=created_by,
    )
    log.info("Token %s issued with %s", token, ", ".join(scopes))
    return token, plain


def token_revoke(token: ApiToken) -> bool:
    """Refuse this token from now on. False: it was revoked before."""
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()) == 1
    token.refresh_from_db(fields=["revoked_at"])
    if revoked:
        log.info("Token %s revoked", token)
    return revoked


def token_authenticate(plain: str) -> ApiToken | None:
    """The token with this plain text, or None if it is unknown, expired or revoked."""
    token = ApiToken.objects.read_now().filter(sha256=_sha256(plain)).first()
    if token is None or not token.usable:
        return None
    _record_use(token)
    return token


def idempotency_purge() -> int:
    """Delete the stored answers that are older than `KEPT_FOR`, and return how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=from_now(-KEPT_FOR)).delete()
    return deleted


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _check_token(name: str, scopes: list[str], expires_in: timedelta | None) -> None:
    errors = {}
    if not _SERVICE_NAME.fullmatch(name):
        errors["name"] = "Use 1 to 64 letters, digits, dots, dashes or underscores."
    if unknown := unknown_scopes(scopes):
        errors["scopes"] = f"Unknown: {', '.join(unknown)}. Valid scopes: {', '.join(SCOPES)}."
    elif not scopes:
        errors["scopes"] = f"Choose at least one scope. Valid scopes: {', '.join(SCOPES)}."
    if expires_in is not None and expires_in <= timedelta():
        errors["expires_in"] = "The expiry must be in the future."
    if errors:
        raise Invalid(errors)


def _record_use(token: ApiToken) -> None:
    """Write `last_used_at`, at most once a minute, and skip it while the database cannot be written."""
    if token.last_used_at is not None and token.read_at - token.last_used_at <= LAST_USED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=from_now(-LAST_USED_EVERY))
    due = ApiToken.objects.filter(stale, pk=token.pk)
    try:
        with begin_wait(0.5):
            due.update(last_used_at=Now())
    except Error as error:
        if not unavailable(error):
            raise
        log.info("Last use of token %s was not recorded: %s", token, error)
