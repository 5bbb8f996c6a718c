"""Worlds that take a while to prepare: done once a process, and put back for every test that begins there.

What is kept is all that a preparation leaves: the product's rows and AWS's account. It is put back with
its times moved on, as if it had been prepared just now.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from emulator.account import Account
from tests.scenarios.world import WorldUnderTest, own_aws

APPS = ("billing", "channels_app", "distributions", "lifecycle", "recordings")
Prepare = Callable[[WorldUnderTest], object]


@dataclass(frozen=True)
class Kept:
    """A world as it was at a moment."""

    at: datetime
    account: Account
    rows: dict[type[Model], list[Model]]

    @classmethod
    def now(cls) -> Kept:
        handle = own_aws().handle
        account = handle.run(lambda: copy.deepcopy(handle.aws.account))
        models = [model for label in APPS for model in apps.get_app_config(label).get_models()]
        rows = {model: list(model._default_manager.all()) for model in models}
        return cls(timezone.now(), account, {model: found for model, found in rows.items() if found})

    def put_back(self) -> None:
        """Into empty tables, and in place of whatever account there is."""
        handle = own_aws().handle
        handle.reset()
        handle.run(lambda: setattr(handle.aws, "account", copy.deepcopy(self.account)))
        passed = timezone.now() - self.at
        with transaction.atomic():  # which rows refer to which is checked at its end
            for model, rows in self.rows.items():
                model._default_manager.bulk_create([_later(row, passed) for row in rows])
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), list(self.rows)):
                cursor.execute(statement)


def _later(row: Model, passed: timedelta) -> Model:
    """The row with all its times so much later."""
    found = copy.copy(row)
    found._state = copy.copy(row._state)
    for name, value in vars(row).items():
        if isinstance(value, datetime):
            setattr(found, name, value + passed)
    return found


_kept: dict[Prepare, Kept] = {}


def begin_with(world: WorldUnderTest, prepare: Prepare) -> None:
    """The world becomes as `prepare(world)` leaves it; from what is kept if nothing happened in it before.

    Not for worlds with viewers: what they watched is counted by minutes, which cannot be moved on.
    """
    if not world.is_new():
        prepare(world)
    elif prepare in _kept:
        _kept[prepare].put_back()
    else:
        prepare(world)
        _kept[prepare] = Kept.now()
