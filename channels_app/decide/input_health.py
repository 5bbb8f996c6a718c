"""Whether a running channel receives its input, from what AWS last said about it. Pure.

Pages: "List of alerts for channels" and "Input metrics" of MediaLive's guide (AWS_RULES 35, 40).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from streamhub.translation import gettext, ngettext

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
    where = "" if pipelines == 1 else gettext(" for pipeline %(map)s") % {"map": " and ".join(map(str, dark))}
    if source.pulled:
        return gettext("Nothing comes from %(pulled)s%(where)s: check that the source sends.") % {
            "pulled": ", ".join(source.pulled),
            "where": where,
        }
    never = any(kind in alert.kind for alert in alerts for kind in NEVER_THERE)
    names = [ORDINALS[number] for number in dark if number < source.heard]
    if not names:
        return gettext("Nothing arrives%(where)s.") % {"where": where}
    at = ngettext("at the %(names)s URL", "at the %(names)s URLs", len(names)) % {
        "names": gettext(" and the ").join(names)
    }
    at += gettext(" of the %(of_input)s input") % {"of_input": source.of_input} if source.of_input else ""
    begun = (
        gettext("Nothing has arrived %(at)s since the channel runs") % {"at": at}
        if never
        else gettext("Nothing arrives %(at)s any more") % {"at": at}
    )
    return f"{begun}. {_where_to_look(source, never)}"


def _where_to_look(source: Source, never: bool) -> str:
    if not never:
        return gettext(
            "Check that the encoder is on, that its network works, and that it pushes to exactly this URL."
        )
    checks = [gettext("Check that the encoder is on and pushes to exactly this URL")]
    if source.unheard:
        checks.append(gettext("What arrives at the second URL is discarded"))
    if source.allowed:
        checks.append(
            gettext("Encoders outside %(allowed)s are shut out") % {"allowed": ", ".join(source.allowed)}
        )
    return ". ".join(checks) + "."


def black_detail(brightness: float) -> str:
    return gettext(
        "The input is received, but its picture looks black (mean brightness %(brightness)s of 255, "
        "judged from the last thumbnail only). Check camera and scene."
    ) % {"brightness": f"{brightness:.0f}"}
