"""Channels over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django.db.models import BooleanField, ExpressionWrapper, Prefetch, QuerySet
from django.http import HttpRequest
from ninja import Field, Query, Router, Status
from pydantic import ConfigDict

from channels_app import playback, services
from channels_app.api import costs, fields
from channels_app.ingest import IngestUrl, ingest_of, input_dest_urls
from channels_app.input_health import InputHealth, input_health, with_facts
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import ChannelClass, InputType, State
from channels_app.services.rescue import INPUTS
from distributions.api import DistributionOut, ErrorOut
from distributions.models import Distribution
from streamhub.access.http import In, Moment, Out, Page, Paging, actor_of, choices, one, page, scope

router = Router(tags=["channels"])
READ, WRITE = scope("channels:read"), scope("channels:write")

# The fields that others decide about.
DECIDES: Mapping[str, tuple[str, ...]] = {
    "input_type": ("allowed_cidrs", "source_urls", "input_credentials", "second_input"),
    "channel_class": ("source_urls",),
}


class CredentialsIn(In):
    username: str = Field(json_schema_extra=fields.USERNAME)
    password: str = Field(json_schema_extra=fields.PASSWORD)

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        return _problems_in("input_credentials", given, InputType.URL_PULL)


class SecondInputIn(In):
    type: str = Field(json_schema_extra=fields.SECOND_TYPE)

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        return _problems_in("second_input", given, InputType.RTMP_PUSH)


def _problems_in(name: str, given: Mapping[str, Any], input_type: InputType) -> dict[str, str]:
    """What is wrong with the fields of this object in a channel whose input takes one."""
    fields = {**services.UNREAD, "input_type": input_type, name: given}
    found = services.creation_errors(fields)[0]
    return {key.partition(".")[2]: text for key, text in found.items() if key.startswith(f"{name}.")}


class ChannelIn(In):
    model_config = ConfigDict(json_schema_extra=fields.CHANNEL)

    name: str = Field(json_schema_extra=fields.CHANNEL_NAME)
    channel_class: str = Field(ChannelClass.SINGLE_PIPELINE, json_schema_extra=fields.CHANNEL_CLASS)
    input_type: str = Field(InputType.RTMP_PUSH, json_schema_extra=fields.INPUT_TYPE)
    allowed_cidrs: list[str] = Field([], json_schema_extra=fields.CIDRS)
    source_urls: list[str] = Field([], json_schema_extra=fields.SOURCES)
    input_credentials: CredentialsIn | None = Field(None, json_schema_extra=fields.CREDENTIALS)
    encoding_profile: str = Field("1080p", json_schema_extra=fields.PROFILE)
    record: bool = False
    second_input: SecondInputIn | None = Field(None, json_schema_extra=fields.SECOND_INPUT)
    slate_on_loss: bool = Field(False, description="A slate instead of black while nothing is received.")
    tags: dict[str, str] = Field({}, json_schema_extra=fields.TAGS)

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        """Nothing is said of the fields that a type or class which could not be read decides about."""
        found = services.creation_errors({**services.UNREAD, **given})[0]
        hidden = {field for name in unread for field in DECIDES.get(name, ())}
        return {name: text for name, text in found.items() if name.split(".")[0] not in hidden}


class ChannelPatch(In):
    """What is left out or null stays."""

    name: Annotated[str, Field(json_schema_extra=fields.CHANNEL_NAME)] | None = None
    tags: dict[str, str] | None = Field(None, json_schema_extra=fields.TAGS)
    allowed_cidrs: Annotated[list[str], Field(json_schema_extra=fields.CIDRS)] | None = None
    encoding_profile: Annotated[str, Field(json_schema_extra=fields.PROFILE)] | None = None
    record: bool | None = None

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        sent = {name: value for name, value in given.items() if value is not None}
        return services.edit_errors(sent)


class WarmIn(In):
    until: Annotated[Moment, Field(description="422 unless it is ahead, and within a week.")] | None


class SwitchIn(In):
    to: str = Field(json_schema_extra={"enum": list(INPUTS)})


class SecondInputOut(Out):
    type: str


class IngestOut(Out):
    url: str
    server: str
    stream_key: str | None
    pipeline: int
    active: bool
    input: str = Field(description="`main`, or `second`: the input to which MediaLive fails over")


class InputHealthOut(Out):
    ok: bool | None = Field(description="null: not known, or the channel does not run")
    detail: str
    observed_at: datetime | None


class AttachedDistributionOut(Out):
    id: str
    aws_distribution_id: str | None
    domain_name: str | None
    state: str

    @staticmethod
    def resolve_domain_name(row: Distribution) -> str | None:
        return row.domain_name or None


class ChannelOut(Out):
    id: str
    name: str
    state: str
    desired: str
    state_since: datetime
    channel_class: str
    input_type: str
    allowed_cidrs: list[str]
    source_urls: list[str]
    encoding_profile: str
    record: bool
    second_input: SecondInputOut | None
    slate_on_loss: bool
    tags: dict[str, str]
    endpoints: list[str]
    input_dest_urls: list[str]
    ingest: list[IngestOut]
    input_health: InputHealthOut
    playback_url: str | None
    alias: str | None = Field(description="Its alternate domain name; null: none")
    distribution: AttachedDistributionOut | None
    error: ErrorOut | None
    warm_until: datetime | None
    created_at: datetime
    pending_changes: list[str]
    origin_closed: bool | None
    settings_outdated: bool
    cost_per_hour: Decimal | None = Field(
        description="US dollars as text, an estimate without delivery; null: nothing is billed, or no rate"
    )

    @staticmethod
    def resolve_cost_per_hour(row: Channel) -> Decimal | None:
        return costs.cost_per_hour(row)

    @staticmethod
    def resolve_alias(row: Channel) -> str | None:
        return services.alias_of(row) or None

    @staticmethod
    def resolve_second_input(row: Channel) -> dict[str, str] | None:
        return {"type": row.second_input_type} if row.second_input_type else None

    @staticmethod
    def resolve_endpoints(row: Channel) -> list[str]:
        return [row.endpoint_url] if row.endpoint_url else []

    @staticmethod
    def resolve_input_dest_urls(row: Channel) -> list[str]:
        return input_dest_urls(row)

    @staticmethod
    def resolve_ingest(row: Channel) -> list[IngestUrl]:
        return ingest_of(row)

    @staticmethod
    def resolve_input_health(row: Channel) -> InputHealth:
        return input_health(row)

    @staticmethod
    def resolve_pending_changes(row: Channel) -> list[str]:
        return services.pending_changes(row)

    @staticmethod
    def resolve_origin_closed(row: Channel) -> bool | None:
        return services.origin_closed(row)

    @staticmethod
    def resolve_settings_outdated(row: Channel) -> bool:
        """A list has it from the database; a single row is asked itself."""
        found = getattr(row, "is_outdated", None)
        return bool(services.settings_differing(row)) if found is None else bool(found)

    @staticmethod
    def resolve_playback_url(row: Channel) -> str | None:
        return playback.of_channel(row)


class ChannelFilter(Paging):
    state: Annotated[State, choices(State)] | None = None


def channels() -> QuerySet[Channel]:
    """Channels with everything that `ChannelOut` reads: a list costs a constant number of queries."""
    running = Breakout.objects.filter(state=BreakoutState.RUNNING)
    rows = with_facts(Channel.objects.select_related("distribution")).prefetch_related(
        Prefetch("breakouts", queryset=running, to_attr="running_breakouts")
    )
    return rows.annotate(is_outdated=ExpressionWrapper(services.settings_outdated(), BooleanField()))


def channel_or_404(id: str) -> Channel:
    return one(channels(), id)


@router.post("", response={202: ChannelOut}, auth=WRITE)
def create_channel(request: HttpRequest, body: ChannelIn) -> Status[Channel]:
    """Create a channel with its AWS resources and distribution. Poll it until it is `idle`."""
    return Status(202, services.channel_create(**body.model_dump(), who=actor_of(request)))


@router.get("", response=Page[ChannelOut], auth=READ)
def list_channels(request: HttpRequest, query: Query[ChannelFilter]) -> dict[str, Any]:
    """Channels, newest first."""
    rows = channels()
    if query.state:
        rows = rows.filter(state=query.state)
    return costs.with_costs(page(rows, query.cursor, query.limit, request))


@router.get("/{id}", response=ChannelOut, auth=READ)
def get_channel(request: HttpRequest, id: str) -> Channel:
    """One channel; 404 once it is deleted."""
    return channel_or_404(id)


@router.patch("/{id}", response={200: ChannelOut, 202: ChannelOut}, auth=WRITE)
def change_channel(request: HttpRequest, id: str, body: ChannelPatch) -> Status[Channel]:
    """Change the channel; 202 with `pending_changes` while AWS does not have everything yet.

    Its URLs stay. AWS takes other CIDRs, profile and recording while MediaLive's channel is idle: CIDRs wait
    for that, profile and recording are 409 until then. AWS's own names do not follow the channel's.
    """
    row = channel_or_404(id)
    services.channel_edit(row, **body.model_dump(exclude_none=True), who=actor_of(request))
    row = channel_or_404(id)
    return Status(202 if services.pending_changes(row) else 200, row)


@router.delete("/{id}", response={202: ChannelOut}, auth=WRITE)
def delete_channel(request: HttpRequest, id: str) -> Status[Channel]:
    """Delete the channel; 409 while a breakout is on air. The reaper deletes its distribution later."""
    return Status(202, services.channel_delete(channel_or_404(id), who=actor_of(request)))


@router.post("/{id}/retry", response={202: ChannelOut}, auth=WRITE)
def retry_channel(request: HttpRequest, id: str) -> Status[Channel]:
    """Retry what failed or waits."""
    return Status(202, services.channel_retry(channel_or_404(id), who=actor_of(request)))


@router.post("/{id}/apply-settings", response={202: ChannelOut}, auth=WRITE)
def apply_settings(request: HttpRequest, id: str) -> Status[Channel]:
    """Bring it up to date with StreamHub's settings; 409 while a breakout is on air.

    `settings_outdated` is false again once AWS has them.
    """
    return Status(202, services.channel_apply_settings(channel_or_404(id), who=actor_of(request)))


@router.post("/{id}/switch-input", response={202: ChannelOut}, auth=WRITE)
def switch_input(request: HttpRequest, id: str, body: SwitchIn) -> Status[Channel]:
    """Have MediaLive read its other input now; 409 unless the channel runs and has a second input.

    It stays there: MediaLive goes back only if that input is lost, or when it is told to.
    """
    row = services.channel_switch_input(channel_or_404(id), body.to, who=actor_of(request))
    return Status(202, row)


@router.post("/{id}/restart-pipelines", response={202: ChannelOut}, auth=WRITE)
def restart_pipelines(request: HttpRequest, id: str) -> Status[Channel]:
    """Restart the pipelines of the running channel, which interrupts the show; 409 unless it runs."""
    return Status(202, services.channel_restart_pipelines(channel_or_404(id), who=actor_of(request)))


@router.post("/{id}/warm", response={202: ChannelOut}, auth=WRITE)
def warm_channel(request: HttpRequest, id: str, body: WarmIn) -> Status[Channel]:
    """Keep the channel running until then, at most a week ahead; null: no longer."""
    row, who = channel_or_404(id), actor_of(request)
    if body.until is None:
        return Status(202, services.channel_cool(row, who=who))
    return Status(202, services.channel_warm(row, body.until, who=who))


@router.post("/{id}/distribution", response={202: DistributionOut}, auth=scope("distributions:write"))
def create_distribution(request: HttpRequest, id: str) -> Status[Any]:
    """Create and attach a new distribution; 409 if one is attached."""
    return Status(202, services.distribution_create_and_attach(channel_or_404(id), who=actor_of(request)))
