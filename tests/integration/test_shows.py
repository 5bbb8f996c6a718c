"""Breakouts on a running stack with PostgreSQL and Redis: the tour, and many at once."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from devstack.demo import verdict
from devstack.demo.screen import Screen
from devstack.demo.show import KBPS, PUBLISH
from devstack.demo.steps import STEPS
from devstack.demo.tour import Tour
from tests.integration import flows
from tests.scenarios.processes import RunningStack
from tests.scenarios.volume import volume

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

SHOWS = volume(25, 50)


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
