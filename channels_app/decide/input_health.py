"""Whether a running channel receives its input, from what AWS last said about it. Pure.

Pages: "List of alerts for channels" and "Input metrics" of MediaLive's guide (AWS_RULES 35, 40).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# What MediaLive calls a missing input: the wording of its alerts, a part of which is enough.
MISSING = (
    "Video Not Detected",
    "RTMP Stream Not Found",
    "RTMP Has No Audio/Video",
    "RTMP Input Connect Failed",
    "Stopped Receiving UDP Input",
    "HTTP Get Failed",
    "HLS Input",
    "SRT",
    "Unable To Open Input File",
    "Initial Probing Is Taking Longer Than Expected",
)
# The RTMP stream was never there in this run: nobody pushes, or to another address, or from another one.
NEVER_THERE = ("RTMP Stream Not Found",)
# The mean luma, of 255, under which a picture counts as black. MediaLive's black is 16.
BLACK_BELOW = 24.0


@dataclass(frozen=True)
class Alert:
    """An alert of MediaLive that is set, in its own words."""

    since: datetime
    kind: str
    pipeline: int
    message: str

    @property
    def says_missing(self) -> bool:
        return any(kind.lower() in self.kind.lower() for kind in MISSING)


@dataclass(frozen=True)
class Source:
    """Where the input comes from: how many addresses MediaLive hears, and how many more it has.

    `allowed`: the CIDRs from which it takes a push; `pulled`: the hosts that it pulls from. The addresses
    themselves are not said: who knows one can push to it, and alarms are sent to many people. `of_input`: the
    input that is read, "main" or "second", of a channel with two.
    """

    heard: int = 0
    unheard: int = 0
    allowed: Sequence[str] = ()
    pulled: Sequence[str] = ()
    of_input: str = ""


ORDINALS = ("first", "second")


def missing_detail(alerts: Sequence[Alert], pipelines: int, source: Source) -> str:
    """What is missing and where to look, for the alerts that say it."""
    dark = sorted({alert.pipeline for alert in alerts})
    where = "" if pipelines == 1 else f" for pipeline {' and '.join(map(str, dark))}"
    if source.pulled:
        return f"Nothing comes from {', '.join(source.pulled)}{where}: check that the source sends."
    never = any(kind in alert.kind for alert in alerts for kind in NEVER_THERE)
    names = [ORDINALS[number] for number in dark if number < source.heard]
    if not names:
        return f"Nothing arrives{where}."
    at = f"at the {' and the '.join(names)} URL{'' if len(names) == 1 else 's'}"
    at += f" of the {source.of_input} input" if source.of_input else ""
    begun = f"Nothing has arrived {at} since the channel runs" if never else f"Nothing arrives {at} any more"
    return f"{begun}. {_where_to_look(source, never)}"


def _where_to_look(source: Source, never: bool) -> str:
    if not never:
        return "Check that the encoder is on and that its network works."
    checks = ["Check that the encoder is on and pushes to exactly this URL"]
    if source.unheard:
        checks.append("What arrives at the second URL is discarded")
    if source.allowed:
        checks.append(f"Encoders outside {', '.join(source.allowed)} are shut out")
    return ". ".join(checks) + "."


def black_detail(brightness: float) -> str:
    return (
        f"The input is received, but its picture looks black (mean brightness {brightness:.0f} of 255, "
        "judged from the last thumbnail only). Check camera and scene."
    )
