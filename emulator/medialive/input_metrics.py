"""MediaLive's metrics about inputs, by minute: functions of what a channel received.

Pages: "Global metrics", "Input metrics" and "Network metrics" in the MediaLive user guide. A channel that
does not run has no datapoints. Only inputs that receive packets (RTP, MediaConnect) have
`InputLossSeconds`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from emulator.medialive.records import Alert, Channel, Heard
from emulator.picture import FRAME_RATE

MINUTE = 60
ENCODER_MEGABITS = 5.0  # a second, of every encoder here
PACKET_TYPES = ("RTP_PUSH", "UDP_PUSH", "MEDIACONNECT")
UNITS = {
    "ActiveAlerts": "Count",
    "DroppedFrames": "Count",
    "FillMsec": "Milliseconds",
    "InputLossSeconds": "Seconds",
    "InputVideoFrameRate": "Count/Second",
    "NetworkIn": "Megabits/Second",
}
Point = tuple[int, float]


class Span(NamedTuple):
    """A time in epoch seconds in which a running pipeline received its input, or did not."""

    start: float
    end: float
    heard: bool

    def within(self, start: float, end: float) -> float:
        """How many of its seconds are between two moments."""
        return max(0.0, min(self.end, end) - max(self.start, start))


def points(
    channel: Channel, input_type: str, name: str, pipeline: int, first: int, end: int, now: float
) -> list[Point]:
    """The datapoints of the minutes from `first` to before `end`, in order of time."""
    if not channel.heard or (name == "InputLossSeconds" and input_type not in PACKET_TYPES):
        return []
    spans = list(_spans(channel.heard, pipeline, now))
    first = max(first, int(channel.heard[0].at)) // MINUTE * MINUTE
    minutes = ((at, _value(name, spans, channel.alerts, pipeline, at)) for at in range(first, end, MINUTE))
    return [(at, value) for at, value in minutes if value is not None]


def _spans(heard: list[Heard], pipeline: int, now: float) -> Iterator[Span]:
    for entry, following in pairwise([*heard, Heard(now, ())]):
        if pipeline < len(entry.pipelines):
            yield Span(entry.at, following.at, entry.pipelines[pipeline])


def _value(name: str, spans: list[Span], alerts: list[Alert], pipeline: int, at: int) -> float | None:
    """One minute; None if the pipeline did not run in it."""
    running = sum(span.within(at, at + MINUTE) for span in spans)
    if not running:
        return None
    heard = sum(span.within(at, at + MINUTE) for span in spans if span.heard)
    if name == "NetworkIn":
        return ENCODER_MEGABITS * heard / running
    if name == "InputVideoFrameRate":
        return FRAME_RATE * heard / running
    if name == "InputLossSeconds":
        return running - heard
    if name == "FillMsec":
        return max((_filling(span, at) for span in spans), default=0.0)
    if name == "ActiveAlerts":
        return float(sum(alert.pipeline == pipeline and _is_set(alert, at) for alert in alerts))
    return 0.0  # DroppedFrames: encoding is never too slow here


def _filling(span: Span, at: int) -> float:
    """For how many milliseconds fill frames had been shown when the minute or the loss ended."""
    if span.heard or not span.within(at, at + MINUTE):
        return 0.0
    return (min(span.end, at + MINUTE) - span.start) * 1000


def _is_set(alert: Alert, at: int) -> bool:
    cleared = alert.cleared_at.timestamp() if alert.cleared_at else float("inf")
    return alert.set_at.timestamp() < at + MINUTE and cleared > at
