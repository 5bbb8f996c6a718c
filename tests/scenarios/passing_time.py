"""Time that passes in steps: every stored time moves into the past, and the embedded AWS skips as much.

Meanwhile the sweep and the observation run at their periods, as beat makes them run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, F
from django.db.models.functions import Now

from streamhub.errors import AwsError
from streamhub.lifecycle import driver, observe
from streamhub.lifecycle.models import Listing
from streamhub.lifecycle.polled_lists import polled_lists
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios.world import WorldUnderTest

STEP = 5
SAME_TIME = 20


def begin(world: WorldUnderTest, django_settings: Any) -> None:
    """From now on periods and AWS's durations are those of production."""
    django_settings.SWEEP_SECONDS = STEP
    django_settings.OBSERVE_SECONDS = 15
    django_settings.FULL_OBSERVE_SECONDS = 300
    django_settings.MISSING_MIN_AGE_SECONDS = 60
    world.control.scale(1.0)
    pass_time(world, 3600)  # everything is older than a minute
    look(world)
    step_due()


def pass_time(world: WorldUnderTest, seconds: float) -> None:
    """Let time pass while nothing runs."""
    span = timedelta(seconds=seconds)
    for model in (*(managed.model for managed in driver.all_drivers()), Listing):
        columns = [field.attname for field in model._meta.concrete_fields if isinstance(field, DateTimeField)]
        model._default_manager.update(**{column: F(column) - span for column in columns})
    world.control.advance(seconds)


def step_due() -> None:
    """Let every row take the steps that are due now."""
    for _ in range(SAME_TIME):
        due = [
            (managed.model._meta.label_lower, pk)
            for managed in driver.all_drivers()
            for pk in managed.model._default_manager.filter(not_before__lte=Now()).values_list(
                "pk", flat=True
            )
        ]
        if not sum(reconcile(label, pk) for label, pk in due):
            return


def look(world: WorldUnderTest) -> None:
    """One run of the observation."""
    for polled_list in polled_lists():
        with suppress(AwsError):
            observe.observe(polled_list)


def look_whole(world: WorldUnderTest) -> None:
    """One run of the observation that reads every list."""
    Listing.objects.update(listed_at=None)
    look(world)


def seconds_until(
    world: WorldUnderTest, done: Callable[[], bool], *, most: float = 600, already: float = 0
) -> float:
    """Let the product work until `done`; returns the seconds that passed, in steps of `STEP`.

    `already`: the seconds since the last observation. Raises `AssertionError` after `most` seconds.
    """
    passed = 0.0
    while not done():
        if passed >= most:
            raise AssertionError(f"not after {most} seconds")
        pass_time(world, STEP)
        passed += STEP
        if (passed + already) % settings.OBSERVE_SECONDS == 0:
            look(world)
        step_due()
    return passed
