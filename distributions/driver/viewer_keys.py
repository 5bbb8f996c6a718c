"""Look whether the keys that sign for viewers are CloudFront's: in the key group, and of the same pair.

A request must not call AWS, so a job looks, and `distributions.signing` goes by what it saw.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models.functions import Coalesce, Now

from distributions.models import ViewerKey
from streamhub.aws.cloudfront_keys import CloudFrontKeys
from streamhub.aws.session import current_session
from streamhub.aws.signing_keys import KeySetting, key_settings, read_key
from streamhub.clock import database_now
from streamhub.errors import AwsError, Misconfigured
from streamhub.lifecycle.lease import JobRun


def observe(run: JobRun) -> None:
    """The work of the job: one call for the key group, and one or two for each key.

    What could not be read is said on the key's row; what was known of it stays.
    """
    keys = key_settings()
    _forget_others(keys)
    if not keys:
        run.say("no key is set")
        return
    group_id, aws = settings.CLOUDFRONT_KEY_GROUP_ID, CloudFrontKeys(current_session())
    for setting in keys:
        row = ViewerKey.objects.get_or_create(key_id=setting.id)[0]
        try:
            _observe(row, setting, _members(aws, group_id), _public_pem(aws, setting))
        except (AwsError, Misconfigured) as error:
            ViewerKey.objects.filter(pk=row.pk).update(problem=str(error))
            run.fall_short(str(error))
    run.say(f"keys seen in the key group: {ViewerKey.objects.filter(in_group=True).count()} of {len(keys)}")


def _forget_others(keys: list[KeySetting]) -> None:
    """Keys that are set no more, once the last of their signatures has ended."""
    others = ViewerKey.objects.exclude(key_id__in=[key.id for key in keys])
    others.filter(signed_until=None).delete()
    others.filter(signed_until__lt=database_now()).delete()


def _members(aws: CloudFrontKeys, group_id: str) -> tuple[str, ...]:
    """The ids in the key group. That there is none is no proof that no key is in it: raises Misconfigured."""
    members = aws.group(group_id)
    if members is None:
        raise Misconfigured(f"CloudFront has no key group {group_id}: check CLOUDFRONT_KEY_GROUP_ID.")
    return members


def _public_pem(aws: CloudFrontKeys, setting: KeySetting) -> str:
    pem = aws.public_key(setting.id)
    if pem is None:
        raise Misconfigured(
            f"CloudFront has no public key {setting.id}, whose private half is {setting.name}."
        )
    return pem


def _observe(row: ViewerKey, setting: KeySetting, members: tuple[str, ...], public_pem: str) -> None:
    matches, group_id = read_key(setting).is_half_of(public_pem), settings.CLOUDFRONT_KEY_GROUP_ID
    in_group = setting.id in members
    was_there = row.in_group and row.group_id == group_id
    since = Coalesce("in_group_since", Now()) if was_there else Now()
    ViewerKey.objects.filter(pk=row.pk).update(
        group_id=group_id,
        in_group=in_group,
        in_group_since=since if in_group else None,
        matches=matches,
        problem="",
        observed_at=Now(),
    )
