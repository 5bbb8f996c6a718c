"""Count on the reaper's run what the step of a deletion did, and go on with the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F

from distributions import feeding
from distributions.models import Distribution, ReaperRun
from streamhub.aws.ratelimit import current_caller


@contextmanager
def counting(row: Distribution) -> Iterator[None]:
    """The calls made inside this context, however it ends, and whether CloudFront accepted the deletion."""
    accepted, calls = row.delete_accepted_at, current_caller().calls
    try:
        yield
    finally:
        calls = current_caller().calls - calls
        deleted = int(accepted is None and row.delete_accepted_at is not None)
        if row.reaper_run_id and (calls or deleted):
            runs = ReaperRun.objects.filter(pk=row.reaper_run_id)
            runs.update(deleted=F("deleted") + deleted, calls=F("calls") + calls)
            if deleted:
                feeding.feed_now_and_then(row.reaper_run_id)
