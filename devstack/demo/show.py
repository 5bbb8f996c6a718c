"""The show: a breakout on the tour's channel, its viewers, and the bytes that they cost.

The viewers are the embedded AWS's, so what they were sent is known to the byte; the breakout's figure
comes the long way round: CloudWatch, published late and corrected, the collector, the ledger.
"""

from __future__ import annotations

import time
from typing import Any

from devstack.demo.tour import Tour, TourFailed

VIEWERS = 250
KBPS = 3_500
WATCH_SECONDS = 6.0
# How late CloudWatch publishes, in AWS seconds; some minutes later still, some in two parts.
PUBLISH = {"least": 20, "most": 90, "late_share": 0.2, "grow_share": 0.3, "after_minute": False}
# Usage is final no later than a minute's end, the tail and the waiting time after the stop.
FINAL_SECONDS = 150.0


def look(tour: Tour) -> dict[str, Any]:
    """The breakout as it is now."""
    tour.breakout = tour.api.get(f"breakouts/{tour.breakout['id']}")
    return tour.breakout


def prepare(tour: Tour) -> None:
    with tour.screen.step("POST /api/v1/breakouts, prepare") as step:
        tour.control.publish_delay(**PUBLISH)
        tour.breakout = tour.api.post("breakouts", {"channel": tour.channel["id"], "name": "Opening night"})
        path = f"breakouts/{tour.breakout['id']}"
        tour.api.post(f"{path}/prepare")

        def ready() -> bool:
            checks = tour.api.get(f"{path}/readiness")["checks"]
            step.now(", ".join(check["name"] for check in checks if not check["ok"]) or "all checks pass")
            return all(check["ok"] for check in checks)

        tour.wait(step, ready, "the breakout is ready")
        step.result = "ready: channel free, distribution attached, enabled, deployed"


def start(tour: Tour) -> None:
    with tour.screen.step("Start: 202 at once, and no wait for a distribution") as step:
        tour.api.post(f"breakouts/{tour.breakout['id']}/start")

        def running() -> bool:
            found = look(tour)
            step.now(f"the breakout is {found['state']}")
            if found["state"] == "failed":
                raise TourFailed(f"The breakout failed: {found['error']}")
            return bool(found["state"] == "running")

        tour.wait(step, running, "the breakout is running")
        step.result = "running; the curtain is still down, so there is no playback URL"


def watch(tour: Tour) -> None:
    with tour.screen.step(f"Raise the curtain, {VIEWERS} viewers watch") as step:
        raised = tour.api.post(f"breakouts/{tour.breakout['id']}/curtain", {"raised": True})
        url = raised["playback_url"]
        status, said = tour.control.play(url)
        if status != 200:
            raise TourFailed(f"A player got {status} from {url}: {said}")
        audience = tour.control.audience_join(url, viewers=VIEWERS, kbps=KBPS)
        until = time.monotonic() + WATCH_SECONDS
        tour.wait(step, lambda: time.monotonic() > until, "the viewers have seen enough")
        tour.control.audience_leave(audience)
        step.result = f"{url}: {delivered(tour):,} bytes delivered"


def stop(tour: Tour) -> None:
    with tour.screen.step("Stop") as step:
        tour.api.post(f"breakouts/{tour.breakout['id']}/stop")

        def completed() -> bool:
            step.now(f"the breakout is {look(tour)['state']}")
            return bool(tour.breakout["state"] == "completed")

        tour.wait(step, completed, "the breakout is completed")
        step.result = "completed: MediaLive is idle again, its meter stands still"


def provisional(tour: Tour) -> None:
    with tour.screen.step("CloudWatch publishes, late and bit by bit") as step:

        def some() -> bool:
            usage = look(tour)["usage"]
            step.now(f"usage is {usage['status']}: {usage['bytes_downloaded'] or 0:,} bytes")
            return bool(usage["bytes_downloaded"])

        tour.wait(step, some, "the first bytes are on the breakout")
        usage = tour.breakout["usage"]
        step.result = f"{usage['status']}: {usage['bytes_downloaded']:,} bytes so far"


def final(tour: Tour) -> None:
    """Meanwhile channel and distribution have gone; the breakout and its bytes stay."""
    with tour.screen.step("The bytes become final (the minute must be over)") as step:

        def settled() -> bool:
            usage = look(tour)["usage"]
            step.now(f"usage is {usage['status']}: {usage['bytes_downloaded'] or 0:,} bytes")
            return bool(usage["status"] == "final")

        tour.wait(step, settled, "the usage is final", seconds=FINAL_SECONDS)
        step.result = f"final: {tour.breakout['usage']['bytes_downloaded']:,} bytes"


def delivered(tour: Tour) -> int:
    """What the viewers were sent, to the byte, by all distributions of the breakout."""
    ids = tour.api.get(f"breakouts/{tour.breakout['id']}")["distributions"]
    return sum(int(tour.control.truth(id)["bytes"]) for id in ids)
