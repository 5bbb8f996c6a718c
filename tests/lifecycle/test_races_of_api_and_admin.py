"""Concurrent calls of API and admin, of people and workers, of people and the reaper, and of collectors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import jobs, metrics_collector
from billing.models import LedgerMinute
from channels_app import services
from channels_app.models import Attachment, Breakout, Channel
from distributions import services as distributions
from distributions.models import Distribution
from distributions.tasks import delete_stale_distributions
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios import measures, stage, timeline
from tests.scenarios.racing import (
    CIDRS,
    ROUNDS,
    WHO,
    a_breakout,
    at_once,
    channels,
    moved_to,
    refused,
    reread,
    work,
)
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db(transaction=True)

EXPECTED = {"api": {200, 202, 409}, "admin": {302}}


class Callers:
    """The two kinds of callers: a service with a token, and an operator in the admin."""

    def __init__(self) -> None:
        self.token = token_issue("event-site", list(SCOPES), timedelta(days=1))[1]
        self.operator = User.objects.create(username="operator", is_staff=True, is_superuser=True)

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[str, int]:
        answer = Client().generic(
            method,
            f"/api/v1/{path}",
            data=json.dumps(body).encode() if body is not None else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )
        return "api", answer.status_code

    def admin(self, row: Any, verb: str) -> tuple[str, int]:
        client = Client()
        client.force_login(self.operator)
        model = f"{row._meta.app_label}_{row._meta.model_name}"
        typed = {"typed": verb}  # as a stop on air asks for
        return "admin", client.post(reverse(f"admin:{model}_do", args=[row.pk, verb]), typed).status_code


@pytest.fixture
def callers(transactional_db: None) -> Callers:
    return Callers()


def answered(ends: list[Any]) -> list[int]:
    """The statuses. Anything but an effect or a refusal fails the test."""
    for end in ends:
        assert not isinstance(end, BaseException), end
        caller, status = end
        assert status in EXPECTED[caller], (caller, status)
    return [status for _, status in ends]


def test_start_by_api_and_admin_starts_once(callers: Callers) -> None:
    for channel in channels():
        show = a_breakout(channel)
        press = partial(callers.api, "POST", f"breakouts/{show.pk}/start")
        answered(at_once(press, partial(callers.admin, show, "start"), press))
        assert moved_to("breakout", show.pk, "starting") == 1
        assert show.attachments.count() == 1
        assert (reread(channel).desired, reread(show).state) == ("running", "starting")


def test_start_by_api_or_delete_by_admin_wins(callers: Callers) -> None:
    for channel in channels():
        show = a_breakout(channel)
        answered(
            at_once(
                partial(callers.api, "POST", f"breakouts/{show.pk}/start"),
                partial(callers.admin, channel, "delete"),
            )
        )
        ended = (reread(channel).desired, reread(show).state)
        assert ended in (("deleted", "cancelled"), ("running", "starting"))


def test_delete_by_api_and_detach_by_admin_both_take_effect(callers: Callers) -> None:
    for channel in channels():
        front = channel.distribution
        assert front is not None
        answered(
            at_once(
                partial(callers.api, "DELETE", f"channels/{channel.pk}"),
                partial(callers.admin, front, "detach"),
                partial(callers.api, "POST", f"distributions/{front.pk}/detach"),
            )
        )
        assert (reread(channel).desired, reread(front).desired) == ("deleted", "deleted")
        assert reread(channel).distribution is None


def running_and_next(channel: Channel) -> tuple[Breakout, Breakout]:
    """A show that runs and the next one, as rows only."""
    first = a_breakout(channel, "talk 1")
    services.breakout_start(first, who=WHO)
    Breakout.objects.filter(pk=first.pk).update(state="running", session_started_at=timezone.now())
    Channel.objects.filter(pk=channel.pk).update(state="running")
    return first, a_breakout(channel, "talk 2")


def test_take_over_by_api_and_admin_takes_over_once(callers: Callers) -> None:
    for channel in channels():
        first, second = running_and_next(channel)
        press = partial(callers.api, "POST", f"breakouts/{second.pk}/take-over")
        answered(at_once(press, partial(callers.admin, second, "take-over"), press))
        assert (reread(first).state, reread(second).state) == ("completed", "running")
        assert moved_to("breakout", first.pk, "stopping") == moved_to("breakout", second.pk, "running") == 1
        assert reread(first).session_ended_at == reread(second).session_started_at
        assert Attachment.objects.filter(breakout__channel=channel).count() == 2


def test_two_shows_that_want_to_take_over_come_one_after_the_other(callers: Callers) -> None:
    for channel in channels():
        first, second = running_and_next(channel)
        third = a_breakout(channel, "talk 3")
        answered(
            at_once(
                partial(callers.api, "POST", f"breakouts/{second.pk}/take-over"),
                partial(callers.admin, third, "take-over"),
            )
        )
        assert reread(first).state == "completed"
        assert sorted(reread(row).state for row in (second, third)) == ["completed", "running"]
        ended = Attachment.objects.filter(breakout__channel=channel, ended_at__isnull=False)
        assert ended.count() == 2


def test_take_over_or_stop_of_the_running_show_wins(callers: Callers) -> None:
    for channel in channels():
        first, second = running_and_next(channel)
        answered(
            at_once(
                partial(callers.api, "POST", f"breakouts/{second.pk}/take-over"),
                partial(callers.admin, first, "stop"),
            )
        )
        ended = (reread(first).state, reread(second).state, reread(channel).desired)
        assert ended in (("completed", "running", "running"), ("stopping", "idle", "idle"))


def test_stop_by_api_and_admin_with_a_cancel_stops_once(callers: Callers) -> None:
    for channel in channels():
        show = a_breakout(channel)
        services.breakout_start(show, who=WHO)
        answered(
            at_once(
                partial(callers.api, "POST", f"breakouts/{show.pk}/stop"),
                partial(callers.admin, show, "stop"),
                partial(callers.admin, show, "cancel"),
            )
        )
        assert moved_to("breakout", show.pk, "stopping") == 1
        assert reread(channel).desired == "idle"


def test_one_idempotency_key_sent_four_times_at_once_creates_one_channel(callers: Callers) -> None:
    for n in range(ROUNDS):
        body = {"name": f"stage {n}", "allowed_cidrs": CIDRS}
        create = partial(callers.api, "POST", "channels", body, **{"Idempotency-Key": f"key-{n}-of-the-test"})
        answered(at_once(*[create] * 4))
        assert Channel.objects.filter(name=f"stage {n}").count() == 1


# --- people and workers ------------------------------------------------------------------------


@pytest.mark.parametrize("_round", range(max(1, ROUNDS // 6)))
def test_starts_during_a_teardown_put_nothing_on_air(live_world: WorldUnderTest, _round: int) -> None:
    row = services.channel_create("stage", who=WHO, allowed_cidrs=CIDRS)
    live_world.settle()
    show = a_breakout(row)
    other = a_breakout(row, "other")

    def press() -> None:
        until = time.monotonic() + 30
        while not stage.nothing() and time.monotonic() < until:
            for breakout in (show, other):
                with suppress(NotPossible):
                    services.breakout_start(breakout, who=WHO)
            time.sleep(0.01)  # so that the workers can run

    services.channel_delete(row, who=WHO)
    workers = [partial(work, live_world, stage.nothing, reaps=True)] * 2
    assert refused(at_once(press, press, *workers)) == 0
    assert live_world.left() == {}
    assert {breakout.state for breakout in Breakout.objects.all()} == {"cancelled"}
    assert live_world.counts().get("medialive:StartChannel") is None
    assert live_world.illegal() == []
    assert timeline.wrongs() == []


@pytest.mark.parametrize("verb", ["keep", "reattach"])
@pytest.mark.parametrize("_round", range(max(1, ROUNDS // 6)))
def test_keep_and_reattach_during_a_reaper_run_succeed_or_are_refused(
    live_world: WorldUnderTest, verb: str, _round: int
) -> None:
    stage.with_stale(live_world)
    row, bare = Distribution.objects.get(), Channel.objects.get()
    verbs: dict[str, Callable[[], Any]] = {
        "keep": partial(distributions.distribution_keep, row, who=WHO),
        "reattach": partial(services.distribution_reattach, bare, row, who=WHO),
    }
    verbs_end, *_ = ends = at_once(verbs[verb], delete_stale_distributions, delete_stale_distributions)
    refused(ends)
    live_world.settle()
    live_world.reap()
    live_world.settle()
    if isinstance(verbs_end, NotPossible):
        assert not Distribution.objects.exists()
    else:
        now = Distribution.objects.get()
        assert (now.state, now.attached) == (("disabled", False) if verb == "keep" else ("deployed", True))
    assert measures.surplus(live_world) == (0, 0)
    assert live_world.illegal() == []
    assert timeline.wrongs() == []


def test_concurrent_workers_leave_a_timeline_without_gaps(live_world: WorldUnderTest) -> None:
    services.channel_create("stage", who=WHO, allowed_cidrs=CIDRS)
    assert refused(at_once(*[partial(work, live_world, stage.ready)] * 4)) == 0
    assert timeline.wrongs() == []
    assert timeline.unaccounted(live_world) == []
    assert measures.surplus(live_world) == (0, 0)


# --- collectors ----------------------------------------------------------------------------------


def test_collectors_without_a_lease_count_every_byte_once(live_world: WorldUnderTest) -> None:
    stage.with_show(live_world)
    stage.stop(live_world)
    live_world.settle()
    live_world.control.publish_all()
    with jobs.COLLECT_METRICS.single() as run:
        assert run is not None
        for hours in (0, 2, 4):
            at = timezone.now() + timedelta(hours=hours)
            assert refused(at_once(*[partial(metrics_collector.collect_metrics, run, now=at)] * 3)) == 0
    delivered = measures.truth(live_world)
    show = Breakout.objects.get()
    assert (show.usage_status, show.usage_bytes_downloaded) == ("final", sum(delivered.values()))
    assert LedgerMinute.objects.aggregate(sum=Sum("bytes_downloaded"))["sum"] == sum(delivered.values())
    assert Attachment.objects.count() == 1
    assert Transition.objects.filter(resource_type="breakout", to_state="completed").count() == 1
