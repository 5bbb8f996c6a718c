"""The measures: planted defects are counted, and a correct world has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from channels_app.driver import parts
from channels_app.models import Breakout, Channel
from channels_app.services.usage import Usage
from distributions.driver import cloudfront
from distributions.driver.marks import spec_of
from distributions.models import Distribution
from tests.matrix import flows
from tests.matrix.points import Point, judge
from tests.scenarios import stage
from tests.scenarios.measures import lost_bytes, not_final, surplus
from tests.scenarios.world import WorldUnderTest


def plant_group(world: WorldUnderTest) -> None:
    parts.live().create_security_group(["198.51.100.1/32"], parts.tags_of(Channel(uid="0" * 32)))


def plant_distribution(world: WorldUnderTest) -> None:
    """Create a second distribution with the mark of a row that has one."""
    row = Distribution.objects.get()
    row.reference_serial += 1
    cloudfront().create(spec_of(row))


def test_a_correct_world_has_neither_orphans_nor_duplicates(world: WorldUnderTest) -> None:
    stage.with_channel(world)
    assert surplus(world) == (0, 0)


def test_an_orphan_is_counted_with_and_without_rows(world: WorldUnderTest) -> None:
    plant_group(world)
    assert surplus(world) == (1, 0)
    stage.with_channel(world)
    assert surplus(world) == (1, 0)


def test_a_second_resource_of_a_row_is_a_duplicate_and_an_orphan(world: WorldUnderTest) -> None:
    stage.with_channel(world)
    plant_distribution(world)
    assert surplus(world) == (1, 1)


def test_every_resource_of_a_row_deleted_by_hand_is_an_orphan(world: WorldUnderTest) -> None:
    stage.with_channel(world)
    Channel.objects.all().delete()
    assert surplus(world) == (4, 0)


@pytest.mark.parametrize("tags", [{}, {"streamhub:environment": "elsewhere", "streamhub:owner": "0" * 32}])
def test_a_foreign_resource_is_no_orphan(world: WorldUnderTest, tags: dict[str, str]) -> None:
    world.control.console("medialive", "create_foreign_channel", tags=tags)
    world.control.console("cloudfront", "create_foreign", count=1)
    assert surplus(world) == (0, 0)


@pytest.mark.parametrize("name", ["on air", "completed"])
def test_no_byte_is_lost_during_and_after_a_breakout(world: WorldUnderTest, name: str) -> None:
    stage.with_show(world)
    if name == "completed":
        stage.stop(world)
        world.settle()
    assert (lost_bytes(world), not_final()) == (0, [])


def test_bytes_of_a_distribution_that_no_row_knows_are_lost(world: WorldUnderTest) -> None:
    stage.with_show(world)
    world.control.console("cloudfront", "create_foreign", count=1)
    known = Distribution.objects.get().aws_distribution_id
    inventory = world.control.inventory()["cloudfront"]["distributions"]
    (other,) = [item["Id"] for item in inventory if item["Id"] != known]
    world.control.deliver(other, 41)
    assert lost_bytes(world) == 41


def test_surplus_bytes_on_a_breakout_are_counted(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.with_show(world)
    from billing import collection

    record = collection.breakout_usages_record

    def record_too_much(usages: Mapping[int, Usage]) -> set[int]:
        return record(
            {
                pk: replace(usage, bytes_downloaded=usage.bytes_downloaded and usage.bytes_downloaded + 5)
                for pk, usage in usages.items()
            }
        )

    monkeypatch.setattr(collection, "breakout_usages_record", record_too_much)
    assert lost_bytes(world) > 0


def test_usage_that_is_not_final_is_reported(world: WorldUnderTest) -> None:
    Breakout.objects.create(name="keynote", channel_uid="0" * 32, channel_name="stage", state="completed")
    assert not_final() == ["keynote is completed and its usage pending"]


def test_a_verdict_contains_every_failure(mortal: WorldUnderTest) -> None:
    stage.with_channel(mortal)
    plant_group(mortal)
    plant_distribution(mortal)
    result = judge(mortal, Point("channel_create", 0, "none"), flows.FLOWS["channel_create"])
    assert (result.converged, result.orphans, result.duplicates) == (False, 2, 1)
    assert "orphans: 2" in result.failure
    assert "duplicates: 1" in result.failure
    assert "wrong at the end" in result.failure


def test_a_fault_that_met_no_call_is_reported(mortal: WorldUnderTest) -> None:
    mortal.control.fault("*", "throttle", skip=10_000)
    result = judge(mortal, Point("channel_create", 9999, "throttle"), flows.FLOWS["channel_create"])
    assert not result.struck
