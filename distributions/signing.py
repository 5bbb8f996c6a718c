"""Signatures for the viewers of a distribution, and whether key, key group and distribution fit together.

It makes no call: it goes by what workers have observed, and by the keys that this process has in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from distributions.models import Distribution, ViewerKey
from distributions.signing_choice import SETTLED_AFTER, KeyFacts, choose
from streamhub.aws.signing import Signature, SigningKey
from streamhub.aws.signing import sign as aws_sign
from streamhub.aws.signing_keys import KeySetting, key_in_memory, key_settings
from streamhub.clock import database_now
from streamhub.errors import Misconfigured, NotPossible
from streamhub.lifecycle.freshness import is_fresh

NO_KEY = (
    "CloudFront serves signed requests only, and StreamHub has no key to sign with: set "
    "CLOUDFRONT_PUBLIC_KEY_ID and CLOUDFRONT_PRIVATE_KEY."
)


@dataclass(frozen=True)
class Fit:
    """Whether viewers get signatures that CloudFront takes. `ok` None: not known."""

    ok: bool | None
    detail: str
    observed_at: datetime | None = None


def groups_of(row: Distribution) -> list[str]:
    """The key groups whose signatures the distribution's viewers need; none: it is not protected."""
    return [group for group in row.key_groups_seen.split(",") if group]


def sign(row: Distribution, resource: str, ends_at: datetime) -> Signature:
    """Sign for viewers of the distribution, and note until when. Raises `NotPossible`, saying what to set."""
    fit, chosen = _fit(row)
    if fit is not None and chosen is None:
        raise NotPossible(fit.detail)
    if chosen is None:
        raise NotPossible(_("The distribution needs no signatures."))
    key = _in_memory(chosen)
    if key is None:
        raise NotPossible(_not_read(chosen))
    _note(chosen.id, ends_at)
    return aws_sign(key, resource, ends_at)


def fit(row: Distribution) -> Fit | None:
    """Whether key, key group and distribution fit together; None where no key group is in play."""
    return _fit(row)[0]


def _fit(row: Distribution) -> tuple[Fit | None, KeySetting | None]:
    """The fit, and the key that signs, if one may."""
    wanted, groups = settings.CLOUDFRONT_KEY_GROUP_ID, groups_of(row)
    if not wanted and not groups:
        return None, None
    if not groups:
        detail = (
            "The distribution asks for no signatures, though CLOUDFRONT_KEY_GROUP_ID is set: whoever has its "
            "URL can watch. Press Apply settings on its channel."
        )
        return Fit(False, detail, row.observed_at), None
    if wanted not in groups:
        other = (
            f"and CLOUDFRONT_KEY_GROUP_ID is {wanted}" if wanted else "and CLOUDFRONT_KEY_GROUP_ID is not set"
        )
        detail = f"The distribution takes signatures of the key group {', '.join(groups)}, {other}."
        return Fit(False, detail, row.observed_at), None
    keys = key_settings()
    return _fit_of_keys(keys) if keys else (Fit(False, NO_KEY), None)


def _fit_of_keys(keys: list[KeySetting]) -> tuple[Fit, KeySetting | None]:
    rows = {row.key_id: row for row in ViewerKey.objects.filter(key_id__in=[key.id for key in keys])}
    now = database_now()
    chosen_id = choose([_facts(key.id, rows.get(key.id), now) for key in keys])
    chosen = next((key for key in keys if key.id == chosen_id), None)
    if chosen is None:
        return Fit(False, _why_none(rows.get(keys[0].id), keys[0]), _seen(rows.get(keys[0].id))), None
    fit = _fit_of_chosen(chosen, rows.get(chosen.id))
    return replace(fit, detail=" ".join(filter(None, [fit.detail, _rotation(keys, rows, chosen)]))), chosen


def _rotation(keys: list[KeySetting], rows: Mapping[str, ViewerKey], chosen: KeySetting) -> str:
    """What a rotation waits for, in a sentence; "" without one."""
    if len(keys) < 2:
        return ""
    present, following = keys
    seen = rows.get(following.id)
    if chosen == present and seen is not None and seen.matches is False:
        return f"{following.name} is not the private half of the public key {following.id}."
    since = seen.in_group_since if seen is not None and seen.in_group else None
    if chosen == present and since is None:
        return f"The next key {following.id} signs once the key group has it: add it in CloudFront."
    if chosen == present and since is not None:
        return f"The next key {following.id} signs from {_utc(since + SETTLED_AFTER)} on."
    old = rows.get(present.id)
    if old is None or old.signed_until is None:
        return f"The key {present.id} has signed nothing that lasts: take it out of the key group."
    end = _utc(old.signed_until)
    return f"The last link of the key {present.id} ends at {end}: take it out of the key group then."


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _facts(key_id: str, row: ViewerKey | None, now: datetime) -> KeyFacts:
    if row is None or row.group_id != settings.CLOUDFRONT_KEY_GROUP_ID:
        return KeyFacts(key_id)
    there_for = now - row.in_group_since if row.in_group_since else None
    return KeyFacts(key_id, row.in_group, there_for, row.matches)


def _seen(row: ViewerKey | None) -> datetime | None:
    """When it was observed; None if that is stale."""
    return row.observed_at if row is not None and is_fresh(row.observed_at) else None


def _why_none(row: ViewerKey | None, key: KeySetting) -> str:
    if row is not None and row.matches is False:
        return f"{key.name} is not the private half of the public key {key.id} that CloudFront has."
    group_id = settings.CLOUDFRONT_KEY_GROUP_ID
    return f"The key group {group_id} lacks the public key {key.id}: add it in CloudFront."


def _fit_of_chosen(key: KeySetting, row: ViewerKey | None) -> Fit:
    try:
        if _in_memory(key) is None:
            return Fit(None, _not_read(key), _seen(row))
    except NotPossible as unusable:
        return Fit(False, unusable.detail, _seen(row))
    if row is not None and row.problem:
        return Fit(None, f"The key {key.id} could not be checked: {row.problem}", _seen(row))
    if _seen(row) is None:
        return Fit(None, f"Whether the key group has the key {key.id} was not read lately. A job reads it.")
    detail = f"The key {key.id} signs for viewers; the key group {settings.CLOUDFRONT_KEY_GROUP_ID} has it."
    return Fit(True, detail, _seen(row))


def _in_memory(key: KeySetting) -> SigningKey | None:
    try:
        return key_in_memory(key)
    except Misconfigured as error:
        raise NotPossible(str(error)) from None


def _not_read(key: KeySetting) -> str:
    return (
        f"{key.name} has not been read from Secrets Manager yet. Try again in a minute; the log says why not."
    )


def _note(key_id: str, ends_at: datetime) -> None:
    """Keep when the key's last signature ends: until then the key group must have it."""
    ViewerKey.objects.get_or_create(key_id=key_id)
    earlier = Q(signed_until=None) | Q(signed_until__lt=ends_at)
    ViewerKey.objects.filter(earlier, key_id=key_id).update(signed_until=ends_at)
