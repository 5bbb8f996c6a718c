"""Which of several breakouts pays for a file that overlaps them all: the bucket has its bytes once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from channels_app.models import Breakout
from recordings.models import Recording
from recordings.sessions import Session, overlap, session_of

BATCH = 500


def payer(key: str, closed: datetime, channel_uid: str, sessions: dict[int, Session]) -> int:
    """By breakout: the one whose session has more of the file; of equal ones the earlier."""

    def rank(pk: int) -> tuple[timedelta, datetime, int]:
        return -overlap(key, closed, channel_uid, sessions[pk]), sessions[pk].began, pk

    return min(sessions, key=rank)


def bill_once(breakout: Breakout, keys: Collection[str]) -> None:
    """Make one breakout pay for each of these files of `breakout`. In the caller's transaction."""
    wanted = sorted(keys)
    for n in range(0, len(wanted), BATCH):
        some = wanted[n : n + BATCH]
        rows = Recording.objects.filter(breakout__channel_uid=breakout.channel_uid, key__in=some)
        shared = list(rows.exclude(breakout=breakout).values_list("key", flat=True).distinct())
        if shared:
            _settle(list(rows.filter(key__in=shared).select_related("breakout").order_by("pk")))


def _settle(rows: Collection[Recording]) -> None:
    sessions = {}
    for breakout in {row.breakout for row in rows}:
        if session := session_of(breakout):
            sessions[breakout.pk] = session
    files = defaultdict(list)
    for row in rows:
        if row.breakout_id in sessions:
            files[row.key].append(row)
    for key, its in files.items():
        who = {row.breakout_id: sessions[row.breakout_id] for row in its}
        pays = payer(key, its[0].modified_at, its[0].breakout.channel_uid, who)
        Recording.objects.filter(key=key, breakout__in=who).exclude(breakout=pays).update(billed=False)
        Recording.objects.filter(key=key, breakout=pays).update(billed=True)
