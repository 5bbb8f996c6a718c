"""A channel's parts and the columns that hold them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from channels_app.driver.parts import PART_DRIVERS
from channels_app.models import Channel
from channels_app.models.part import PartColumns, StoredPart
from drift.aws_lists import ResourceKind

COLUMNS = ("aws_id", "sent_at", "deleted_at", "gone", "state", "serial", "mark", "arn")
NOW = timezone.now()

parts = pytest.mark.parametrize("part", Channel.PARTS, ids=lambda part: part.key)


def columns_of(part: PartColumns) -> dict[str, models.Field[Any, Any]]:
    columns = {name: getattr(part, name) for name in COLUMNS}
    return {name: column for name, column in columns.items() if column is not None}


@parts
def test_each_column_is_a_field_of_the_channel_named_after_its_part(part: PartColumns) -> None:
    for name, column in columns_of(part).items():
        assert Channel._meta.get_field(column.attname) is column
        assert column.attname == f"{part.key}_{name.removeprefix('aws_')}"


def test_every_column_of_an_aws_resource_belongs_to_exactly_one_part() -> None:
    declared = [column.attname for part in Channel.PARTS for column in columns_of(part).values()]
    actual = [field.attname for field in Channel._meta.concrete_fields if field.attname[:3] in ("mp_", "ml_")]
    assert sorted(declared) == sorted(actual)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_the_same_type_in_every_part(name: str) -> None:
    types = {type(columns_of(part)[name]) for part in Channel.PARTS if name in columns_of(part)}
    assert len(types) == 1


@parts
def test_a_part_is_read_from_its_own_columns(part: PartColumns) -> None:
    row = Channel()
    values = {"aws_id": "7", "sent_at": NOW, "deleted_at": NOW, "gone": True, "state": "IDLE", "serial": 1}
    values |= {"mark": "local|channel|7", "arn": "arn:7"}
    for name, column in columns_of(part).items():
        setattr(row, column.attname, values[name])
    state = "IDLE" if part.state else ""
    assert part.of(row) == StoredPart(
        "7", NOW, NOW, gone=True, state=state, mark="local|channel|7", arn="arn:7"
    )
    others = [other for other in Channel.PARTS if other is not part]
    assert [other.of(row) for other in others] == [
        StoredPart("", None, None, gone=False, state="", mark="", arn="")
    ] * (len(Channel.PARTS) - 1)


@parts
def test_a_lost_part_is_reset_and_gets_a_new_token(part: PartColumns) -> None:
    written = {
        **part.create_sent(),
        **part.known_as("7"),
        **part.delete_accepted(),
        **part.proven_gone(),
        part.mark.attname: "local|channel|7",
        part.arn.attname: "arn:7",
    }
    row = Channel(**dict.fromkeys(written, NOW))
    renewed = part.renewed(row)
    assert written.keys() <= renewed.keys()
    for name, value in renewed.items():
        setattr(row, name, value)
    assert part.of(row) == StoredPart("", None, None, gone=False, state="", mark="", arn="")
    assert [name for name, value in renewed.items() if value == 1] == (
        [part.serial.attname] if part.serial else []
    )


def test_the_driver_and_drift_have_the_same_parts() -> None:
    """To drift the second input is an input like the first."""
    assert [driver.columns for driver in PART_DRIVERS] == list(Channel.PARTS)
    assert {driver.key for driver in PART_DRIVERS} - {"ml_second"} == set(ResourceKind) - {
        ResourceKind.DISTRIBUTION,
        ResourceKind.GROUP,
    }
