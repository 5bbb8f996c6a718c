"""The database becomes a reader during a show, and later a writer again."""

from __future__ import annotations

import time

from tests.drills.traffic import Traffic, at_work
from tests.drills.world import World

TITLE = "the database becomes a reader during a show, and is back"
READER_SECONDS = 25.0
BACK_SECONDS = 10.0
AFTER_SECONDS = 20.0


def drill(world: World) -> None:
    world.open()
    play(world, READER_SECONDS, AFTER_SECONDS)


def play(world: World, reader_seconds: float, after_seconds: float) -> None:
    """The address leads to a hot standby for a while; the sessions on it stay there when it is over."""
    show = world.show("stage of a reader")
    with at_work(world, show) as traffic:
        time.sleep(2)
        world.database.to_reader()
        world.say("the database is a reader")
        time.sleep(reader_seconds)
        world.database.to_writer()
        returned, at = time.monotonic(), world.rows("SELECT clock_timestamp()")[0][0]
        world.say("the writer is back")
        workers = time_until(
            world, "SELECT count(*) FROM lifecycle_job WHERE name = 'sweep' AND finished_at > %s", at
        )
        beat = time_until(
            world, "SELECT count(*) FROM lifecycle_heartbeat WHERE name = 'beat' AND beat_at > %s", at
        )
        time.sleep(max(0.0, returned + after_seconds - time.monotonic()))
    measure(world, traffic, returned, workers, beat, show)


def time_until(world: World, query: str, since: object) -> float:
    """Seconds until the query counts a row."""
    return world.wait(
        lambda: bool(world.rows(query, since)[0][0]), query.partition("WHERE ")[2], 2 * BACK_SECONDS
    )


def measure(world: World, traffic: Traffic, returned: float, workers: float, beat: float, show: str) -> None:
    """Note the figures, and check that nobody was told a lie and nothing was lost."""
    web = traffic.back(returned)
    unfair = traffic.unfair()
    world.note("answers", traffic.counts())
    world.note("neither good nor a 503 with Retry-After", dict(unfair) or "none")
    world.note("slowest answer", traffic.slowest())
    world.note("web back after", web)
    world.note("a worker's job finished after", workers)
    world.note("beat's heartbeat after", beat)
    world.note("processes that ended", ", ".join(world.ended()) or "none")
    world.check(not unfair, f"answers: {dict(unfair)}")
    world.check(web <= BACK_SECONDS, f"web was back only {web:.1f} s after the writer")
    world.check(workers <= BACK_SECONDS, f"workers were back only {workers:.1f} s after the writer")
    world.check(not world.ended(), f"ended: {', '.join(world.ended())}")
    nothing_lost(world, traffic, show)


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
    world.wait(lambda: api.get(f"breakouts/{show}")["state"] == "completed", "the show is over", 60)
    illegal = world.control.calls(illegal=True)
    world.check(not illegal, f"illegal calls: {illegal}")
