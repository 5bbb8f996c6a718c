"""What drills measure: how soon everybody works again, what was answered, and that nothing is lost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from streamhub.lifecycle.heartbeat import EVERY_SECONDS
from tests.drills.traffic import Traffic
from tests.drills.world import World

BACK_SECONDS = 10.0
_SWEPT = "SELECT count(*) FROM lifecycle_job WHERE name = 'sweep' AND finished_at > %s"
_BEATEN = "SELECT count(*) FROM lifecycle_heartbeat WHERE name = 'beat' AND beat_at > %s"


@dataclass(frozen=True)
class Moment:
    """A moment of the database's clock."""

    at: datetime

    @classmethod
    def now(cls, world: World) -> Moment:
        return cls(world.rows("SELECT clock_timestamp()")[0][0])


def work_is_back(world: World, since: Moment, after: str) -> None:
    """Wait until beat has sent a job and a worker has done it. `after` says after what, for the report."""
    began = time.monotonic()
    for what, query, limit in (
        ("a worker's job was done", _SWEPT, BACK_SECONDS),
        # Beat writes its heartbeat at most so often, also when it was never away.
        ("beat's heartbeat came", _BEATEN, BACK_SECONDS + EVERY_SECONDS),
    ):
        world.wait(lambda query=query: bool(world.rows(query, since.at)[0][0]), what, 60)  # type: ignore[misc]
        seconds = time.monotonic() - began
        world.note(f"{what}, from when {after}", seconds)
        world.check(seconds <= limit, f"{what} only {seconds:.1f} s from when {after}")


def answers(world: World, traffic: Traffic) -> None:
    """Everybody was answered well, or with a 503 that says when to come again; and no process has ended."""
    unfair = dict(traffic.unfair())
    world.note("answers", traffic.counts())
    world.note("neither good nor a 503 with Retry-After", unfair or "none")
    world.note("slowest answer", traffic.slowest())
    world.note("processes that ended", ", ".join(world.ended()) or "none")
    world.check(not unfair, f"answers: {unfair}")
    world.check(not world.ended(), f"ended: {', '.join(world.ended())}")


def nothing_lost(world: World, traffic: Traffic, show: str) -> None:
    """Every accepted breakout is there, the show is still on air, and its stop is carried out."""
    stored = {str(id) for (id,) in world.rows("SELECT id FROM channels_app_breakout")}
    lost = sorted(set(traffic.created) - stored)
    world.note("breakouts accepted, lost", f"{len(traffic.created)}, {len(lost)}")
    world.check(not lost, f"lost breakouts: {lost}")
    if world.wrong:
        return  # the rest needs a product that works again
    api = world.api()
    world.check(api.get(f"breakouts/{show}")["state"] == "running", "the show is not on air any more")
    api.post(f"breakouts/{show}/stop")
    over = world.wait(lambda: api.get(f"breakouts/{show}")["state"] == "completed", "the show is over", 90)
    world.note("the show's stop took", over)
    illegal = world.control.calls(illegal=True)
    world.check(not illegal, f"illegal calls: {illegal}")
