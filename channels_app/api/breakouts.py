"""Breakouts over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status

from channels_app import playback, services
from channels_app.api import costs, fields
from channels_app.api.channels import channel_or_404
from channels_app.models import Breakout
from channels_app.models.breakout import State
from channels_app.playback_link import Playback, breakout_playback
from channels_app.readiness import Readiness, readiness
from distributions.api import ErrorOut
from streamhub.access.http import In, Moment, Out, Page, Paging, Whole, actor_of, choices, one, page, scope
from streamhub.errors import Invalid
from streamhub.row_ids import row_id

router = Router(tags=["breakouts"])
READ, CONTROL = scope("breakouts:read"), scope("breakouts:control")


class BreakoutIn(In):
    channel: str = Field(json_schema_extra=fields.CHANNEL_ID)
    name: str = Field(json_schema_extra=fields.BREAKOUT_NAME)
    starts_at: Annotated[Moment, Field(description=fields.NOT_PAST)] | None = None
    duration_minutes: Annotated[Whole, Field(json_schema_extra=fields.DURATION)] | None = None
    time_zone: Annotated[str, Field(json_schema_extra=fields.TIME_ZONE)] | None = None
    customer: Annotated[str, Field(json_schema_extra=fields.CUSTOMER)] | None = None
    note: Annotated[str, Field(json_schema_extra=fields.NOTE)] | None = None

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        return {**_channel_errors(given.get("channel")), **_plan_errors(given)}


class BreakoutPatch(In):
    """What is left out stays; null empties a field."""

    name: str = Field("", json_schema_extra=fields.BREAKOUT_NAME)
    starts_at: Annotated[Moment, Field(description=fields.NOT_PAST)] | None = None
    duration_minutes: Annotated[Whole, Field(json_schema_extra=fields.DURATION)] | None = None
    time_zone: Annotated[str, Field(json_schema_extra=fields.TIME_ZONE)] | None = None
    customer: Annotated[str, Field(json_schema_extra=fields.CUSTOMER)] | None = None
    note: Annotated[str, Field(json_schema_extra=fields.NOTE)] | None = None

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        """Nothing is said of the start: one that is past is right if the breakout has it already."""
        return {name: text for name, text in _plan_errors(given).items() if name != "starts_at"}


class CurtainIn(In):
    raised: bool


class PlaybackIn(In):
    expires_in_seconds: Annotated[Whole, Field(json_schema_extra=fields.EXPIRES_IN)] | None = None


class PlaybackOut(Out):
    url: str
    signed_url: str | None
    cookies: dict[str, str] | None
    cookie_domain: str | None
    expires_at: datetime | None
    protected: bool


class ExtendIn(In):
    minutes: Annotated[Whole, Field(json_schema_extra=fields.DURATION)]


class UsageOut(Out):
    status: str
    bytes_downloaded: int | None
    requests: int | None
    complete_until: datetime | None
    approximate: bool
    suspect: bool
    complete: bool


class BreakoutOut(Out):
    id: str
    channel: str | None
    channel_name: str
    name: str
    state: str
    starts_at: datetime | None
    time_zone: str | None
    duration_minutes: int | None
    planned_end_at: datetime | None
    customer: str | None
    note: str | None
    session_started_at: datetime | None
    session_ended_at: datetime | None
    curtain_raised: bool
    playback_url: str | None
    distributions: list[str]
    usage: UsageOut
    error: ErrorOut | None
    viewers_estimate: int | None = Field(
        description="from the requests of the newest minute that CloudFront has published; null: none lately"
    )
    cost: costs.CostOut | None = Field(description="null: it was not on air, or there is no rate")

    @staticmethod
    def resolve_cost(row: Breakout) -> dict[str, Any] | None:
        return costs.cost(row)

    @staticmethod
    def resolve_viewers_estimate(row: Breakout) -> int | None:
        return costs.viewers_estimate(row)

    @staticmethod
    def resolve_channel(row: Breakout) -> str | None:
        return str(row.channel_id) if row.channel_id else None

    @staticmethod
    def resolve_customer(row: Breakout) -> str | None:
        return services.customer_of(row) or None

    @staticmethod
    def resolve_time_zone(row: Breakout) -> str | None:
        return row.time_zone or None

    @staticmethod
    def resolve_note(row: Breakout) -> str | None:
        return row.note or None

    @staticmethod
    def resolve_playback_url(row: Breakout) -> str | None:
        return playback.of_breakout(row)

    @staticmethod
    def resolve_error(row: Breakout) -> dict[str, Any] | None:
        return row.shown_error.error

    @staticmethod
    def resolve_distributions(row: Breakout) -> list[str]:
        attachments = sorted(row.attachments.all(), key=lambda attachment: attachment.started_at)
        ids = [attachment.aws_distribution_id for attachment in attachments]
        return list(dict.fromkeys(filter(None, ids)))

    @staticmethod
    def resolve_usage(row: Breakout) -> dict[str, Any]:
        return {
            "status": row.usage_status,
            "bytes_downloaded": row.usage_bytes_downloaded,
            "requests": row.usage_requests,
            "complete_until": row.usage_complete_until,
            "approximate": row.usage_approximate,
            "suspect": row.usage_suspect,
            "complete": row.usage_complete,
        }


class PlannedOut(BreakoutOut):
    """A breakout that was just planned. `warnings`: what overlaps, and what is planned twice."""

    warnings: list[str]

    @staticmethod
    def resolve_warnings(row: Breakout) -> list[str]:
        if row.state not in (State.IDLE, State.FAILED):
            return []
        return services.plan_warnings(row.channel, row.name, row.starts_at, row.duration_minutes, besides=row)


class CheckOut(Out):
    name: str
    ok: bool | None
    detail: str
    observed_at: datetime | None


class ReadinessOut(Out):
    ready: bool
    checks: list[CheckOut]


class BreakoutFilter(Paging):
    state: Annotated[State, choices(State)] | None = None
    channel: str | None = Field(None, json_schema_extra=fields.CHANNEL_FILTER)


def breakouts() -> QuerySet[Breakout]:
    """Breakouts with everything that `BreakoutOut` reads: a list costs a constant number of queries."""
    return Breakout.objects.select_related("channel__distribution").prefetch_related("attachments")


def breakout_or_404(id: str) -> Breakout:
    return one(breakouts(), id)


def asked_for(id: str) -> Breakout:
    """The breakout that a verb is about, without what answers need: the verb reads it under its lock."""
    return one(Breakout.objects.all(), id)


def reloaded(breakout: Breakout) -> Breakout:
    """The breakout as it is after a verb."""
    return breakouts().get(pk=breakout.pk)


@router.post("", response={201: PlannedOut}, auth=CONTROL)
def create_breakout(request: HttpRequest, body: BreakoutIn) -> Status[Breakout]:
    """Create an idle breakout on a channel. A start must not be past; `warnings` say what overlaps."""
    given = body.model_dump(exclude={"channel"})
    if unknown := _channel_errors(body.channel):
        raise Invalid({**unknown, **_plan_errors(given)})
    channel = channel_or_404(body.channel)
    return Status(201, reloaded(services.breakout_create(channel, **given, who=actor_of(request))))


def _plan_errors(given: Mapping[str, Any]) -> dict[str, str]:
    return services.plan_errors({name: value for name, value in given.items() if value is not None})


def _channel_errors(id: str | None) -> dict[str, str]:
    """What is wrong with the id of a channel, by field; nothing if none is given."""
    if id is None:
        return {}
    try:
        channel_or_404(id)
    except Http404:
        return {"channel": _("There is no channel %(id)s.") % {"id": repr(id[:40])}}
    return {}


@router.get("", response=Page[BreakoutOut], auth=READ)
def list_breakouts(request: HttpRequest, query: Query[BreakoutFilter]) -> dict[str, Any]:
    """Breakouts, newest first."""
    rows = breakouts()
    if query.state:
        rows = rows.filter(state=query.state)
    if query.channel is not None:
        channel = row_id(query.channel)
        rows = rows.none() if channel is None else rows.filter(channel_id=channel)
    return costs.with_costs(page(rows, query.cursor, query.limit, request))


@router.get("/{id}", response=BreakoutOut, auth=READ)
def get_breakout(request: HttpRequest, id: str) -> Breakout:
    """One breakout. It is kept when its channel is deleted."""
    return breakout_or_404(id)


@router.patch("/{id}", response=PlannedOut, auth=CONTROL)
def change_breakout(request: HttpRequest, id: str, body: BreakoutPatch) -> Breakout:
    """Change what is planned: the start until the show begins, its duration until it ends; 409 afterwards.

    Name, customer and note can be corrected at any time.
    """
    row, given = asked_for(id), body.model_dump(exclude_unset=True)
    return reloaded(services.breakout_edit(row, **given, who=actor_of(request)))


@router.post("/{id}/prepare", response={202: ReadinessOut}, auth=CONTROL)
def prepare_breakout(request: HttpRequest, id: str) -> Status[Readiness]:
    """Make sure that a distribution exists, and queue a new observation of AWS."""
    row = services.breakout_prepare(asked_for(id), who=actor_of(request))
    return Status(202, readiness(reloaded(row)))


@router.post("/{id}/start", response={202: BreakoutOut}, auth=CONTROL)
def start_breakout(request: HttpRequest, id: str) -> Status[Breakout]:
    """Start the breakout. It is prepared first; the call does not wait for AWS."""
    return Status(202, reloaded(services.breakout_start(asked_for(id), who=actor_of(request))))


@router.post("/{id}/stop", response={202: BreakoutOut}, auth=CONTROL)
def stop_breakout(request: HttpRequest, id: str) -> Status[Breakout]:
    """Stop the breakout. It is `completed` once MediaLive is idle."""
    return Status(202, reloaded(services.breakout_stop(asked_for(id), who=actor_of(request))))


@router.post("/{id}/cancel", response={202: BreakoutOut}, auth=CONTROL)
def cancel_breakout(request: HttpRequest, id: str) -> Status[Breakout]:
    """Cancel the breakout before it runs."""
    return Status(202, reloaded(services.breakout_cancel(asked_for(id), who=actor_of(request))))


@router.post("/{id}/take-over", response={202: BreakoutOut}, auth=CONTROL)
def take_over_channel(request: HttpRequest, id: str) -> Status[Breakout]:
    """End the breakout that runs on its channel and be on air in its place, without stopping the channel."""
    return Status(202, reloaded(services.breakout_take_over(asked_for(id), who=actor_of(request))))


@router.post("/{id}/extend", response=BreakoutOut, auth=CONTROL)
def extend_breakout(request: HttpRequest, id: str, body: ExtendIn) -> Breakout:
    """Add minutes to the planned duration, a week in all at most."""
    return reloaded(services.breakout_extend(asked_for(id), body.minutes, who=actor_of(request)))


@router.post("/{id}/curtain", response=BreakoutOut, auth=CONTROL)
def move_curtain(request: HttpRequest, id: str, body: CurtainIn) -> Breakout:
    """Raise or lower the curtain."""
    return reloaded(services.breakout_curtain(asked_for(id), body.raised, who=actor_of(request)))


@router.post("/{id}/playback", response=PlaybackOut, auth=CONTROL)
def get_playback(request: HttpRequest, id: str, body: PlaybackIn | None = None) -> Playback:
    """The playback link, signed where CloudFront asks for signatures."""
    seconds = body.expires_in_seconds if body else None
    return breakout_playback(breakout_or_404(id), who=actor_of(request), expires_in_seconds=seconds)


@router.get("/{id}/readiness", response=ReadinessOut, auth=READ)
def get_readiness(request: HttpRequest, id: str) -> Readiness:
    """Whether the breakout is ready, from the last observation. Changes nothing."""
    return readiness(breakout_or_404(id))
