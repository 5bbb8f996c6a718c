"""The database's writer dies during a show and its standby is promoted."""

from __future__ import annotations

import time

from tests.drills.database_reader import AFTER_SECONDS, READER_SECONDS, writer_is_back
from tests.drills.measures import answers, nothing_lost
from tests.drills.traffic import at_work
from tests.drills.world import World

TITLE = "the database's writer dies, its standby is read and then promoted"


def drill(world: World) -> None:
    """Sessions opened on the standby become sessions of the writer when it is promoted."""
    world.open()
    show = world.show("stage")
    with at_work(world, show) as traffic:
        time.sleep(2)
        world.database.writer.kill()
        world.database.to_reader()
        world.say("the writer is dead, the address leads to the standby")
        time.sleep(READER_SECONDS)
        world.database.promote()
        writer_is_back(world, traffic, AFTER_SECONDS)
    answers(world, traffic)
    nothing_lost(world, traffic, show)
