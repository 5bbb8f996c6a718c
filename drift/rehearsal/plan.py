"""The steps of a rehearsal and which of them are left out: functions of values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """`opening`, `extra`: left out after a failure. `closing`: what undoes the rest, always tried."""

    OPENING = "opening"
    CLOSING = "closing"
    EXTRA = "extra"


@dataclass(frozen=True)
class Step:
    """One step. `operations`: what AWS carries out meanwhile, one after the other (`lifecycle.durations`).

    `lists`: how many complete lists it may have to wait for; `reaper`: how many runs of the reaper.
    `vital`: after its failure the rest of the opening makes no sense. `seconds`: the least that it may take.
    """

    key: str
    title: str
    part: Part
    operations: tuple[str, ...] = ()
    lists: int = 0
    reaper: int = 0
    vital: bool = True
    seconds: float = 0


PLAN = (
    Step("channel", "create a channel", Part.OPENING, ("medialive:CreateChannel",), lists=1),
    Step(
        "ready", "create a breakout and wait until it is ready", Part.OPENING, ("cloudfront:deploy",), lists=2
    ),
    Step("start", "start it", Part.OPENING, ("medialive:StartChannel",)),
    Step("curtain", "raise the curtain", Part.OPENING),
    Step("playback", "ask for the playback URL", Part.OPENING, vital=False),
    Step("stop", "stop it", Part.CLOSING, ("medialive:StopChannel",)),
    Step(
        "delete",
        "delete the channel",
        Part.CLOSING,
        (
            "medialive:DeleteChannel",
            "medialive:DeleteInput",
            "mediapackage:DeleteOriginEndpoint",
            "mediapackage:DeleteChannel",
        ),
        lists=3,
    ),
    Step(
        "reap",
        "disable the distribution and have it reaped",
        Part.CLOSING,
        ("cloudfront:disable",),
        lists=3,
        reaper=2,
    ),
    Step("usage", "read the usage once", Part.EXTRA),
    Step("left", "read AWS for what is left", Part.CLOSING),
)
CLOSING = tuple(step for step in PLAN if step.part is Part.CLOSING)

# What each step is about, without which there is nothing to do.
NEEDS = {
    "stop": "show on air",
    "delete": "channel",
    "reap": "distribution",
    "usage": "show",
    "left": "resource",
}


def left_out(step: Step, *, broken: str, existing: Collection[str]) -> str:
    """Why the step is not taken; "" if it is.

    `broken`: the title of the vital step that failed before it, "" if none did. `existing`: which of `NEEDS`
    there are, or were during the rehearsal.
    """
    if broken and step.part is not Part.CLOSING:
        return f"left out after the failure: {broken}"
    needed = NEEDS.get(step.key, "")
    return f"there is no {needed}" if needed and needed not in existing else ""


def breaks(step: Step) -> bool:
    """Whether its failure ends the opening."""
    return step.vital and step.part is Part.OPENING
