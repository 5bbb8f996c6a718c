"""The flows of the matrix: a prepared world, the intent, the work, and the assertions at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import F, Q
from django.test import override_settings
from django.utils import timezone

from billing.models import CollectionWindow, DailySeries
from channels_app import cost_alarms, services
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.errors import AwsError
from streamhub.lifecycle.models import Transition
from tests.matrix.faults import KINDS
from tests.scenarios import measures
from tests.scenarios.stage import (
    MINUTE,
    STACK,
    WHO,
    alone,
    attach,
    breakout,
    channel,
    cloudfront_says,
    create,
    delete,
    detach,
    disabled,
    distribution,
    lose,
    medialive_state,
    nothing,
    ready,
    reattach,
    replace,
    stands,
    start,
    state_is,
    stop,
    warm,
    watch,
    with_breakout,
    with_channel,
    with_show,
    with_stale,
    without_distribution,
)
from tests.scenarios.world import WorldUnderTest


def do_nothing(world: WorldUnderTest) -> None:
    """The default of optional parts of a flow."""


def step_and_observe(world: WorldUnderTest) -> None:
    """A step of every due row and one observation, as workers and beat do."""
    world.step_all()
    world.observe()


@dataclass(frozen=True)
class Flow:
    """One flow: `prepare` without faults, `intent`, rounds of work with the fault until `until`, `check`.

    `meanwhile` runs before every round and must be idempotent: after a kill the next worker calls it again.
    `check` asserts the intent on AWS. `after` runs without faults. `reaps`: the reaper runs too. `watched`:
    viewers watch during the flow. `kinds`: the crashes and faults that are tried at its calls.
    """

    prepare: Callable[[WorldUnderTest], object]
    intent: Callable[[WorldUnderTest], object]
    until: Callable[[], bool]
    check: Callable[[WorldUnderTest], None]
    meanwhile: Callable[[WorldUnderTest], object] = do_nothing
    round: Callable[[WorldUnderTest], object] = step_and_observe
    after: Callable[[WorldUnderTest], object] = do_nothing
    reaps: bool = False
    watched: bool = False
    kinds: tuple[str, ...] = KINDS
    rounds: int = 300

    def work(self, world: WorldUnderTest) -> None:
        """Run rounds of work, and the reaper in every third, until done."""
        for n in range(self.rounds):
            if self.until():
                return
            self.meanwhile(world)
            self.round(world)
            if self.reaps and n % 3 == 2:
                self.meanwhile(world)  # a deletion can still be called off before the reaper runs
                world.reap()
        raise AssertionError(f"not done after {self.rounds} rounds; due: {world.due()}")


# --- conditions that end a flow --------------------------------------------------------------


def on_air_with_replacement() -> bool:
    """Whether the breakout is on air with another distribution than its first."""
    ids = Attachment.objects.values_list("aws_distribution_id", flat=True)
    return stands("running") and len(set(ids)) == 2 and "" not in ids


DELETED_DISTRIBUTION = Q(resource_type="distribution", to_state="deleted")


def ran_and_is_idle() -> bool:
    ran = Transition.objects.filter(resource_type="channel", to_state="running").exists()
    return ran and channel().state == "idle"


# --- preparations and intents -----------------------------------------------------------------


def create_pull(world: WorldUnderTest) -> Channel:
    """Create a channel with two pull pipelines, which needs no security group."""
    urls = ["https://a.example.com/live.m3u8", "https://b.example.com/live.m3u8"]
    return services.channel_create(
        "stage", who=WHO, channel_class="STANDARD", input_type="URL_PULL", source_urls=urls
    )


def with_failed_edit(world: WorldUnderTest) -> None:
    """An idle channel whose MediaLive channel somebody edited in the console, which failed."""
    with_channel(world)
    world.control.console("medialive", "fail_update")
    changes = {"LogLevel": "DEBUG"}
    world.control.console("medialive", "update_channel", id=channel().ml_channel_id, changes=changes)
    world.settle(until=lambda: channel().error_code == "edit_failed")


def with_update_to_fail(world: WorldUnderTest) -> None:
    """An idle channel whose next update MediaLive accepts and cannot apply."""
    with_channel(world)
    world.control.console("medialive", "fail_update")


def edit_profile(world: WorldUnderTest) -> None:
    services.channel_edit(channel(), who=WHO, encoding_profile="480p")


def own_edit_is_over() -> bool:
    """Whether it failed, or was applied: a step that died before it noted the answer sends it again."""
    return channel().error_code == "own_edit_failed" or (ready() and not channel().edits_pending)


def assert_own_edit(world: WorldUnderTest) -> None:
    """It is never said to be somebody else's, and nothing was deleted for it."""
    assert not Transition.objects.filter(why__contains="edited outside").exists()
    assert world.left() == STACK
    if channel().error_code:
        assert "UPDATE_FAILED" in channel().error_message
        retry(world)
        world.settle(until=lambda: ready() and not channel().error_code)


def with_next_talk(world: WorldUnderTest) -> None:
    """A breakout on air for five minutes, watched in one that it has alone, and the next one planned."""
    with_show(world)
    Breakout.objects.update(session_started_at=F("session_started_at") - 5 * MINUTE)
    Attachment.objects.update(started_at=F("started_at") - 5 * MINUTE)
    attachment = Attachment.objects.get()
    at = attachment.started_at + 2 * MINUTE
    world.control.deliver(attachment.aws_distribution_id, 1_000_033, 19, at)
    services.breakout_create(channel(), "talk 2", who=WHO)


def talk(number: int) -> Breakout:
    return Breakout.objects.order_by("pk")[number - 1]


def take_over_and_stop(world: WorldUnderTest) -> None:
    """The next talk takes over, is watched, and is stopped."""
    services.breakout_take_over(talk(2), who=WHO)
    watch(world)
    services.breakout_stop(talk(2), who=WHO)


def start_next_once_stopping(world: WorldUnderTest) -> None:
    """Start the next talk once MediaLive stops for the first, or has stopped while nobody looked."""
    stops = channel().state == "stopping" or talk(1).state == "completed"
    if stops and talk(2).state == "idle":
        services.breakout_start(talk(2), who=WHO)


def stop_first(world: WorldUnderTest) -> None:
    services.breakout_stop(talk(1), who=WHO)


def states_are(*states: str) -> bool:
    return list(Breakout.objects.order_by("pk").values_list("state", flat=True)) == list(states)


OTHER_CIDRS = ["198.51.100.0/24"]


def edit(world: WorldUnderTest) -> None:
    """Another security group for the input, and another profile and recording for the MediaLive channel."""
    services.channel_edit(
        channel(),
        who=WHO,
        name="renamed",
        allowed_cidrs=OTHER_CIDRS,
        encoding_profile="480p",
        record=True,
        tags={"team": "news"},
    )


def edited() -> bool:
    """Whether AWS has what was edited, and nothing of before is left."""
    return ready() and not services.pending_changes(channel()) and SecurityGroup.objects.count() == 1


def assert_edited(world: WorldUnderTest) -> None:
    assert_left(STACK)(world)
    row = channel()
    assert (row.error_code, row.leaving_group, row.edits_refused) == ("", None, False)
    call = world.session.call
    (group,) = call("medialive", "DescribeInput", InputId=row.ml_input_id)[0]["SecurityGroups"]
    rules = call("medialive", "DescribeInputSecurityGroup", InputSecurityGroupId=group)[0]["WhitelistRules"]
    encoder = call("medialive", "DescribeChannel", ChannelId=row.ml_channel_id)[0]
    assert [rule["Cidr"] for rule in rules] == OTHER_CIDRS
    assert len(encoder["EncoderSettings"]["VideoDescriptions"]) == 2
    assert "archive" in [place["Id"] for place in encoder["Destinations"]]


def retry(world: WorldUnderTest) -> None:
    services.channel_retry(channel(), who=WHO)


def lose_and_prepare(world: WorldUnderTest) -> None:
    lose(world)
    services.breakout_prepare(breakout(), who=WHO)


def end_warmth_once_running(world: WorldUnderTest) -> None:
    """End the warm time once the channel runs, and run the cost job."""
    Channel.objects.filter(state="running").update(warm_until=timezone.now() - MINUTE)
    cost_alarms.check_costs()


def delete_early(world: WorldUnderTest) -> None:
    """Delete the channel once the create of its input was sent."""
    row = Channel.objects.exclude(desired="deleted").first()
    if row is not None and row.ml_input_sent_at is not None:
        services.channel_delete(row, who=WHO)


def cancel_early(world: WorldUnderTest) -> None:
    """Cancel once the start was accepted; stop instead if the breakout already runs."""
    if channel().start_accepted_at is not None and state_is("starting"):
        services.breakout_cancel(breakout(), who=WHO)
    elif state_is("running"):
        services.breakout_stop(breakout(), who=WHO)


def keep_early(world: WorldUnderTest) -> None:
    """Call the deletion off once the distribution is disabling or disabled."""
    row = distribution()
    if row.desired == "deleted" and row.state in ("disabling", "disabled"):
        distributions.distribution_keep(row, who=WHO)


# --- assertions on AWS -------------------------------------------------------------------------


def assert_left(expected: dict[str, int]) -> Callable[[WorldUnderTest], None]:
    def check(world: WorldUnderTest) -> None:
        assert world.left() == expected, world.left()

    return check


def without(*kinds: str) -> dict[str, int]:
    return {kind: n for kind, n in STACK.items() if kind not in kinds}


def assert_enabled(world: WorldUnderTest) -> None:
    assert_left(STACK)(world)
    assert cloudfront_says(world) == (True, "Deployed")
    assert distribution().attached


def assert_detached(world: WorldUnderTest) -> None:
    """The distribution still exists, disabled, and the channel has none."""
    assert_left(STACK)(world)
    assert cloudfront_says(world) == (False, "Deployed")
    assert (channel().distribution, distribution().attached) == (None, False)


def assert_on_air(world: WorldUnderTest) -> None:
    assert_enabled(world)
    assert medialive_state(world) == "RUNNING"
    (attachment,) = Attachment.objects.filter(ended_at=None)
    assert attachment.aws_distribution_id == distribution().aws_distribution_id


def assert_off_air(world: WorldUnderTest) -> None:
    assert_left(STACK)(world)
    assert medialive_state(world) == "IDLE"
    assert not Attachment.objects.filter(ended_at=None).exists()


# --- metrics -----------------------------------------------------------------------------------

MINUTES = {
    -30: 7,
    0: 1_000_003,
    1: 2_000_029,
    2: 4_000_037,
    20: 11,
}  # the first and last minute belong to no breakout


def with_completed_show(world: WorldUnderTest) -> None:
    """A completed breakout, whose metrics arrive late, in parts and on several pages."""
    with_show(world)
    stop(world)
    world.settle(until=lambda: state_is("completed"))
    world.control.scale(1)
    # A constant delay and two parts: random ones depend on the clock and would change the calls.
    world.control.publish_delay(least=900, most=900, late_share=0, grow_share=1)
    world.control.console("cloudwatch", "set_page", points=4)
    attachment = Attachment.objects.get()
    world.control.deliver_all(
        (attachment.aws_distribution_id, size, 1, attachment.started_at + number * MINUTE)
        for number, size in MINUTES.items()
    )


def collect_next(world: WorldUnderTest) -> None:
    """Run the collector when it next wants to read, at least twenty minutes after its last complete run."""
    window = CollectionWindow.objects.first() or CollectionWindow()
    last = window.read_at or Attachment.objects.get().ended_at
    world.control.advance(20 * 60)
    due = max(last + 20 * MINUTE, window.next_read_at or last)
    runs: list[Callable[[], Any]] = [partial(measures.collect, due)]
    if breakout().usage_status == "final":
        runs = [partial(measures.reread_days, last + timedelta(days=3))]
    for run in runs:
        with suppress(AwsError):
            world.surviving(run)


def collected() -> bool:
    """Whether usage is final and the day of the breakout and the next one were read again."""
    series = DailySeries.objects.first()
    last_day = Attachment.objects.get().started_at.date() + timedelta(days=1)
    return breakout().usage_status == "final" and series is not None and series.next_day > last_day


def assert_exact_usage(world: WorldUnderTest) -> None:
    delivered = measures.truth(world)
    assert breakout().usage_bytes_downloaded == measures.owed(delivered)
    assert measures.owed(delivered) == sum(delivered.values()) - MINUTES[-30] - MINUTES[20]


# --- settings ----------------------------------------------------------------------------------

CDN_SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:cdn-AbCdEf"
OTHER_SETTINGS = {
    "MEDIAPACKAGE_CDN_SECRET_ARN": CDN_SECRET,
    "MEDIAPACKAGE_CDN_ROLE_ARN": "arn:aws:iam::111122223333:role/MediaPackageSecrets",
    "CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID": "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
    "CLOUDFRONT_PRICE_CLASS": "PriceClass_200",
    "MEDIALIVE_ROLE_ARN": "arn:aws:iam::111122223333:role/AnotherMediaLiveRole",
}


def with_other_settings(work: Callable[[WorldUnderTest], object]) -> Callable[[WorldUnderTest], object]:
    """`work` in a process that was started with other settings."""

    def done(world: WorldUnderTest) -> None:
        with override_settings(**OTHER_SETTINGS):
            work(world)

    return done


def put_secret(world: WorldUnderTest) -> None:
    console = world.control.console
    console("mediapackage", "put_secret", arn=CDN_SECRET, value="9ceebbe7-9607-4552-8764-876e47032660")


def with_channel_and_secret(world: WorldUnderTest) -> None:
    with_channel(world)
    put_secret(world)


def apply_settings(world: WorldUnderTest) -> None:
    services.channel_apply_settings(channel(), who=WHO)


def has_other_settings() -> bool:
    if not ready():
        return False
    with override_settings(**OTHER_SETTINGS):
        return not services.settings_differing(channel())


def assert_other_settings(world: WorldUnderTest) -> None:
    """On AWS: the endpoint, what CloudFront sends to it, the price class and the role of MediaLive."""
    assert_enabled(world)
    endpoint = world.session.call("mediapackage", "DescribeOriginEndpoint", Id=channel().mp_endpoint_id)[0]
    assert endpoint["Authorization"]["CdnIdentifierSecret"] == CDN_SECRET
    id = distribution().aws_distribution_id
    config = world.session.call("cloudfront", "GetDistributionConfig", Id=id)[0]["DistributionConfig"]
    (header,) = config["Origins"]["Items"][0]["CustomHeaders"]["Items"]
    assert header["HeaderName"] == "X-MediaPackage-CDNIdentifier"
    assert config["PriceClass"] == OTHER_SETTINGS["CLOUDFRONT_PRICE_CLASS"]
    policy = config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]
    assert policy == OTHER_SETTINGS["CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID"]
    encoder = world.session.call("medialive", "DescribeChannel", ChannelId=channel().ml_channel_id)[0]
    assert encoder["RoleArn"] == OTHER_SETTINGS["MEDIALIVE_ROLE_ARN"]


FLOWS = {
    "channel_apply_settings": Flow(
        with_channel_and_secret,
        with_other_settings(apply_settings),
        has_other_settings,
        assert_other_settings,
        round=with_other_settings(step_and_observe),
    ),
    "channel_create_closed": Flow(
        put_secret,
        with_other_settings(create),
        has_other_settings,
        assert_other_settings,
        round=with_other_settings(step_and_observe),
    ),
    "channel_create": Flow(do_nothing, create, ready, assert_left(STACK)),
    "channel_create_pull": Flow(
        do_nothing, create_pull, ready, assert_left(without("medialive input_security_groups"))
    ),
    "channel_mend_edit": Flow(
        with_failed_edit, retry, lambda: ready() and not channel().error_code, assert_left(STACK)
    ),
    "channel_edit": Flow(with_channel, edit, edited, assert_edited),
    "channel_edit_fails": Flow(with_update_to_fail, edit_profile, own_edit_is_over, assert_own_edit),
    "channel_delete": Flow(with_channel, delete, nothing, assert_left({}), reaps=True),
    "channel_delete_early": Flow(
        do_nothing, create, nothing, assert_left({}), meanwhile=delete_early, reaps=True
    ),
    "channel_start": Flow(
        with_breakout, start, lambda: state_is("running"), assert_on_air, after=watch, watched=True
    ),
    "channel_start_and_cancel": Flow(
        with_breakout,
        start,
        lambda: state_is("cancelled") or state_is("completed"),
        assert_off_air,
        meanwhile=cancel_early,
    ),
    "channel_stop": Flow(with_show, stop, lambda: state_is("completed"), assert_off_air, watched=True),
    "channel_warm": Flow(
        with_channel, warm, ran_and_is_idle, assert_off_air, meanwhile=end_warmth_once_running
    ),
    "breakout_take_over": Flow(
        with_next_talk,
        take_over_and_stop,
        lambda: states_are("completed", "completed"),
        assert_off_air,
        watched=True,
    ),
    "breakout_start_while_stopping": Flow(
        with_next_talk,
        stop_first,
        lambda: states_are("completed", "running"),
        assert_on_air,
        meanwhile=start_next_once_stopping,
        after=watch,
        watched=True,
    ),
    "distribution_create": Flow(without_distribution, attach, ready, assert_enabled),
    "distribution_detach": Flow(with_channel, detach, disabled, assert_detached),
    "distribution_disable_and_keep": Flow(
        with_channel,
        detach,
        lambda: disabled() and distribution().desired == "disabled",
        assert_detached,
        meanwhile=keep_early,
        reaps=True,
    ),
    "distribution_reattach": Flow(with_stale, reattach, ready, assert_enabled),
    "distribution_reap": Flow(
        with_stale, do_nothing, alone, assert_left(without("cloudfront distributions")), reaps=True
    ),
    "distribution_replace": Flow(
        with_channel,
        replace,
        lambda: ready() and Distribution.objects.count() == 1,
        assert_enabled,
        reaps=True,
    ),
    "failsafe_on_air": Flow(
        with_show, lose, on_air_with_replacement, assert_on_air, after=watch, watched=True
    ),
    "failsafe_prepare": Flow(
        with_breakout,
        lose_and_prepare,
        lambda: ready() and Transition.objects.filter(DELETED_DISTRIBUTION).exists(),
        assert_enabled,
    ),
    "failsafe_start": Flow(
        without_distribution, start, lambda: stands("running"), assert_on_air, after=watch, watched=True
    ),
    "metrics_collection": Flow(
        with_completed_show,
        do_nothing,
        collected,
        assert_exact_usage,
        round=collect_next,
        watched=True,
        rounds=60,
    ),
}
