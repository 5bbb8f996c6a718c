"""A state machine that uses StreamHub at random, compared with a simple model.

It mixes verbs, edits in the AWS console, AWS faults, killed steps, and StreamHub's own steps and
observations. After each rule the invariants are checked. When everything is at rest, every accepted verb
must have reached its target state. At the end everything is deleted, and AWS must be empty.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from django.db.models import Count
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from channels_app import services
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.access.actors import system_actor
from streamhub.aws.ownership import OWNER_TAG
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios import truth
from tests.scenarios.crashing_session import KILLS, MortalSession
from tests.scenarios.volume import volume
from tests.scenarios.world import WorldUnderTest, clean
from tests.stateful import model

WHO = system_actor("machine")
RUNS, RULES = volume(5, 12), 30
CHANNELS = 3
WHICH = st.integers(0, 5)
SELDOM = st.sampled_from([False, False, True])
OPERATIONS = ("*", "*:Create*", "*:Start*", "*:Stop*", "*:Delete*", "*:Describe*")
FAULTS = ("throttle", "error500", "access_denied", "cut_before", "cut_after")
FALSE_NOT_FOUND = (
    ("cloudfront:GetDistribution", "Id", "cloudfront", "distributions", "Id"),
    ("medialive:DescribeChannel", "ChannelId", "medialive", "channels", "id"),
    ("mediapackage:DescribeOriginEndpoint", "Id", "mediapackage", "origin_endpoints", "id"),
)


class Machine(RuleBasedStateMachine):
    """All runs share one world, which is emptied before each run."""

    world: ClassVar[WorldUnderTest]

    def __init__(self) -> None:
        super().__init__()
        clean(self.world)
        self.number = 0
        self.falsely_missing: set[str] = set()
        self.edited: set[str] = set()  # ids of MediaLive channels started or stopped in the console
        self.edited_rows: set[int] = set()  # their channel rows
        self.promised: dict[int, str] = {}  # breakout: its target state

    # --- means -----------------------------------------------------------------------------

    @staticmethod
    def pick(kind: Any, which: int) -> Any | None:
        rows = list(kind.objects.order_by("pk"))
        return rows[which % len(rows)] if rows else None

    def ask(self, may: bool, verb: Callable[[], object], what: str) -> bool:
        """Run the verb. It must be accepted exactly if the model accepts it. Returns whether it was."""
        refusal = ""
        try:
            verb()
        except NotPossible as error:
            refusal = str(error)
        assert may == (not refusal), f"{what}: {refusal or 'accepted'}"
        return may

    # --- people ----------------------------------------------------------------------------

    @initialize(
        scene=st.sampled_from(["nothing", "a channel", "a show", "a show", "two channels"]),
        trouble=st.sampled_from(["", "cut_after", "cut_after", "throttle"]),
        skip=st.integers(0, 5),
    )
    def begin(self, scene: str, trouble: str, skip: int) -> None:
        """Most runs begin with resources, and with a fault in one of the creates."""
        if trouble:
            # Twice, because botocore retries once.
            self.world.control.fault("*:Create*", trouble, times=2, skip=skip)
        for _ in range({"nothing": 0, "two channels": 2}.get(scene, 1)):
            self.channel_create()
        self.world.settle()
        if scene == "a show":
            self.breakout_create(0)
            self.breakout_verb(0, "start")
            self.world.settle()
            assert Breakout.objects.get().state == "running"

    @rule()
    def channel_create(self) -> None:
        if Channel.objects.exclude(desired="deleted").count() < CHANNELS:
            self.number += 1
            services.channel_create(f"stage {self.number}", who=WHO, allowed_cidrs=["203.0.113.7/32"])

    @rule(which=WHICH, sure=SELDOM)
    def channel_delete(self, which: int, sure: bool) -> None:
        row = self.pick(Channel, which)
        if row is None or not sure:
            return
        idle = list(Breakout.objects.filter(channel=row, state="idle").values_list("pk", flat=True))
        may = model.channel_accepts("delete", row)
        if self.ask(may, lambda: services.channel_delete(row, who=WHO), f"delete {row.state} channel"):
            self.promised |= dict.fromkeys(idle, "cancelled")

    @rule(which=WHICH)
    def channel_retry(self, which: int) -> None:
        if row := self.pick(Channel, which):
            may = model.channel_accepts("retry", row)
            self.ask(may, lambda: services.channel_retry(row, who=WHO), f"retry {row.state} channel")

    @rule(which=WHICH)
    def breakout_create(self, which: int) -> None:
        if row := self.pick(Channel, which):
            may = model.channel_accepts("breakout", row)
            self.ask(may, lambda: services.breakout_create(row, "show", who=WHO), f"show on {row.desired}")

    @rule(which=WHICH, verb=st.sampled_from(["start", "start", "stop", "cancel", "prepare", "retry"]))
    def breakout_verb(self, which: int, verb: str) -> None:
        row = self.pick(Breakout, which)
        if row is None:
            return
        before, may = row.state, model.breakout_accepts(verb, row)
        act = getattr(services, f"breakout_{verb}")
        accepted = self.ask(may, lambda: act(row, who=WHO), f"{verb} {before} breakout")
        if accepted and verb in model.TARGET_STATE and before in model.EFFECTIVE_IN[verb]:
            self.promised[row.pk] = model.TARGET_STATE[verb]

    @rule(which=WHICH, raised=st.booleans())
    def breakout_curtain(self, which: int, raised: bool) -> None:
        if row := self.pick(Breakout, which):
            may = model.breakout_accepts("curtain", row)
            self.ask(may, lambda: services.breakout_curtain(row, raised, who=WHO), f"curtain {row.state}")

    @rule(which=WHICH, verb=st.sampled_from(["detach", "sync", "retry", "keep", "delete"]))
    def distribution_verb(self, which: int, verb: str) -> None:
        if row := self.pick(Distribution, which):
            act = getattr(distributions, f"distribution_{verb}")
            may = model.distribution_accepts(verb, row)
            self.ask(may, lambda: act(row, who=WHO), f"{verb} {row.state} distribution")

    @rule(which=WHICH)
    def distribution_create(self, which: int) -> None:
        if row := self.pick(Channel, which):
            act = services.distribution_create_and_attach
            may = model.channel_accepts("distribution", row)
            self.ask(may, lambda: act(row, who=WHO), f"distribution for {row.state} channel")

    @rule(which=WHICH, other=WHICH)
    def distribution_reattach(self, which: int, other: int) -> None:
        channel, row = self.pick(Channel, which), self.pick(Distribution, other)
        if channel and row:
            act = services.distribution_reattach
            may = model.reattach_accepted(channel, row)
            self.ask(may, lambda: act(channel, row, who=WHO), f"re-attach {row.state} distribution")

    # --- the AWS console -------------------------------------------------------------------

    @rule(which=WHICH, action=st.sampled_from(["delete", "disable", "enable"]))
    def console_distribution(self, which: int, action: str) -> None:
        there = self.world.control.inventory()["cloudfront"]["distributions"]
        if there:
            id = sorted(distribution["Id"] for distribution in there)[which % len(there)]
            force = {"force": True} if action == "delete" else {}
            self.world.control.console("cloudfront", action, Id=id, **force)

    @rule(which=WHICH)
    def console_channel(self, which: int) -> None:
        """Stop a running channel, or start an idle one."""
        there = self.world.control.inventory()["medialive"]["channels"]
        if there:
            channel = sorted(there, key=lambda channel: str(channel["id"]))[which % len(there)]
            action = {"RUNNING": "stop_channel", "IDLE": "start_channel"}.get(channel["state"])
            if action:
                owner = Channel.objects.filter(uid=channel["tags"][OWNER_TAG]).first()
                self.edited_rows.add(owner.pk if owner else 0)
                self.edited.add(channel["id"])
                self.world.control.console("medialive", action, id=channel["id"])

    # --- faults ----------------------------------------------------------------------------

    @rule(kind=st.sampled_from(FAULTS), operation=st.sampled_from(OPERATIONS), times=st.integers(1, 3))
    def fault(self, kind: str, operation: str, times: int) -> None:
        self.world.control.fault(operation, kind, times=times)

    @rule(which=WHICH, about=st.sampled_from(FALSE_NOT_FOUND))
    def false_not_found(self, which: int, about: tuple[str, ...]) -> None:
        """One false NotFound for a resource. Two would prove that it is gone."""
        operation, parameter, service, kind, name = about
        there = sorted(resource[name] for resource in self.world.control.inventory()[service][kind])
        if there and (id := there[which % len(there)]) not in self.falsely_missing:
            self.falsely_missing.add(id)
            self.world.control.fault(operation, "not_found", where={parameter: id})

    @rule(calls=st.integers(1, 6), kind=st.sampled_from(KILLS))
    def worker_will_die(self, calls: int, kind: str) -> None:
        session = self.world.session
        assert isinstance(session, MortalSession)
        session.calls, session.die_at = 0, (calls, kind)

    # --- StreamHub's own work --------------------------------------------------------------

    @rule(rounds=st.integers(1, 4))
    def step(self, rounds: int) -> None:
        for _ in range(rounds):
            self.world.step_all()

    @rule(rounds=st.integers(1, 4))
    def step_and_observe(self, rounds: int) -> None:
        for _ in range(rounds):
            self.world.step_all()
            self.world.observe()

    @rule()
    def reap(self) -> None:
        self.world.reap()

    @rule()
    def come_to_rest(self) -> None:
        """Without faults, everything must settle in its target state."""
        self.world.control.clear_faults()
        self.world.session.die_at = None
        for _ in range(3):
            self.world.settle()
            self.world.reap()
        assert truth.rows_not_at_rest() == []
        self._nothing_wrong()
        self._promises_kept()

    def _nothing_wrong(self) -> None:
        wrongs = truth.Wrongs()
        truth.compare(self.world.control, wrongs, "at rest")
        assert list(wrongs.all()) == []

    def _promises_kept(self) -> None:
        for row in Breakout.objects.select_related("channel__distribution"):
            target = self.promised.get(row.pk, "idle")
            may_fail = target == "running" and row.channel_id in self.edited_rows
            allowed = {target, "failed"} if may_fail else {target}
            assert row.state in allowed, f"breakout {row.pk} is {row.state}, expected {target}"
            if row.state == "running":
                self._delivered(row)
        failed = Channel.objects.filter(state="failed").exclude(pk__in=self.edited_rows)
        assert [(row.pk, row.failed_step, row.error_message) for row in failed] == []

    @staticmethod
    def _delivered(row: Breakout) -> None:
        """A running breakout has a deployed distribution and one open attachment to it."""
        distribution = row.channel.distribution
        assert distribution is not None
        assert distribution.state == "deployed"
        (attachment,) = Attachment.objects.filter(breakout=row, ended_at=None)
        assert attachment.distribution_id == distribution.pk

    # --- invariants ------------------------------------------------------------------------

    @invariant()
    def one_breakout_on_air_per_channel(self) -> None:
        on_air = Breakout.objects.filter(state__in=model.ON_AIR, channel__isnull=False)
        assert not on_air.values("channel").annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def every_resource_has_its_row_and_exists_once(self) -> None:
        owners = {
            uid
            for rows in (Channel, Distribution, SecurityGroup)
            for uid in rows.objects.values_list("uid", flat=True)
        }
        resources = truth.ours(self.world.control)
        assert [str(resource) for resource in resources if resource.owner not in owners] == []
        marks = [(resource.service, resource.kind, resource.owner) for resource in resources]
        assert sorted(marks) == sorted(set(marks))

    @invariant()
    def no_aws_rule_is_broken(self) -> None:
        """Except on channels edited in the console: an edit after our read can make our call illegal."""
        if self.world.control.counts()["illegal"]:
            ours = [
                call for call in self.world.illegal() if call["params"].get("ChannelId") not in self.edited
            ]
            assert ours == []

    @invariant()
    def running_channels_are_desired_or_have_a_next_step(self) -> None:
        for channel in self.world.control.inventory()["medialive"]["channels"]:
            if channel["state"] not in ("STARTING", "RUNNING", "RECOVERING"):
                continue
            row = Channel.objects.get(uid=channel["tags"][OWNER_TAG])
            moving = row.not_before is not None or bool(row.polled_list)
            assert row.desired == "running" or moving or row.pk in self.edited_rows, f"channel {row.pk} runs"

    @invariant()
    def transitions_have_no_gaps(self) -> None:
        last: dict[tuple[str, int], str] = {}
        for transition in Transition.objects.order_by("pk"):
            key = (transition.resource_type, transition.resource_id)
            assert last.get(key, "") == transition.from_state, str(transition)
            last[key] = transition.to_state
        for kind in (Channel, Distribution, SecurityGroup, Breakout):
            for row in kind.objects.all():
                assert last[row.KIND, row.pk] == row.state

    # --- the end ---------------------------------------------------------------------------

    def teardown(self) -> None:
        self.come_to_rest()
        for row in Breakout.objects.filter(state__in=model.ON_AIR):
            services.breakout_stop(row, who=WHO)
        self.world.settle()
        for channel in Channel.objects.all():
            services.channel_delete(channel, who=WHO)
        for row in Distribution.objects.filter(attached=False, desired="disabled"):
            distributions.distribution_delete(row, who=WHO)
        for _ in range(4):
            self.world.settle()
            self.world.reap()
        assert truth.rows_left() == []
        assert self.world.left() == {}
        assert not Breakout.objects.exclude(state__in=truth.OVER).exists()
        assert not Attachment.objects.filter(ended_at=None).exists()


@pytest.fixture
def mortal(db: None, settings: object) -> Iterator[WorldUnderTest]:
    yield from WorldUnderTest.running(settings, MortalSession)


@pytest.mark.timeout(900)
def test_any_sequence_of_events_keeps_the_invariants(mortal: WorldUnderTest) -> None:
    """Repeats the same runs every time. `MACHINE_RUNS=200` makes that many new random runs."""
    Machine.world = mortal
    random_runs = int(os.environ.get("MACHINE_RUNS", "0"))
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=random_runs or RUNS,
            stateful_step_count=RULES,
            derandomize=not random_runs,
            phases=list(Phase) if random_runs else [Phase.generate],  # shrinking takes long
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
