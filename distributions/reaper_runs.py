"""The reaper's runs: one is under way at a time."""

from __future__ import annotations

from datetime import timedelta

from distributions.models import ReaperRun
from streamhub.access.actors import Actor
from streamhub.clock import from_now

KEPT = timedelta(days=90)


def run_under_way() -> ReaperRun | None:
    """The run that is under way, if there is one."""
    return ReaperRun.objects.filter(under_way=True).first()


def run_open(who: Actor) -> ReaperRun:
    """Begin a run, or return the one under way. Forgets those that ended long ago."""
    run, made = ReaperRun.objects.get_or_create(under_way=True, defaults={"who": str(who)})
    if made:
        ReaperRun.objects.filter(ended_at__lt=from_now(-KEPT)).delete()
    return run
