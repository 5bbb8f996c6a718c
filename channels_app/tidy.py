"""Security groups that nobody uses any more: rows without channels, and groups in AWS that carry our
mark but are not (or no longer) their row's own. MediaLive gives no idempotency token for them, so a
create whose answer was lost can leave a twin; an unused one costs nothing but room in the quota."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction

from channels_app.driver import parts
from channels_app.driver.security_group import RESOURCE
from channels_app.models import SecurityGroup
from channels_app.services import security_group_release
from streamhub.aws.medialive import SecurityGroupInfo
from streamhub.aws.ownership import mark_of_tags
from streamhub.errors import Conflict, NotFound

log = logging.getLogger(__name__)


def tidy_security_groups() -> str:
    """Release unused rows and delete groups with our mark that belong to no row; what was done."""
    released = 0
    for group in SecurityGroup.objects.filter(desired="present", channels=None):
        with transaction.atomic():
            security_group_release(group)
        released += 1
    deleted = sum(
        _delete(info)
        for page in parts.live().security_group_pages()
        for info in page.items
        if _is_orphan(info)
    )
    return f"{released} rows released, {deleted} groups deleted"


def _is_orphan(info: SecurityGroupInfo) -> bool:
    """Carries our mark, is used by no input, and is not what its row knows (or is about to know)."""
    mark = mark_of_tags(info.tags)
    ours = mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=RESOURCE)
    if not ours or info.gone or info.inputs:
        return False
    row = SecurityGroup.objects.filter(uid=mark.owner).first()
    return row is None or (row.aws_id not in ("", info.id))


def _delete(info: SecurityGroupInfo) -> bool:
    try:
        parts.live().delete_security_group(info.id)
    except (NotFound, Conflict) as error:
        log.info("Security group %s stays: %s", info.id, error)
        return False
    log.info("Security group %s had our mark and no row: deleted", info.id)
    return True
