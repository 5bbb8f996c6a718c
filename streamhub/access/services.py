"""The verbs of access: issue, rotate, revoke and authenticate tokens, and purge stored answers."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import Error, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext

from streamhub.access import audit, snapshot
from streamhub.access.actors import Actor
from streamhub.access.lock_timeouts import begin_wait
from streamhub.access.models import ApiToken, IdempotencyKey
from streamhub.access.origin import COMMAND
from streamhub.access.permissions import permit
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
# How long a token is valid, and how long after its rotation, if nobody says otherwise.
EXPIRES_IN = timedelta(days=365)
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=30)

_SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class DailyLimits:
    """What a token may do in 24 hours; None: no limit."""

    max_channels_per_day: int | None = None
    max_starts_per_day: int | None = None


@transaction.atomic
def token_issue(
    name: str,
    scopes: Iterable[str],
    expires_in: timedelta | None = EXPIRES_IN,
    *,
    owner: User | None = None,
    limits: DailyLimits = DailyLimits(),
    who: Actor = COMMAND,
) -> tuple[ApiToken, str]:
    """Create a token for the service `name`. Returns it with its plain text, which is not stored.

    `expires_in` None: it never expires. `owner`: who answers for it. A service may have several tokens.
    Raises Invalid, Forbidden.
    """
    permit(who, "access.add_apitoken")
    scopes = sorted(set(scopes))
    _check_token(name, scopes, expires_in)
    related = ApiToken.objects.filter(service=name, owner=owner).order_by("pk")
    family = related.values_list("family", flat=True).first() or secrets.token_hex(16)
    token, plain = _new_token(
        expires_in, service=name, scopes=scopes, owner=owner, family=family, **asdict(limits)
    )
    audit.record("issue_apitoken", token, who=who, after=_said(token))
    log.info("Token %s issued with %s", token, ", ".join(scopes))
    return token, plain


def _new_token(expires_in: timedelta | None, **fields: Any) -> tuple[ApiToken, str]:
    plain = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = None if expires_in is None else database_now() + expires_in
    row = ApiToken.objects.create(sha256=_sha256(plain), prefix=plain[:6], expires_at=expires_at, **fields)
    return row, plain


def _said(token: ApiToken) -> dict[str, Any]:
    """What the audit says of a new token."""
    return {
        **snapshot.created(snapshot.snapshot(token)),
        "expires_at": token.expires_at.isoformat() if token.expires_at else "never",
        "owner": str(token.owner) if token.owner else "nobody",
    }


@transaction.atomic
def token_rotate(
    token: ApiToken,
    *,
    who: Actor,
    overlap: timedelta = OVERLAP,
    expires_in: timedelta | None = EXPIRES_IN,
    limits: DailyLimits | None = None,
) -> tuple[ApiToken, str]:
    """Replace a token by a new one with the same service and scopes; the old one ends after `overlap`.

    The new one belongs to who rotates it. It keeps the family, so that a request that was sent with the old
    token can be repeated with the new one. `limits` None: as before. Raises NotPossible, Invalid, Forbidden.
    """
    permit(who, "access.rotate_apitoken")
    old = ApiToken.objects.read_now().select_for_update(of=("self",)).get(pk=token.pk)
    if refusal := rotation_refusal(old):
        raise audit.refused("rotate_apitoken", old, refusal, who=who)
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Invalid(
            {"overlap": gettext("Give 0 to %(hours)s hours.") % {"hours": LONGEST_OVERLAP.days * 24}}
        )
    _check_token(old.service, old.scopes, expires_in)
    new, plain = _new_token(
        expires_in,
        service=old.service,
        scopes=old.scopes,
        owner=who.user or old.owner,
        family=old.family,
        replaces=old,
        **asdict(limits or DailyLimits(old.max_channels_per_day, old.max_starts_per_day)),
    )
    ends = database_now() + overlap
    before, old.expires_at = old.expires_at, min(ends, old.expires_at or ends)
    old.save(update_fields=["expires_at"])
    audit.record(
        "rotate_apitoken",
        old,
        who=who,
        detail=f"replaced by {new}",
        before={"expires_at": before.isoformat() if before else "never"},
        after={"expires_at": old.expires_at.isoformat()},
    )
    audit.record("issue_apitoken", new, who=who, detail=f"replaces {old}", after=_said(new))
    log.info("Token %s replaced by %s; it ends at %s", old, new, old.expires_at)
    return new, plain


def rotation_refusal(token: ApiToken) -> str | None:
    """Why the token cannot be rotated; None: it can. A deactivated owner is a reason to, not against."""
    if token.revoked_at is not None:
        return "The token is revoked. Issue a new one."
    if token.expired:
        return "The token has expired. Issue a new one."
    return "It is replaced already." if token.replaced_by.exists() else None


@transaction.atomic
def token_revoke(token: ApiToken, *, who: Actor = COMMAND) -> bool:
    """Refuse this token from now on. False: it was revoked before. Raises Forbidden."""
    permit(who, "access.revoke_apitoken")
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()) == 1
    token.refresh_from_db(fields=["revoked_at"])
    if revoked:
        after = {"revoked_at": token.revoked_at.isoformat() if token.revoked_at else None}
        audit.record("revoke_apitoken", token, who=who, after=after)
        log.info("Token %s revoked by %s", token, who)
    return revoked


def token_authenticate(plain: str) -> ApiToken | None:
    """The token with this plain text; None if it is unknown, expired or revoked, or its owner deactivated."""
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
    if errors := token_errors(name, scopes, expires_in):
        raise Invalid(errors)


def token_errors(name: str, scopes: Sequence[str], expires_in: timedelta | None) -> dict[str, str]:
    """What is wrong with what a token is to have, by field."""
    errors = {}
    if not _SERVICE_NAME.fullmatch(name):
        errors["name"] = gettext("Use 1 to 64 letters, digits, dots, dashes or underscores.")
    if unknown := unknown_scopes(scopes):
        errors["scopes"] = gettext("Unknown: %(unknown)s. Valid scopes: %(scopes)s.") % {
            "unknown": ", ".join(unknown),
            "scopes": ", ".join(SCOPES),
        }
    elif not scopes:
        errors["scopes"] = gettext("Choose at least one scope. Valid scopes: %(scopes)s.") % {
            "scopes": ", ".join(SCOPES)
        }
    if expires_in is not None and expires_in <= timedelta():
        errors["expires_in"] = gettext("The expiry must be in the future.")
    return errors


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
