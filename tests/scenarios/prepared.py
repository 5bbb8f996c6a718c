"""Prepared worlds, stored once per process and restored for every test that begins with them.

The product's rows and the AWS account are stored. They are restored with all times moved forward, as if the
world had been prepared just now.
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
from tests.scenarios import database_clock
from tests.scenarios.world import WorldUnderTest, own_aws

APPS = ("billing", "channels_app", "distributions", "lifecycle", "quotas", "recordings")
Prepare = Callable[[WorldUnderTest], object]


@dataclass(frozen=True)
class Kept:
    """A stored world."""

    at: datetime
    account: Account
    rows: dict[type[Model], list[Model]]

    @classmethod
    def now(cls) -> Kept:
        handle = own_aws().handle
        account = handle.run(lambda: copy.deepcopy(handle.aws.account))
        models = [model for label in APPS for model in apps.get_app_config(label).get_models()]
        tables = {model: list(model._default_manager.all()) for model in models}
        return cls(timezone.now(), account, {model: rows for model, rows in tables.items() if rows})

    def put_back(self) -> None:
        """Restore the rows into empty tables, and replace the AWS account."""
        handle = own_aws().handle
        handle.reset()
        handle.run(lambda: setattr(handle.aws, "account", copy.deepcopy(self.account)))
        passed = timezone.now() - self.at
        with transaction.atomic():  # foreign keys are checked at its end
            for model, rows in self.rows.items():
                model._default_manager.bulk_create([_later(row, passed) for row in rows])
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), list(self.rows)):
                cursor.execute(statement)


def _later(row: Model, passed: timedelta) -> Model:
    """A copy of the row with all times moved forward."""
    moved = copy.copy(row)
    moved._state = copy.copy(row._state)
    for name, value in vars(row).items():
        if isinstance(value, datetime):
            setattr(moved, name, value + passed)
    return moved


_kept: dict[Prepare, Kept] = {}


def begin_with(world: WorldUnderTest, prepare: Prepare) -> None:
    """Bring the world to the state after `prepare(world)`. A new world is restored if it is stored.

    Not for worlds with viewers: their traffic is counted by minutes, which cannot be moved forward. While a
    test has set the database's clock, nothing is stored or restored: the rows are of another time.
    """
    if not world.is_new() or database_clock.is_set():
        prepare(world)
    elif prepare in _kept:
        _kept[prepare].put_back()
    else:
        prepare(world)
        _kept[prepare] = Kept.now()
