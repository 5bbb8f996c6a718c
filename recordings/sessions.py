"""When breakouts ran, and which files are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from channels_app.airtime import Span, times_on_air
from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR
from streamhub.aws.encoding import ROLLOVER_SECONDS
from streamhub.aws.s3 import ObjectInfo

# The longest duration of one file. A warm channel closes the file of a session's end this much later.
ROLLOVER = timedelta(seconds=ROLLOVER_SECONDS)
# S3 reports modification times in whole seconds.
S3_PRECISION = timedelta(seconds=1)
STARTED_FORMAT = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Session:
    """When a breakout ran: from its first accepted start to its last accepted stop (None: it still runs).

    `pauses`: when it did not run in between, because it failed and was started again later. Another breakout
    may have run then.
    """

    began: datetime
    ended: datetime | None
    pauses: tuple[Span, ...] = ()

    @property
    def times(self) -> list[tuple[datetime, datetime | None]]:
        """Each time in which it ran, in order."""
        starts = [self.began, *(end for _start, end in self.pauses)]
        return list(zip(starts, [*(start for start, _end in self.pauses), self.ended], strict=True))


def run_started(key: str, channel_uid: str) -> datetime | None:
    """When the encoder run that wrote this object started; None if the key is not the channel's."""
    uid, _, rest = key.partition("/")
    started, slash, name = rest.partition("/")
    if uid != channel_uid or not slash or not name:
        return None
    try:
        return datetime.strptime(started, STARTED_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def belongs(item: ObjectInfo, channel_uid: str, session: Session) -> bool:
    """Whether the file overlaps a time of the session: closed after it began, and begun before it ended."""
    started = run_started(item.key, channel_uid)
    if started is None:
        return False
    file_began, closed = max(started, item.last_modified - ROLLOVER), item.last_modified + S3_PRECISION
    return any(closed >= began and (ended is None or file_began <= ended) for began, ended in session.times)


def session_of(breakout: Breakout) -> Session | None:
    """When the breakout ran; None if it did not. A failed one ended when it failed."""
    over = breakout.state not in ON_AIR
    ended = breakout.session_ended_at or (breakout.state_since if over else None)
    times = times_on_air(breakout, ended or breakout.state_since)
    if not times:
        return None
    return Session(times[0][0], ended, tuple((one[1], other[0]) for one, other in pairwise(times)))


def overlap(key: str, closed: datetime, channel_uid: str, session: Session) -> timedelta:
    """How much of the session is in the file that was closed then."""
    file_began = max(run_started(key, channel_uid) or closed, closed - ROLLOVER)
    parts = (min(closed, ended or closed) - max(file_began, began) for began, ended in session.times)
    return sum((part for part in parts if part > timedelta(0)), timedelta(0))
