"""The steps of the tour in order: the life of a channel, with a show on it."""

from __future__ import annotations

from collections.abc import Callable

from devstack.demo import show, tour
from devstack.demo.tour import Tour

STEPS: tuple[Callable[[Tour], None], ...] = (
    tour.create,
    tour.build,
    tour.deploy,
    show.prepare,
    show.start,
    show.watch,
    show.stop,
    show.provisional,
    tour.delete,
    tour.disable,
    tour.reap,
    tour.clean,
    show.final,
)
