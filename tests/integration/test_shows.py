"""Breakouts on a running stack with PostgreSQL and Redis: the tour, and many at once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from devstack.demo import verdict
from devstack.demo.screen import Screen
from devstack.demo.show import KBPS, PUBLISH
from devstack.demo.steps import STEPS
from devstack.demo.tour import Tour
from tests.integration import flows
from tests.scenarios.processes import RunningStack, postgres_database, redis_database, running
from tests.scenarios.volume import volume

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

SHOWS = volume(25, 50)
SLOTS = 4
# AWS clients wait 10 s for an answer, twice: so long a slot is held by a call that gets none.
HELD_SECONDS = 20


def test_the_tour_passes_on_postgresql_and_redis(on_postgres: RunningStack) -> None:
    tour = Tour(on_postgres.api, on_postgres.control, Screen(), on_postgres.processes.check)
    for step in STEPS:
        step(tour)
    assert [line for line in verdict.verdict(tour) if not line.held] == []


def test_many_breakouts_run_at_once_while_workers_are_killed(on_postgres: RunningStack) -> None:
    stack, rng = on_postgres, random.Random(5)
    stack.control.publish_delay(**PUBLISH)
    stack.control.console("mediapackage", "set_quota", channels=SHOWS)
    channels = flows.create_channels(stack.api, SHOWS)
    flows.wait_complete(stack, SHOWS)
    shows = [stack.api.post("breakouts", {"channel": id, "name": f"show on {id}"})["id"] for id in channels]
    flows.while_workers_die(stack, 3, rng, lambda: in_parallel(stack, shows, "start"))
    wait_all(stack, "running")
    audiences = [watch(stack, id) for id in shows]
    assert stack.control.counts()["calls"]["medialive:StartChannel"] == SHOWS
    for audience in audiences:
        stack.control.audience_leave(audience)
    flows.while_workers_die(stack, 3, rng, lambda: in_parallel(stack, shows, "stop"))
    wait_all(stack, "completed")
    assert stack.control.counts()["calls"]["medialive:StopChannel"] == SHOWS
    states = Counter(channel["state"] for channel in stack.control.inventory()["medialive"]["channels"])
    assert states == {"IDLE": SHOWS}
    flows.assert_legal(stack)
    flows.wait(lambda: all(final(show) for show in listed(stack)), "all bytes are final")
    assert {show["id"]: show["usage"]["bytes_downloaded"] for show in listed(stack)} == {
        show["id"]: sum(stack.control.truth(id)["bytes"] for id in show["distributions"])
        for show in listed(stack)
    }


@pytest.fixture
def with_an_urgent_worker(tmp_path: Path) -> Iterator[RunningStack]:
    """As docker-compose.yml and deploy/systemd start them: a worker for all queues, and one for `urgent`."""
    with postgres_database() as database, redis_database() as broker:
        environment = {"DATABASE_URL": database, "CELERY_BROKER_URL": broker}
        with running(tmp_path, environment, workers=1, scale=0.02) as stack:
            stack.processes.start_worker(2, concurrency=SLOTS, queues=("urgent",))
            yield stack


def test_a_stop_goes_out_while_creations_hold_all_slots_of_the_worker_for_all(
    with_an_urgent_worker: RunningStack,
) -> None:
    stack = with_an_urgent_worker
    (channel,) = flows.create_channels(stack.api, 1)
    flows.wait_complete(stack, 1)
    show = stack.api.post("breakouts", {"channel": channel, "name": "on air"})["id"]
    stack.api.post(f"breakouts/{show}/start")
    flows.wait(lambda: stack.api.get(f"breakouts/{show}")["state"] == "running", "the show runs")
    stack.control.fault("mediapackage:CreateChannel", "pause", times=None)
    for number in range(2 * SLOTS):
        stack.api.post("channels", {"name": f"later {number}", "allowed_cidrs": ["203.0.113.0/24"]})
    stack.control.wait_held(SLOTS)
    began = time.monotonic()
    stack.api.post(f"breakouts/{show}/stop")
    flows.wait(lambda: stack.control.count("medialive:StopChannel") == 1, "the stop is sent", HELD_SECONDS)
    assert time.monotonic() - began < HELD_SECONDS / 2
    stack.control.clear_faults()
    stack.control.release()
    flows.wait(lambda: stack.api.get(f"breakouts/{show}")["state"] == "completed", "the show is over")


def in_parallel(stack: RunningStack, shows: list[str], verb: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda id: stack.api.post(f"breakouts/{id}/{verb}"), shows))


def listed(stack: RunningStack) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.api.get("breakouts?limit=200")["items"]
    return items


def wait_all(stack: RunningStack, state: str) -> None:
    def reached() -> bool:
        return Counter(show["state"] for show in listed(stack)) == {state: SHOWS}

    flows.wait(reached, f"all {SHOWS} breakouts are {state}")


def watch(stack: RunningStack, show: str) -> int:
    url = stack.api.post(f"breakouts/{show}/curtain", {"raised": True})["playback_url"]
    return stack.control.audience_join(url, viewers=20, kbps=KBPS)


def final(show: dict[str, Any]) -> bool:
    return bool(show["usage"]["status"] == "final" and show["usage"]["bytes_downloaded"])
