"""Every verb: how it is sent, and rows on which it is carried out, refused or repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from channels_app import services
from channels_app.models import Breakout, Channel
from channels_app.services.applied_settings import encoder_settings
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.lifecycle.models import Transition
from streamhub.lifecycle.recorded_settings import encoded
from tests.scenarios import rows
from tests.scenarios.actors import TESTER


@dataclass(frozen=True)
class Verb:
    """One verb. `observed(row)` equals `after` once the verb is carried out.

    `ready` makes a row on which it is carried out, `not_ready` one on which it is refused (`sentence`), and
    `repeated` one on which it has no effect; its page then shows `repeat_sentence`. `call` is the API call
    (method, path, body), `status` its answer. `data`: what its page asks for.
    """

    name: str
    run: Callable[[Any], Any]
    ready: Callable[[], Any]
    observed: Callable[[Any], Any]
    after: Any
    not_ready: Callable[[], Any] | None
    sentence: str
    call: tuple[str, str, Any] | None = None
    status: int = 202
    repeated: Callable[[], Any] | None = None
    repeat_sentence: str = ""
    data: dict[str, str] = field(default_factory=dict)


def breakout_beside_another(state: str) -> Breakout:
    channel = rows.channel("running")
    rows.breakout("running", channel, name="keynote")
    return rows.breakout(state, channel)


def channel_on_air(state: str = "running", **fields: Any) -> Channel:
    channel = rows.channel("running", **fields)
    rows.breakout(state, channel, name="keynote")
    return channel


def distribution_on_air() -> Distribution:
    row = rows.distribution()
    channel_on_air(distribution=row)
    return row


def detached(state: str = "disabled", **fields: Any) -> Distribution:
    return rows.distribution(state, **{"attached": False, "desired": "deleted", **fields})


def detached_with_channel(**fields: Any) -> Distribution:
    """A detached distribution whose channel still exists."""
    row = detached()
    rows.channel(endpoint_url=row.origin_url, **fields)
    return row


def whys(row: Any) -> list[str]:
    transitions = Transition.objects.filter(resource_type=row.KIND, resource_id=row.pk)
    return list(transitions.values_list("why", flat=True))


def state_of(row: Any) -> str:
    return row.state


def desired_of(row: Any) -> str:
    return row.desired


BUILT = {"ml_channel_id": "1", "mp_endpoint_id": "endpoint"}


def with_present_settings() -> Channel:
    row = rows.channel(**BUILT)
    row.settings_applied = encoded(encoder_settings(row))
    row.save(update_fields=["settings_applied"])
    return row


IN_AN_HOUR = (timezone.now() + timedelta(hours=1)).replace(second=0, microsecond=0)
NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
ON_AIR = "The breakout 'keynote' is on air on this channel. Stop the breakout first."
NO_RETRY = "There is nothing to retry."

BREAKOUTS = [
    Verb(
        "prepare",
        lambda row: services.breakout_prepare(row, who=TESTER),
        ready=rows.breakout,
        observed=lambda row: row.channel.distribution is not None,
        after=True,
        not_ready=lambda: rows.breakout("completed"),
        sentence="It is completed; this is possible only while it is idle, starting, running or failed.",
        call=("POST", "breakouts/{}/prepare", None),
    ),
    Verb(
        "start",
        lambda row: services.breakout_start(row, who=TESTER),
        ready=rows.breakout,
        observed=state_of,
        after="starting",
        not_ready=lambda: breakout_beside_another("idle"),
        sentence="The breakout 'keynote' is on air on the same channel."
        " A channel carries one breakout at a time.",
        call=("POST", "breakouts/{}/start", None),
        repeated=lambda: rows.breakout("running", rows.channel("running")),
        repeat_sentence="It is running already.",
    ),
    Verb(
        "retry",
        lambda row: services.breakout_retry(row, who=TESTER),
        ready=lambda: rows.breakout("failed", rows.channel("failed")),
        observed=state_of,
        after="starting",
        not_ready=rows.breakout,
        sentence="It is idle; this is possible only while it is failed.",
    ),
    Verb(
        "raise",
        lambda row: services.breakout_curtain(row, True, who=TESTER),
        ready=rows.breakout,
        observed=lambda row: row.curtain_raised,
        after=True,
        not_ready=lambda: rows.breakout("cancelled"),
        sentence="It is cancelled; this is possible only while it is"
        " idle, starting, running, stopping or failed.",
        call=("POST", "breakouts/{}/curtain", {"raised": True}),
        status=200,
        repeated=lambda: rows.breakout(curtain_raised=True),
        repeat_sentence="Its curtain is raised already.",
    ),
    Verb(
        "lower",
        lambda row: services.breakout_curtain(row, False, who=TESTER),
        ready=lambda: rows.breakout(curtain_raised=True),
        observed=lambda row: row.curtain_raised,
        after=False,
        not_ready=lambda: rows.breakout("completed", curtain_raised=True),
        sentence="It is completed; this is possible only while it is"
        " idle, starting, running, stopping or failed.",
        call=("POST", "breakouts/{}/curtain", {"raised": False}),
        status=200,
        repeated=rows.breakout,
        repeat_sentence="Its curtain is lowered already.",
    ),
    Verb(
        "stop",
        lambda row: services.breakout_stop(row, who=TESTER),
        ready=lambda: rows.breakout("running", rows.channel("running")),
        observed=state_of,
        after="stopping",
        not_ready=rows.breakout,
        sentence="It is idle; this is possible only while it is starting, running, stopping or failed.",
        call=("POST", "breakouts/{}/stop", None),
        data={"typed": "stop"},
        repeated=lambda: rows.breakout("completed"),
        repeat_sentence="It is completed already.",
    ),
    Verb(
        "reschedule",
        lambda row: services.breakout_reschedule(row, starts_at=NOON, who=TESTER),
        ready=rows.breakout,
        observed=lambda row: row.starts_at,
        after=NOON,
        not_ready=lambda: rows.breakout("running", rows.channel("running")),
        sentence="It is running; this is possible only while it is idle or failed.",
        data={"starts_at": "2030-06-01T12:00"},
    ),
    Verb(
        "edit",
        lambda row: services.breakout_edit(row, name="renamed", who=TESTER),
        ready=lambda: rows.breakout("completed"),
        observed=lambda row: row.name,
        after="renamed",
        not_ready=None,
        sentence="",
        call=("PATCH", "breakouts/{}", {"name": "renamed"}),
        status=200,
        data={"name": "renamed"},
    ),
    Verb(
        "duplicate",
        lambda row: services.breakout_duplicate(row, who=TESTER),
        ready=rows.breakout,
        observed=lambda row: Breakout.objects.filter(channel=row.channel).count(),
        after=2,
        not_ready=lambda: rows.breakout("completed", rows.channel("deleting")),
        sentence="Its channel is deleted or being deleted.",
        data={"name": "once more"},
    ),
    Verb(
        "cancel",
        lambda row: services.breakout_cancel(row, who=TESTER),
        ready=rows.breakout,
        observed=state_of,
        after="cancelled",
        not_ready=lambda: rows.breakout("running", rows.channel("running")),
        sentence="It is running; this is possible only while it is idle or starting.",
        call=("POST", "breakouts/{}/cancel", None),
        repeated=lambda: rows.breakout("cancelled"),
        repeat_sentence="It is cancelled already.",
    ),
    Verb(
        "take-over",
        lambda row: services.breakout_take_over(row, who=TESTER),
        ready=lambda: breakout_beside_another("idle"),
        observed=state_of,
        after="running",
        not_ready=rows.breakout,
        sentence="No breakout runs on its channel that it could take over from.",
        call=("POST", "breakouts/{}/take-over", None),
        repeated=lambda: rows.breakout("running", rows.channel("running")),
        repeat_sentence="It is running already.",
    ),
    Verb(
        "schedule",
        lambda row: services.breakout_schedule(row, {"auto_start": True}, who=TESTER),
        ready=rows.breakout,
        observed=lambda row: row.schedule,
        after={"auto_start": True},
        not_ready=lambda: rows.breakout("completed"),
        sentence="It is completed; this is possible only while it is idle, starting or running.",
        call=("POST", "breakouts/{}/schedule", {"auto_start": True}),
        status=200,
        data={"auto_start": "yes"},
    ),
    Verb(
        "extend",
        lambda row: services.breakout_extend(row, 15, who=TESTER),
        ready=lambda: rows.breakout(duration_minutes=30),
        observed=lambda row: row.duration_minutes,
        after=45,
        not_ready=rows.breakout,
        sentence="It has no planned duration that could be extended: it runs until it is stopped.",
        call=("POST", "breakouts/{}/extend", {"minutes": 15}),
        status=200,
        data={"minutes": "15"},
    ),
]
CHANNELS = [
    Verb(
        "create-distribution",
        lambda row: services.distribution_create_and_attach(row, who=TESTER),
        ready=rows.channel,
        observed=lambda row: row.distribution is not None,
        after=True,
        not_ready=lambda: rows.channel(distribution=rows.distribution()),
        sentence="It already has a distribution. Detach that one first.",
        call=("POST", "channels/{}/distribution", None),
    ),
    Verb(
        "retry",
        lambda row: services.channel_retry(row, who=TESTER),
        ready=lambda: rows.channel("failed"),
        observed=state_of,
        after="pending",
        not_ready=rows.channel,
        sentence=NO_RETRY,
        call=("POST", "channels/{}/retry", None),
    ),
    Verb(
        "stop",
        lambda row: services.channel_stop(row, who=TESTER),
        ready=lambda: rows.channel(ml_channel_state="RUNNING"),
        observed=whys,
        after=["stop requested"],
        not_ready=channel_on_air,
        sentence=ON_AIR,
    ),
    Verb(
        "edit",
        lambda row: services.channel_edit(row, name="renamed", who=TESTER),
        ready=rows.channel,
        observed=lambda row: row.name,
        after="renamed",
        not_ready=lambda: rows.channel("deleting"),
        sentence="The channel is being deleted.",
        call=("PATCH", "channels/{}", {"name": "renamed"}),
        status=200,
        data={"name": "renamed", "allowed_cidrs": "203.0.113.7/32", "encoding_profile": "1080p"},
    ),
    Verb(
        "tags",
        lambda row: services.channel_tags_change(row, {}, who=TESTER),
        ready=lambda: rows.channel(tags={"team": "events"}),
        observed=lambda row: row.tags,
        after={},
        not_ready=lambda: rows.channel("deleting"),
        sentence="The channel is being deleted.",
        call=("PATCH", "channels/{}", {"tags": {}}),
    ),
    Verb(
        "apply-settings",
        lambda row: services.channel_apply_settings(row, who=TESTER),
        ready=lambda: rows.channel(**BUILT),
        observed=lambda row: (row.settings_pending, whys(row)),
        after=(True, ["settings to apply: MediaLive role, encoder, recording bucket"]),
        not_ready=channel_on_air,
        sentence=ON_AIR,
        call=("POST", "channels/{}/apply-settings", None),
        repeated=with_present_settings,
        repeat_sentence="It has the present settings already.",
    ),
    Verb(
        "schedule",
        lambda row: services.channel_schedule(row, {"preflight_minutes": 30}, who=TESTER),
        ready=rows.channel,
        observed=lambda row: row.schedule,
        after={"preflight_minutes": 30},
        not_ready=lambda: rows.channel("deleting"),
        sentence="The channel is being deleted.",
        call=("POST", "channels/{}/schedule", {"preflight_minutes": 30}),
        status=200,
        data={"preflight_minutes": "30"},
    ),
    Verb(
        "switch-input",
        lambda row: services.channel_switch_input(row, "second", who=TESTER),
        ready=lambda: rows.channel("running", second_input_type="RTMP_PUSH", ml_second_id="7654321"),
        observed=lambda row: (row.switch_wanted, row.switch_serial),
        after=("second", 1),
        not_ready=lambda: rows.channel("running"),
        sentence="It has no second input. One is given when a channel is created.",
        call=("POST", "channels/{}/switch-input", {"to": "second"}),
        data={"to": "second"},
    ),
    Verb(
        "restart-pipelines",
        lambda row: services.channel_restart_pipelines(row, who=TESTER),
        ready=lambda: rows.channel("running"),
        observed=lambda row: row.restart_wanted,
        after=True,
        not_ready=rows.channel,
        sentence="It does not run. MediaLive takes this only while the channel runs.",
        call=("POST", "channels/{}/restart-pipelines", None),
        repeated=lambda: rows.channel("running", restart_wanted=True),
        repeat_sentence="The restart is under way already.",
    ),
    Verb(
        "warm",
        lambda row: services.channel_warm(row, IN_AN_HOUR, who=TESTER),
        ready=rows.channel,
        observed=lambda row: (row.desired, row.warm_until),
        after=("running", IN_AN_HOUR),
        not_ready=lambda: rows.channel("failed"),
        sentence="The channel has failed and cannot run. Retry it first.",
        call=("POST", "channels/{}/warm", {"until": IN_AN_HOUR.isoformat()}),
        data={"until": f"{IN_AN_HOUR:%Y-%m-%dT%H:%M}"},
    ),
    Verb(
        "cool",
        lambda row: services.channel_cool(row, who=TESTER),
        ready=lambda: rows.channel("running", warm_until=IN_AN_HOUR),
        observed=lambda row: (row.desired, row.warm_until),
        after=("idle", None),
        not_ready=lambda: rows.channel("deleting", warm_until=IN_AN_HOUR),
        sentence="The channel is being deleted.",
        call=("POST", "channels/{}/warm", {"until": None}),
        repeated=rows.channel,
        repeat_sentence="It is not kept warm.",
    ),
    Verb(
        "delete",
        lambda row: services.channel_delete(row, who=TESTER),
        ready=rows.channel,
        observed=desired_of,
        after="deleted",
        not_ready=lambda: channel_on_air("stopping"),
        sentence=ON_AIR,
        call=("DELETE", "channels/{}", None),
        repeated=lambda: rows.channel("deleting"),
        repeat_sentence="It is being deleted already.",
    ),
]
DISTRIBUTIONS = [
    Verb(
        "sync",
        lambda row: distributions.distribution_sync(row, who=TESTER),
        ready=rows.distribution,
        observed=lambda row: row.observe_requested,
        after=True,
        not_ready=None,
        sentence="",
        call=("POST", "distributions/{}/sync", None),
    ),
    Verb(
        "retry",
        lambda row: distributions.distribution_retry(row, who=TESTER),
        ready=lambda: rows.distribution("failed"),
        observed=state_of,
        after="deploying",
        not_ready=rows.distribution,
        sentence=NO_RETRY,
        call=("POST", "distributions/{}/retry", None),
    ),
    Verb(
        "detach",
        lambda row: distributions.distribution_detach(row, who=TESTER),
        ready=rows.distribution,
        observed=desired_of,
        after="deleted",
        not_ready=distribution_on_air,
        sentence="It is on air with keynote. Stop the breakout first.",
        call=("POST", "distributions/{}/detach", None),
        repeated=detached,
        repeat_sentence="It is being deleted already.",
    ),
    Verb(
        "reattach",
        lambda row: services.distribution_reattach(services.channel_of_origin(row), row, who=TESTER),
        ready=detached_with_channel,
        observed=lambda row: (row.attached, row.desired, hasattr(row, "channel")),
        after=(True, "enabled", True),
        not_ready=lambda: detached_with_channel(distribution=rows.distribution()),
        sentence="The channel of its origin endpoint has another distribution; detach that one first.",
    ),
    Verb(
        "keep",
        lambda row: distributions.distribution_keep(row, who=TESTER),
        ready=detached,
        observed=desired_of,
        after="disabled",
        not_ready=lambda: detached("deleting"),
        sentence="It is deleting; this is possible only while it is disabling or disabled.",
    ),
    Verb(
        "price",
        lambda row: distributions.distribution_price_class_change(row, "PriceClass_All", who=TESTER),
        ready=lambda: rows.distribution(price_class="PriceClass_100"),
        observed=lambda row: (row.price_class, row.price_class_pending),
        after=("PriceClass_All", True),
        not_ready=distribution_on_air,
        sentence="It is on air with keynote. Stop the breakout first.",
        data={"price_class": "PriceClass_All"},
    ),
    Verb(
        "delete",
        lambda row: distributions.distribution_delete(row, who=TESTER),
        ready=lambda: detached(desired="disabled"),
        observed=desired_of,
        after="deleted",
        not_ready=rows.distribution,
        sentence="It is attached; detach it first.",
        repeated=detached,
        repeat_sentence="It is being deleted already.",
    ),
]
KINDS = {"breakout": BREAKOUTS, "channel": CHANNELS, "distribution": DISTRIBUTIONS}
