"""What the process tests do: create many channels, delete them, kill workers meanwhile, count."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from devstack.demo.api import Api
from devstack.demo.tour import left_in_aws
from tests.scenarios.processes import House

CREATES = {
    "mediapackage:CreateChannel",
    "mediapackage:CreateOriginEndpoint",
    "medialive:CreateInput",
    "medialive:CreateChannel",
    "cloudfront:CreateDistributionWithTags",
}
GROUP = "medialive:CreateInputSecurityGroup"


def wait(until: Callable[[], bool], what: str, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"not so after {seconds} s: {what}"
        time.sleep(0.2)


def delete_channels(api: Api, ids: list[str]) -> None:
    for channel in ids:
        api.delete(f"channels/{channel}")


def create_channels(api: Api, count: int) -> list[str]:
    """Ids of new channels, which share one security group."""
    cidrs = ["203.0.113.0/24"]
    bodies = [{"name": f"stage {number}", "allowed_cidrs": cidrs} for number in range(count)]
    return [api.post("channels", body)["id"] for body in bodies]


def wait_complete(house: House, count: int) -> None:
    """All channels idle, all distributions deployed."""
    wait_complete_but(house, count, on_air=0)


def wait_complete_but(house: House, count: int, *, on_air: int) -> None:
    """So many channels, of which some run, the others idle; all distributions deployed."""
    wanted = Counter({"idle": count - on_air, "running": on_air})

    def complete() -> bool:
        channels = house.api.get("channels?limit=200")["items"]
        return Counter(each["state"] for each in channels if _deployed(each)) == wanted

    wait(complete, f"{count} channels stand behind deployed distributions, {on_air} of them running")


def _deployed(channel: dict[str, Any]) -> bool:
    return bool(channel["distribution"]) and channel["distribution"]["state"] == "deployed"


def wait_gone(house: House) -> None:
    """No row and no resource is left."""

    def gone() -> bool:
        rows = house.api.get("channels")["items"] + house.api.get("distributions")["items"]
        return not rows and not left_in_aws(house.control)

    wait(gone, "everything is gone")


def assert_each_once(house: House, count: int) -> None:
    """What exists in AWS is exactly `count` stacks: nothing twice, nothing without its channel."""
    assert left_in_aws(house.control) == {
        "cloudfront distributions": count,
        "mediapackage channels": count,
        "mediapackage origin_endpoints": count,
        "medialive channels": count,
        "medialive inputs": count,
        "medialive input_security_groups": 1,
    }


def assert_legal(house: House) -> None:
    assert house.control.counts()["illegal"] == {}, house.control.calls(illegal=True)


def while_workers_die(house: House, times: int, rng: random.Random, work: Callable[[], Any]) -> Any:
    """Do the work, and meanwhile kill a worker with all its children at random moments; what work returns.

    The killing is done here and the work in a thread, because processes die with the thread that
    started them.
    """
    with ThreadPoolExecutor(1) as thread:
        doing = thread.submit(work)
        for _ in range(times):
            time.sleep(rng.uniform(0.3, 1.5))
            name = rng.choice([name for name in house.processes.running if name.startswith("worker")])
            house.processes.kill(name)
            house.processes.start_worker(int(name.rpartition("-")[2]))
        return doing.result()
