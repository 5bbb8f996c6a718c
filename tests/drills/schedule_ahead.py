"""The schedule says that its jobs last ran in the future, as after a restore or a corrected clock."""

from __future__ import annotations

from typing import Any

from tests.drills.clocks_support import CHANGED, now, readiness, shift, swept_since
from tests.scenarios.shifted import shifted

TITLE = "the schedule's last runs are an hour ahead, with beat away, running, and by bootstrap"
HOUR = 3600
BACK_SECONDS = 20.0
SILENT_SECONDS = 90.0
PLANTED = "UPDATE django_celery_beat_periodictask SET last_run_at = now() + interval '1 hour' RETURNING id"
AHEAD = "SELECT count(*) FROM django_celery_beat_periodictask WHERE last_run_at > now() + interval '1 minute'"


def drill(world: Any) -> None:
    """The fault is planted four times; the jobs must run again at once each time."""
    world.open()
    world.processes.kill("beat")
    world.rows(PLANTED)
    cause(world)
    recover(world, "beat starts", lambda: world.start("beat"))
    world.rows(PLANTED)
    recover(world, "beat runs and reads it", lambda: world.rows(CHANGED))
    world.check(world.rows(AHEAD)[0][0] == 0, "rows are still ahead after beat has corrected them")
    world.processes.kill("beat")
    world.rows(PLANTED)
    said = world.processes.run("bootstrap")
    world.check("in the future. Corrected." in said, f"bootstrap said: {said}")
    recover(world, "bootstrap corrected it, beat starts", lambda: world.start("beat"))
    recover(world, "beat's clock is an hour ahead", lambda: shift(world, "beat", HOUR))
    world.processes.stop("beat")  # so that it writes what it holds
    world.processes.prefix["beat"] = shifted(0)
    recover(world, "beat's clock is corrected", lambda: world.start("beat"))


def cause(world: Any) -> None:
    """Beat is silent, and the reason that is given names the schedule."""
    world.wait(lambda: bool(readiness(world).get("beat")), "beat is silent", SILENT_SECONDS)
    detail = readiness(world).get("beat", "")
    world.note("said of the silent beat", detail)
    world.check("in the future" in detail, f"/readyz says of beat: {detail}")


def recover(world: Any, what: str, do: Any) -> None:
    at = now(world)
    do()
    world.note(
        f"{what}: a sweep ended after",
        world.wait(lambda: swept_since(world, at) == 1, f"{what}: a sweep", BACK_SECONDS),
    )
    later = now(world)
    world.note(
        f"{what}: the next one after",
        world.wait(lambda: swept_since(world, later) == 1, f"{what}: another sweep", BACK_SECONDS),
    )
