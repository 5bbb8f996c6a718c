"""Every verb: how it is asked for at each door, where it is refused, and where it is repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from channels_app import services
from channels_app.models import Breakout, Channel
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER


@dataclass(frozen=True)
class Verb:
    """`ready` and `not_ready` make the row; `became(row)` is `after` once the verb is carried out.

    `call`: method, path and body of the API's call, `status` its answer. `repeated` makes a row on which
    the verb would only repeat what is, and `so_already` is what its page says then.
    """

    name: str
    run: Callable[[Any], Any]
    ready: Callable[[], Any]
    became: Callable[[Any], Any]
    after: Any
    not_ready: Callable[[], Any] | None
    sentence: str
    call: tuple[str, str, Any] | None = None
    status: int = 202
    repeated: Callable[[], Any] | None = None
    so_already: str = ""


def beside_a_show(state: str) -> Breakout:
    on = rows.channel("running")
    rows.breakout("running", on, name="keynote")
    return rows.breakout(state, on)


def with_a_show(state: str = "running", **fields: Any) -> Channel:
    on = rows.channel("running", **fields)
    rows.breakout(state, on, name="keynote")
    return on


def delivering() -> Distribution:
    row = rows.distribution()
    with_a_show(distribution=row)
    return row


def detached(state: str = "disabled", **fields: Any) -> Distribution:
    return rows.distribution(state, **{"attached": False, "desired": "deleted", **fields})


def detached_from(**fields: Any) -> Distribution:
    """Detached from a channel that stands."""
    row = detached()
    rows.channel(endpoint_url=row.origin_url, **fields)
    return row


def whys(row: Any) -> list[str]:
    found = Transition.objects.filter(resource_type=row.KIND, resource_id=row.pk)
    return list(found.values_list("why", flat=True))


def of_state(row: Any) -> str:
    return row.state


def of_desired(row: Any) -> str:
    return row.desired


ON_AIR = "The breakout 'keynote' is on air on this channel. Stop the breakout first."
WELL = "There is nothing to retry."

BREAKOUTS = [
    Verb(
        "prepare",
        lambda row: services.breakout_prepare(row, who=TESTER),
        ready=rows.breakout,
        became=lambda row: row.channel.distribution is not None,
        after=True,
        not_ready=lambda: rows.breakout("completed"),
        sentence="It is completed; this is possible only while it is idle, starting, running or failed.",
        call=("POST", "breakouts/{}/prepare", None),
    ),
    Verb(
        "start",
        lambda row: services.breakout_start(row, who=TESTER),
        ready=rows.breakout,
        became=of_state,
        after="starting",
        not_ready=lambda: beside_a_show("idle"),
        sentence="The breakout 'keynote' is on air on the same channel."
        " A channel carries one breakout at a time.",
        call=("POST", "breakouts/{}/start", None),
        repeated=lambda: rows.breakout("running", rows.channel("running")),
        so_already="It is running already.",
    ),
    Verb(
        "retry",
        lambda row: services.breakout_retry(row, who=TESTER),
        ready=lambda: rows.breakout("failed", rows.channel("failed")),
        became=of_state,
        after="starting",
        not_ready=rows.breakout,
        sentence="It is idle; this is possible only while it is failed.",
    ),
    Verb(
        "raise",
        lambda row: services.breakout_curtain(row, True, who=TESTER),
        ready=rows.breakout,
        became=lambda row: row.curtain_raised,
        after=True,
        not_ready=lambda: rows.breakout("cancelled"),
        sentence="It is cancelled; this is possible only while it is"
        " idle, starting, running, stopping or failed.",
        call=("POST", "breakouts/{}/curtain", {"raised": True}),
        status=200,
        repeated=lambda: rows.breakout(curtain_raised=True),
        so_already="Its curtain is raised already.",
    ),
    Verb(
        "lower",
        lambda row: services.breakout_curtain(row, False, who=TESTER),
        ready=lambda: rows.breakout(curtain_raised=True),
        became=lambda row: row.curtain_raised,
        after=False,
        not_ready=lambda: rows.breakout("completed", curtain_raised=True),
        sentence="It is completed; this is possible only while it is"
        " idle, starting, running, stopping or failed.",
        call=("POST", "breakouts/{}/curtain", {"raised": False}),
        status=200,
        repeated=rows.breakout,
        so_already="Its curtain is lowered already.",
    ),
    Verb(
        "stop",
        lambda row: services.breakout_stop(row, who=TESTER),
        ready=lambda: rows.breakout("running", rows.channel("running")),
        became=of_state,
        after="stopping",
        not_ready=rows.breakout,
        sentence="It is idle; this is possible only while it is starting, running, stopping or failed.",
        call=("POST", "breakouts/{}/stop", None),
        repeated=lambda: rows.breakout("completed"),
        so_already="It is completed already.",
    ),
    Verb(
        "cancel",
        lambda row: services.breakout_cancel(row, who=TESTER),
        ready=rows.breakout,
        became=of_state,
        after="cancelled",
        not_ready=lambda: rows.breakout("running", rows.channel("running")),
        sentence="It is running; this is possible only while it is idle or starting.",
        call=("POST", "breakouts/{}/cancel", None),
        repeated=lambda: rows.breakout("cancelled"),
        so_already="It is cancelled already.",
    ),
]
CHANNELS = [
    Verb(
        "create-distribution",
        lambda row: services.distribution_create_and_attach(row, who=TESTER),
        ready=rows.channel,
        became=lambda row: row.distribution is not None,
        after=True,
        not_ready=lambda: rows.channel(distribution=rows.distribution()),
        sentence="It already has a distribution. Detach that one first.",
        call=("POST", "channels/{}/distribution", None),
    ),
    Verb(
        "retry",
        lambda row: services.channel_retry(row, who=TESTER),
        ready=lambda: rows.channel("failed"),
        became=of_state,
        after="pending",
        not_ready=rows.channel,
        sentence=WELL,
        call=("POST", "channels/{}/retry", None),
    ),
    Verb(
        "stop",
        lambda row: services.channel_stop(row, who=TESTER),
        ready=lambda: rows.channel(ml_channel_state="RUNNING"),
        became=whys,
        after=["stop requested"],
        not_ready=with_a_show,
        sentence=ON_AIR,
    ),
    Verb(
        "delete",
        lambda row: services.channel_delete(row, who=TESTER),
        ready=rows.channel,
        became=of_desired,
        after="deleted",
        not_ready=lambda: with_a_show("stopping"),
        sentence=ON_AIR,
        call=("DELETE", "channels/{}", None),
        repeated=lambda: rows.channel("deleting"),
        so_already="It is being deleted already.",
    ),
]
DISTRIBUTIONS = [
    Verb(
        "sync",
        lambda row: distributions.distribution_sync(row, who=TESTER),
        ready=rows.distribution,
        became=lambda row: row.observe_requested,
        after=True,
        not_ready=None,
        sentence="",
        call=("POST", "distributions/{}/sync", None),
    ),
    Verb(
        "retry",
        lambda row: distributions.distribution_retry(row, who=TESTER),
        ready=lambda: rows.distribution("failed"),
        became=of_state,
        after="deploying",
        not_ready=rows.distribution,
        sentence=WELL,
        call=("POST", "distributions/{}/retry", None),
    ),
    Verb(
        "detach",
        lambda row: distributions.distribution_detach(row, who=TESTER),
        ready=rows.distribution,
        became=of_desired,
        after="deleted",
        not_ready=delivering,
        sentence="It is on air with keynote. Stop the breakout first.",
        call=("POST", "distributions/{}/detach", None),
        repeated=detached,
        so_already="It is being deleted already.",
    ),
    Verb(
        "reattach",
        lambda row: services.distribution_reattach(services.channel_of_origin(row), row, who=TESTER),
        ready=detached_from,
        became=lambda row: (row.attached, row.desired, hasattr(row, "channel")),
        after=(True, "enabled", True),
        not_ready=lambda: detached_from(distribution=rows.distribution()),
        sentence="The channel whose endpoint it is in front of has a distribution; detach that first.",
    ),
    Verb(
        "keep",
        lambda row: distributions.distribution_keep(row, who=TESTER),
        ready=detached,
        became=of_desired,
        after="disabled",
        not_ready=lambda: detached("deleting"),
        sentence="It is deleting; this is possible only while it is disabling or disabled.",
    ),
    Verb(
        "delete",
        lambda row: distributions.distribution_delete(row, who=TESTER),
        ready=lambda: detached(desired="disabled"),
        became=of_desired,
        after="deleted",
        not_ready=rows.distribution,
        sentence="It is attached; detach it first.",
        repeated=detached,
        so_already="It is being deleted already.",
    ),
]
KINDS = {"breakout": BREAKOUTS, "channel": CHANNELS, "distribution": DISTRIBUTIONS}
