"""The order of the tour: the whole life of a channel, a show on it, and what is left of both."""

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
