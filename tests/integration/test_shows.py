"""Shows on the whole set of processes, PostgreSQL and Redis: the tour, and fifty at once."""

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
from tests.scenarios.processes import House

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

SHOWS = 50


def test_the_tour_holds_on_postgresql_and_redis(on_postgres: House) -> None:
    tour = Tour(on_postgres.api, on_postgres.control, Screen(), on_postgres.processes.check)
    for step in STEPS:
        step(tour)
    assert [line for line in verdict.verdict(tour) if not line.held] == []


def test_fifty_shows_at_once_while_workers_die(on_postgres: House) -> None:
    house, rng = on_postgres, random.Random(5)
    house.control.publish_delay(**PUBLISH)
    house.control.console("mediapackage", "set_quota", channels=SHOWS)
    channels = flows.create_channels(house.api, SHOWS)
    flows.wait_complete(house, SHOWS)
    shows = [house.api.post("breakouts", {"channel": id, "name": f"show on {id}"})["id"] for id in channels]
    flows.while_workers_die(house, 3, rng, lambda: in_parallel(house, shows, "start"))
    wait_all(house, "running")
    audiences = [watch(house, id) for id in shows]
    assert house.control.counts()["calls"]["medialive:StartChannel"] == SHOWS
    for audience in audiences:
        house.control.audience_leave(audience)
    flows.while_workers_die(house, 3, rng, lambda: in_parallel(house, shows, "stop"))
    wait_all(house, "completed")
    assert house.control.counts()["calls"]["medialive:StopChannel"] == SHOWS
    states = Counter(channel["state"] for channel in house.control.inventory()["medialive"]["channels"])
    assert states == {"IDLE": SHOWS}
    flows.assert_legal(house)
    flows.wait(lambda: all(final(show) for show in listed(house)), "all bytes are final")
    assert {show["id"]: show["usage"]["bytes_downloaded"] for show in listed(house)} == {
        show["id"]: sum(house.control.truth(id)["bytes"] for id in show["distributions"])
        for show in listed(house)
    }


def in_parallel(house: House, shows: list[str], verb: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda id: house.api.post(f"breakouts/{id}/{verb}"), shows))


def listed(house: House) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = house.api.get("breakouts?limit=200")["items"]
    return items


def wait_all(house: House, state: str) -> None:
    def reached() -> bool:
        return Counter(show["state"] for show in listed(house)) == {state: SHOWS}

    flows.wait(reached, f"all {SHOWS} breakouts are {state}")


def watch(house: House, show: str) -> int:
    url = house.api.post(f"breakouts/{show}/curtain", {"raised": True})["playback_url"]
    return house.control.audience_join(url, viewers=20, kbps=KBPS)


def final(show: dict[str, Any]) -> bool:
    return bool(show["usage"]["status"] == "final" and show["usage"]["bytes_downloaded"])
