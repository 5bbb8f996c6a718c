"""Whether a channel's input is received, from the rows that the job `watch_inputs` fills. No call to AWS.

Select channels by `with_facts`: then these functions make no query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from django.db.models import BooleanField, Count, ExpressionWrapper, Prefetch, Q, QuerySet, Subquery, Value
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app.decide.input_health import BLACK_BELOW, Alert, Source, black_detail, missing_detail
from channels_app.ingest import ingest_of, pipelines_of
from channels_app.jobs import WATCH_INPUTS
from channels_app.models import Channel, InputFacts, PipelineStill
from channels_app.models.channel import State
from channels_app.services.input_facts import ALERT_CALLS, LISTENING
from channels_app.services.rescue import MAIN, SECOND
from streamhub.clock import from_now
from streamhub.lifecycle.freshness import is_fresh

# After so long without an answer of AWS nothing is known any more.
STALE_AFTER = timedelta(seconds=150)
NOT_RUNNING = _("MediaLive takes no input while the channel does not run.")
NOT_READ = _("AWS has not been asked yet since the channel runs.")
ON_SECOND = _(
    "MediaLive receives the second input and shows that one. Whether the main one is there again is not "
    "known before MediaLive is switched to it."
)
RECEIVED = _("MediaLive receives the input.")


@dataclass(frozen=True)
class InputHealth:
    """`ok` None: not known, which includes a channel that does not run. `observed_at`: AWS's last answer."""

    ok: bool | None
    detail: str
    observed_at: datetime | None


@dataclass(frozen=True)
class PipelineFigures:
    """What is known of one pipeline; None: not read.

    `network_in` in bits a second, `dropped_frames` of the last complete minute. `active_input` is the name
    of the attachment that it reads: "main" or "second".
    """

    pipeline: int
    running: bool | None
    active_input: str | None
    network_in: int | None
    dropped_frames: int | None


@dataclass(frozen=True)
class InputFigures:
    """The figures of a channel; `network_in` in bits a second and `dropped_frames` of all its pipelines.

    `measured_at`: the start of the minute that they are of. `black_since`: the picture is received, and
    looks black since then.
    """

    network_in: int | None
    dropped_frames: int | None
    active_input: str | None
    pipelines: Sequence[PipelineFigures]
    alerts: Sequence[Alert]
    measured_at: datetime | None
    black_since: datetime | None


NO_FIGURES = InputFigures(None, None, None, (), (), None, None)


def with_facts(channels: QuerySet[Channel]) -> QuerySet[Channel]:
    """The channels with all that this module and `channels_app.thumbnails` read of them."""
    fresh = Q(input_facts__observed_at__gte=from_now(-STALE_AFTER))
    stills = Prefetch(
        "stills", PipelineStill.objects.defer("body").order_by("pipeline"), to_attr="known_stills"
    )
    rows = channels.select_related("input_facts").prefetch_related(stills)
    asked = InputFacts.objects.order_by().values(all=Value(1)).annotate(n=Count("pk")).values("n")
    fresh_ones = ExpressionWrapper(fresh, BooleanField())
    return rows.annotate(input_is_fresh=fresh_ones, inputs_asked=Subquery(asked))


def input_health(channel: Channel) -> InputHealth:
    """Whether the channel's input is received, and if not, what to look at."""
    if not is_listening(channel):
        return InputHealth(None, str(NOT_RUNNING), None)
    facts = facts_of(channel)
    if facts is None or facts.observed_at is None or not _is_of_this_run(channel, facts):
        reason = (
            gettext("AWS could not be asked: %(problem)s") % {"problem": facts.problem}
            if facts and facts.problem
            else str(NOT_READ)
        )
        return InputHealth(None, reason, None)
    if not _is_fresh(channel):
        why = f": {facts.problem}" if facts.problem else "."
        return InputHealth(
            None, gettext("AWS has not said for some minutes what it receives%(why)s") % {"why": why}, None
        )
    return _judged(channel, facts)


def _judged(channel: Channel, facts: InputFacts) -> InputHealth:
    alerts = alerts_of(facts)
    missing = [alert for alert in alerts if alert.says_missing]
    if missing:
        detail = missing_detail(missing, pipelines_of(channel), source_of(channel))
        return InputHealth(False, detail, facts.observed_at)
    if facts.black_since is not None:
        dark = [still.brightness for still in stills_of(channel) if still.brightness is not None]
        return InputHealth(False, black_detail(min(dark, default=BLACK_BELOW)), facts.observed_at)
    others = ", ".join(sorted({alert.kind for alert in alerts}))
    detail = str(ON_SECOND if input_figures(channel).active_input == SECOND else RECEIVED)
    return InputHealth(
        True,
        gettext("%(detail)s It reports: %(others)s.") % {"detail": detail, "others": others}
        if others
        else detail,
        facts.observed_at,
    )


def is_late(channel: Channel, observed_at: datetime, now: datetime) -> bool:
    """Whether AWS's last answer about the input is older than it is while the job runs as planned.

    Of many channels a run asks only a part, so that the period of each is longer.
    """
    asked = getattr(channel, "inputs_asked", None)
    runs = ceil((InputFacts.objects.count() if asked is None else asked) / ALERT_CALLS)
    return not is_fresh(observed_at, every_seconds=WATCH_INPUTS.seconds() * max(1, runs), now=now)


def input_figures(channel: Channel) -> InputFigures:
    """The figures of the channel's input; empty while it does not run."""
    facts = facts_of(channel)
    if facts is None or not is_listening(channel) or not _is_of_this_run(channel, facts):
        return NO_FIGURES
    pipelines = tuple(PipelineFigures(**entry) for entry in facts.pipelines)
    active = {each.active_input for each in pipelines if each.active_input}
    return InputFigures(
        network_in=_sum(each.network_in for each in pipelines),
        dropped_frames=_sum(each.dropped_frames for each in pipelines),
        active_input=active.pop() if len(active) == 1 else None,
        pipelines=pipelines,
        alerts=alerts_of(facts),
        measured_at=facts.measured_at,
        black_since=facts.black_since,
    )


def missing_since(channel: Channel) -> datetime | None:
    """Since when an input is missing, or its picture is black; None if neither is known."""
    facts = facts_of(channel)
    if facts is None or input_health(channel).ok is not False:
        return None
    missing = [alert.since for alert in alerts_of(facts) if alert.says_missing]
    return min(missing) if missing else facts.black_since


def facts_of(channel: Channel) -> InputFacts | None:
    """The channel's row of facts; None before the first reading of a run."""
    return getattr(channel, "input_facts", None)


def stills_of(channel: Channel) -> list[PipelineStill]:
    """The channel's stills without their bytes, by pipeline."""
    known = getattr(channel, "known_stills", None)
    return list(channel.stills.defer("body").order_by("pipeline")) if known is None else known


def is_listening(channel: Channel) -> bool:
    """Whether MediaLive takes the channel's input, as far as is known."""
    return not channel.ml_channel_gone and channel.ml_channel_state in LISTENING


def alerts_of(facts: InputFacts) -> tuple[Alert, ...]:
    return tuple(
        Alert(datetime.fromisoformat(entry["since"]), entry["kind"], entry["pipeline"], entry["message"])
        for entry in facts.alerts
    )


def source_of(channel: Channel) -> Source:
    """Where the input comes from. Of a pulled source only its host: the rest may hold a secret."""
    active = (input_figures(channel).active_input or MAIN) if channel.second_input_type else MAIN
    ingest = [each for each in ingest_of(channel) if each.input == active]
    return Source(
        heard=sum(each.active for each in ingest),
        unheard=sum(not each.active for each in ingest),
        allowed=channel.allowed_cidrs,
        of_input=active if channel.second_input_type else "",
        pulled=[urlsplit(url).hostname or gettext("the source") for url in channel.source_urls],
    )


def _is_of_this_run(channel: Channel, facts: InputFacts) -> bool:
    """Whether AWS answered after the channel began to run. Before, it told about the run before."""
    if facts.observed_at is None:
        return False
    return channel.state != State.RUNNING or facts.observed_at >= channel.state_since


def _is_fresh(channel: Channel) -> bool:
    known = getattr(channel, "input_is_fresh", None)
    if known is None:
        return InputFacts.objects.filter(channel=channel, observed_at__gte=from_now(-STALE_AFTER)).exists()
    return bool(known)


def _sum(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
