"""The usage that CloudFront reports for a breakout: the only writer of the `usage_*` columns."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db.models import Q

from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus

log = logging.getLogger(__name__)


def breakout_usage_record(
    breakout_id: int,
    *,
    status: str,
    bytes_downloaded: int | None,
    requests: int | None,
    complete_until: datetime | None,
) -> bool:
    """Write usage (bytes and requests, None while unknown); whether anything was written.

    Final usage never becomes provisional again and its figures never fall: such a write is refused and
    logged. Unchanged figures are not written. Raises `ValueError` for final usage without figures.
    """
    fields: dict[str, Any] = {
        "usage_status": UsageStatus(status),
        "usage_bytes_downloaded": bytes_downloaded,
        "usage_requests": requests,
        "usage_complete_until": complete_until,
    }
    is_final = fields["usage_status"] == UsageStatus.FINAL
    if is_final and (bytes_downloaded is None or requests is None):
        raise ValueError("final usage needs figures: write zero where CloudFront reported nothing")
    row = Breakout.objects.filter(pk=breakout_id).values(*fields).first()
    if row is None or row == fields:
        return False
    allowed = ~Q(usage_status=UsageStatus.FINAL)
    if is_final:
        allowed |= Q(usage_bytes_downloaded__lte=bytes_downloaded, usage_requests__lte=requests)
    if Breakout.objects.filter(allowed, pk=breakout_id).update(**fields):
        return True
    log.warning("The usage of breakout %s is final and was not changed to %s", breakout_id, fields)
    return False
