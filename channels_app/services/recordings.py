"""The error of a breakout whose recordings could not be read or do not exist."""

from __future__ import annotations

from django.db.models import Q

from channels_app.models import Breakout
from streamhub.errors import AwsError
from streamhub.lifecycle.models import error_fields

# Error codes: the bucket could not be read, and it was read but has no file of the breakout.
RECORDINGS_UNREAD = "recordings_unread"
RECORDINGS_MISSING = "recordings_missing"
_OWN = Q(error_code__in=(RECORDINGS_UNREAD, RECORDINGS_MISSING))


def breakout_recordings_record(breakout_id: int, error: AwsError | None, hint: str = "") -> bool:
    """Show the error on the breakout (None: no longer), whether anything was written.

    An error of another kind, such as why the breakout failed, is more important and stays.
    """
    rows = Breakout.objects.filter(pk=breakout_id)
    if error is None:
        return bool(rows.filter(_OWN).update(**error_fields(None)))
    fields = error_fields(error, hint)
    same = Q(error_code=fields["error_code"], error_message=fields["error_message"])
    return bool(rows.filter(_OWN | Q(error_code="")).exclude(same).update(**fields))
