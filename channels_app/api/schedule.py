"""The schedule over HTTP: what StreamHub does by itself for a channel's breakouts, or for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field

from channels_app import services
from channels_app.api import breakouts, channels, fields
from channels_app.decide.schedule import rules_of
from channels_app.models import Breakout, Channel
from streamhub.access.http import In, Out, Whole, actor_of

_MOST = fields.SCHEDULE_MINUTES


class ScheduleIn(In):
    """Minutes: null is not at all. What is left out is off, or for a breakout as its channel says."""

    preflight_minutes: Annotated[Whole, Field(json_schema_extra=_MOST["preflight_minutes"])] | None = None
    warm_up_minutes: Annotated[Whole, Field(json_schema_extra=_MOST["warm_up_minutes"])] | None = None
    reminder_minutes: Annotated[Whole, Field(json_schema_extra=_MOST["reminder_minutes"])] | None = None
    end_warning_minutes: Annotated[Whole, Field(json_schema_extra=_MOST["end_warning_minutes"])] | None = None
    auto_start: bool = False
    auto_stop: bool = False

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        return services.schedule_errors(given)


class ScheduleOut(Out):
    preflight_minutes: int | None
    warm_up_minutes: int | None
    reminder_minutes: int | None
    end_warning_minutes: int | None
    auto_start: bool
    auto_stop: bool


@channels.router.get("/{id}/schedule", response=ScheduleOut, auth=channels.READ)
def get_channel_schedule(request: HttpRequest, id: str) -> object:
    """What StreamHub does by itself for the channel's breakouts."""
    return rules_of(channels.channel_or_404(id).schedule, {})


@channels.router.post("/{id}/schedule", response=ScheduleOut, auth=channels.WRITE)
def choose_for_channel(request: HttpRequest, id: str, body: ScheduleIn) -> object:
    """Replace the choice. It counts for each of the channel's breakouts that has no choice of its own."""
    row: Channel = services.channel_schedule(
        channels.channel_or_404(id), body.model_dump(exclude_unset=True), who=actor_of(request)
    )
    return rules_of(row.schedule, {})


@breakouts.router.get("/{id}/schedule", response=ScheduleOut, auth=breakouts.READ)
def get_breakout_schedule(request: HttpRequest, id: str) -> object:
    """What StreamHub does by itself for the breakout, chosen for itself or for its channel."""
    return services.schedule_of(breakouts.breakout_or_404(id))


@breakouts.router.post("/{id}/schedule", response=ScheduleOut, auth=breakouts.CONTROL)
def choose_for_breakout(request: HttpRequest, id: str, body: ScheduleIn) -> object:
    """Replace the breakout's own choice; what is left out is as its channel says."""
    row: Breakout = services.breakout_schedule(
        breakouts.breakout_or_404(id), body.model_dump(exclude_unset=True), who=actor_of(request)
    )
    return services.schedule_of(row)
