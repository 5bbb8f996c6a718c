"""Cases on the whole set of processes, at a scale at which AWS's time dwarfs our own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from devstack.demo.tour import left_in_aws
from tests.bench.figures import Figure
from tests.scenarios.processes import House, running

# An AWS second takes a tenth of a real one: AWS is looked at every 20 AWS seconds.
SCALE = 0.1
PERIODS = {
    "SWEEP_SECONDS": "1",
    "OBSERVE_SECONDS": "2",
    "FULL_OBSERVE_SECONDS": "3600",
    "REAPER_SECONDS": "5",
}
DEPLOY = 275.0  # AWS seconds, the same each time, so that the critical path is known
MANY = 20
CIDRS = ["203.0.113.0/24"]
READS = (":Get", ":List", ":Describe")


def processes() -> Iterator[Figure]:
    """One stack after another has left its security group behind, then twenty at once."""
    with (
        tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder,
        running(Path(folder), PERIODS, workers=2, scale=SCALE) as house,
    ):
        house.control.durations(cloudfront_deploy=DEPLOY)
        _built(house, 1)
        yield from _one(house)
        yield from _many(house)
        yield from _down(house)


def _one(house: House) -> Iterator[Figure]:
    house.control.clear_calls()
    took = _built(house, 1)
    calls = house.control.counts()["calls"]
    writes = _writes(calls)
    yield Figure("create: writes a stack", sum(writes.values()), 5, 10, 5, ", ".join(sorted(writes)))
    reads = sum(calls.values()) - sum(writes.values())
    ratio = took / (DEPLOY * SCALE)
    yield Figure("create: time to ready / AWS's own", ratio, 1.05, 1.6, 1.25, f"{reads} reads meanwhile")


def _many(house: House) -> Iterator[Figure]:
    house.control.clear_calls()
    _built(house, MANY)
    calls = house.control.counts()["calls"]
    lists = sum(n for name, n in calls.items() if ":List" in name)
    groups = calls.get("medialive:CreateInputSecurityGroup", 0)
    note = f"{groups} security groups made, {sum(_writes(calls).values())} writes"
    yield Figure("twenty at once: list polls in all", lists, 18, 80, 40, note)


def _down(house: House) -> Iterator[Figure]:
    """The last stack of all keeps the others company: the group goes with the last."""
    api = house.api
    ids = [each["id"] for each in api.get("channels?limit=200")["items"]]
    for each in ids[1:]:
        api.delete(f"channels/{each}")
    _wait(lambda: _rows(house) == (1, 1), "all stacks but one are gone")
    house.control.clear_calls()
    api.delete(f"channels/{ids[0]}")
    _wait(lambda: _rows(house) == (0, 0) and not left_in_aws(house.control), "nothing is left")
    counts = house.control.counts()
    calls = {name: n for name, n in counts["calls"].items() if not name.endswith("SecurityGroup")}
    writes = sum(_writes(calls).values())
    note = f"{sum(counts['illegal'].values())} illegal; the floor's 7 include one read"
    yield Figure("delete: writes a stack", writes, 6, 13, 6, note)


def _built(house: House, count: int) -> float:
    """Create so many stacks at once; real seconds until all are idle behind deployed distributions."""
    before = len(_channels(house))
    began = time.monotonic()
    for n in range(count):
        house.api.post("channels", {"name": f"stage {before + n}", "allowed_cidrs": CIDRS})
    _wait(lambda: sum(_ready(each) for each in _channels(house)) == before + count, "all are ready")
    return time.monotonic() - began


def _channels(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.api.get("channels?limit=200")["items"]
    return found


def _ready(channel: dict[str, Any]) -> bool:
    there = channel["distribution"]
    return channel["state"] == "idle" and bool(there) and there["state"] == "deployed"


def _rows(house: House) -> tuple[int, int]:
    return len(_channels(house)), len(house.api.get("distributions?limit=200")["items"])


def _writes(calls: dict[str, int]) -> dict[str, int]:
    return {name: n for name, n in calls.items() if not any(read in name for read in READS)}


def _wait(until: Callable[[], bool], what: str, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit(f"Not so after {seconds:.0f} s: {what}.")
        time.sleep(0.1)
