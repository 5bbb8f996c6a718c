"""How many people watch, estimated from the requests of a minute, which is what CloudFront counts.

A player of live HLS fetches each segment once, and the playlist of its rendition once for each segment
(RFC 8216, 6.3.4: it reloads the playlist after a target duration). So a viewer causes two requests for each
segment. Rewinding, bad networks and other players change that: it is an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# The length of a segment in seconds, which the origin endpoint is created with.
SEGMENT_SECONDS = 4
REQUESTS_A_SEGMENT = 2
REQUESTS_A_MINUTE = 60 // SEGMENT_SECONDS * REQUESTS_A_SEGMENT
# CloudFront publishes minutes late. Figures older than this are no answer to "how many watch now".
CURRENT = timedelta(minutes=15)


@dataclass(frozen=True)
class Minute:
    """What was delivered for a breakout in the minute from `start`. `provisional`: it may still change."""

    start: datetime
    bytes_downloaded: int
    requests: int
    provisional: bool = True

    @property
    def viewers(self) -> int:
        """An estimate."""
        return viewers(self.requests)


def viewers(requests_a_minute: int) -> int:
    """How many viewers cause so many requests a minute; at least one if there is any request."""
    return max(round(requests_a_minute / REQUESTS_A_MINUTE), 1 if requests_a_minute else 0)


def last_minute(minutes: Sequence[Minute], now: datetime) -> Minute | None:
    """The newest minute that says how many watch now; None: nothing current is published.

    The newest published minute is usually still incomplete. It counts only if there is no other.
    """
    current = sorted((each for each in minutes if now - each.start <= CURRENT), key=lambda each: each.start)
    return current[-2] if len(current) > 1 else current[0] if current else None
