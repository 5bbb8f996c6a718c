"""The show: a breakout on the tour's channel, its viewers, and the bytes delivered to them.

The embedded AWS simulates the viewers and knows the delivered bytes exactly. The breakout's figure comes from
CloudWatch, which publishes late, through the collector and the ledger.
"""

from __future__ import annotations

import time
from typing import Any

from devstack.demo.tour import Tour, TourFailed

VIEWERS = 250
KBPS = 3_500
WATCH_SECONDS = 6.0
# How late CloudWatch publishes, in AWS seconds; some minutes are later, some come in two parts.
PUBLISH = {"least": 20, "most": 90, "late_share": 0.2, "grow_share": 0.3, "after_minute": False}
# The longest wait for final usage: the rest of the minute, the tail, and METRICS_FINAL_AFTER_SECONDS.
FINAL_SECONDS = 150.0


def refresh_breakout(tour: Tour) -> dict[str, Any]:
    """Read the breakout again and return it."""
    tour.breakout = tour.api.get(f"breakouts/{tour.breakout['id']}")
    return tour.breakout


def prepare(tour: Tour) -> None:
    with tour.screen.step("POST /api/v1/breakouts, then prepare") as step:
        tour.control.publish_delay(**PUBLISH)
        tour.breakout = tour.api.post("breakouts", {"channel": tour.channel["id"], "name": "Opening night"})
        path = f"breakouts/{tour.breakout['id']}"
        tour.api.post(f"{path}/prepare")

        def ready() -> bool:
            found = tour.api.get(f"{path}/readiness")
            open_checks = [check["name"] for check in found["checks"] if not check["ok"]]
            step.now("ready" if found["ready"] else f"waits for {', '.join(open_checks)}")
            return bool(found["ready"])

        tour.wait(step, ready, "the breakout is ready")
        step.result = "ready: the channel is free, the distribution attached, enabled and deployed"


def start(tour: Tour) -> None:
    with tour.screen.step("Start: 202 at once, no wait for a distribution") as step:
        tour.api.post(f"breakouts/{tour.breakout['id']}/start")

        def running() -> bool:
            breakout = refresh_breakout(tour)
            step.now(f"the breakout is {breakout['state']}")
            if breakout["state"] == "failed":
                raise TourFailed(f"The breakout failed: {breakout['error']}")
            return bool(breakout["state"] == "running")

        tour.wait(step, running, "the breakout is running")
        step.result = "running; the curtain is lowered, so there is no playback URL yet"


def watch(tour: Tour) -> None:
    with tour.screen.step(f"Raise the curtain, {VIEWERS} viewers watch") as step:
        raised = tour.api.post(f"breakouts/{tour.breakout['id']}/curtain", {"raised": True})
        url = raised["playback_url"]
        status, answer = tour.control.play(url)
        if status != 200:
            raise TourFailed(f"A player got {status} from {url}: {answer}")
        audience = tour.control.audience_join(url, viewers=VIEWERS, kbps=KBPS)
        until = time.monotonic() + WATCH_SECONDS
        tour.wait(step, lambda: time.monotonic() > until, "the viewers have watched the show")
        tour.control.audience_leave(audience)
        step.result = f"{url}: {delivered(tour):,} bytes delivered"


def stop(tour: Tour) -> None:
    with tour.screen.step("Stop") as step:
        tour.api.post(f"breakouts/{tour.breakout['id']}/stop")

        def completed() -> bool:
            step.now(f"the breakout is {refresh_breakout(tour)['state']}")
            return bool(tour.breakout["state"] == "completed")

        tour.wait(step, completed, "the breakout is completed")
        step.result = "completed; MediaLive is idle again and bills no more running time"


def provisional(tour: Tour) -> None:
    with tour.screen.step("CloudWatch publishes the bytes, late and in parts") as step:

        def has_bytes() -> bool:
            usage = refresh_breakout(tour)["usage"]
            step.now(f"usage is {usage['status']}: {usage['bytes_downloaded'] or 0:,} bytes")
            return bool(usage["bytes_downloaded"])

        tour.wait(step, has_bytes, "the first bytes are on the breakout")
        usage = tour.breakout["usage"]
        step.result = f"{usage['status']}: {usage['bytes_downloaded']:,} bytes so far"


def final(tour: Tour) -> None:
    """The channel and its distribution are deleted by now; the breakout and its bytes stay."""
    with tour.screen.step("The bytes become final (once the minute is over)") as step:

        def settled() -> bool:
            usage = refresh_breakout(tour)["usage"]
            step.now(f"usage is {usage['status']}: {usage['bytes_downloaded'] or 0:,} bytes")
            return bool(usage["status"] == "final")

        tour.wait(step, settled, "the usage is final", seconds=FINAL_SECONDS)
        step.result = f"final: {tour.breakout['usage']['bytes_downloaded']:,} bytes"


def delivered(tour: Tour) -> int:
    """The exact bytes that all distributions of the breakout delivered to viewers."""
    ids = tour.api.get(f"breakouts/{tour.breakout['id']}")["distributions"]
    return sum(int(tour.control.truth(id)["bytes"]) for id in ids)
