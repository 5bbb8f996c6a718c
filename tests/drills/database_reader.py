"""The database becomes a reader during a show, and later a writer again."""

from __future__ import annotations

import time

from tests.drills.measures import BACK_SECONDS, Moment, answers, nothing_lost, work_is_back
from tests.drills.traffic import Traffic, at_work
from tests.drills.world import World

TITLE = "the database becomes a reader during a show, and is back"
READER_SECONDS = 25.0
AFTER_SECONDS = 20.0


def drill(world: World) -> None:
    world.open()
    show = world.show("stage")
    nothing_lost(world, play(world, show, READER_SECONDS, AFTER_SECONDS), show)


def play(world: World, show: str, reader_seconds: float, after_seconds: float) -> Traffic:
    """The address leads to a hot standby for a while; the sessions on it stay there when it is over."""
    with at_work(world, show) as traffic:
        time.sleep(2)
        world.database.to_reader()
        world.say("the database is a reader")
        time.sleep(reader_seconds)
        world.database.to_writer()
        writer_is_back(world, traffic, after_seconds)
    answers(world, traffic)
    return traffic


def writer_is_back(world: World, traffic: Traffic, after_seconds: float) -> None:
    """Measure how soon web, workers and beat are back, and go on for a while."""
    returned, moment = time.monotonic(), Moment.now(world)
    world.say("the writer is back")
    work_is_back(world, moment, "the writer was back")
    time.sleep(max(0.0, returned + after_seconds - time.monotonic()))
    web = traffic.back(returned)
    world.note("the last answer that was not good, after the writer was back", web)
    world.check(web <= BACK_SECONDS, f"web was back only {web:.1f} s after the writer")
