"""AWS's Data Exports in a bucket: new versions are imported, what is known or half there is not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing import tasks
from billing.bill_rows import BillVersion
from billing.bills import bucket, reading
from billing.bills.allocation import NotConserved
from billing.bills.bucket import data_files
from billing.jobs import FETCH_BILLS
from streamhub.clock import database_now
from streamhub.errors import Invalid
from streamhub.lifecycle.periodic import PeriodicJob
from tests.scenarios import sample_bill
from tests.scenarios.billed_month import MONTH
from tests.scenarios.sample_bill import SampleLine
from tests.scenarios.world import WorldUnderTest

BUCKET = "bills"
EXPORT = "exports/house"


class Exports:
    """What AWS puts into the bucket."""

    def __init__(self, world: WorldUnderTest, folder: Path) -> None:
        self._s3, self._folder = world.session.client("s3"), folder
        location = {"LocationConstraint": "eu-central-1"}
        self._s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)

    def deliver(self, lines: list[SampleLine], export: str = EXPORT, *, data: bool = True) -> None:
        """A version of September: its data, then its manifest."""
        file = sample_bill.write_parquet(sample_bill.cur(lines, MONTH), self._folder / "part.parquet")
        key = f"{export}/data/BILLING_PERIOD=2026-09/house-00001.snappy.parquet"
        if data:
            self._s3.put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())
        manifest = {"dataFiles": [f"s3://{BUCKET}/{key}"], "note": "x" * len(lines)}
        self._s3.put_object(
            Bucket=BUCKET,
            Key=f"{export}/metadata/BILLING_PERIOD=2026-09/house-Manifest.json",
            Body=json.dumps(manifest).encode(),
        )


@pytest.fixture
def exports(world: WorldUnderTest, settings: Any, tmp_path: Path) -> Exports:
    settings.BILL_BUCKET, settings.BILL_PREFIX = BUCKET, EXPORT
    return Exports(world, tmp_path)


def outcome() -> tuple[str, str]:
    tasks.fetch_bills()
    row = FETCH_BILLS.row()
    assert row is not None
    return row.outcome, row.error


def test_a_delivery_is_imported_once_and_the_next_one_replaces_it(
    exports: Exports, world: WorldUnderTest
) -> None:
    lines = sample_bill.of_the_house(MONTH)
    exports.deliver(lines[:5])
    assert "2026-09: 5 lines" in outcome()[0]
    world.control.clear_calls()
    assert outcome() == ("nothing new", "")
    assert world.control.counts()["calls"] == {"s3:ListObjectsV2": 1}
    exports.deliver(lines)
    assert "2026-09: 7 lines" in outcome()[0]
    assert BillVersion.objects.get(current=True).amount == sample_bill.total(lines)
    assert BillVersion.objects.count() == 2


def test_half_a_delivery_changes_nothing_and_says_so(exports: Exports) -> None:
    exports.deliver(sample_bill.of_the_house(MONTH), data=False)
    _said, error = outcome()
    assert "2026-09: " in error
    assert "What was there before is as it was" in error
    assert not BillVersion.objects.exists()


def test_two_exports_are_refused_by_name(exports: Exports, settings: Any) -> None:
    settings.BILL_PREFIX = "exports"
    for export in (EXPORT, "exports/other"):
        exports.deliver(sample_bill.of_the_house(MONTH), export)
    with pytest.raises(Invalid, match=r"exports/house, exports/other"):
        tasks.fetch_bills()


@pytest.mark.django_db
def test_without_a_bucket_only_the_last_months_are_allocated_anew(settings: Any, tmp_path: Path) -> None:
    assert outcome() == ("BILL_BUCKET is not set", "")
    rows = sample_bill.cur(sample_bill.of_the_house(MONTH), MONTH)
    call_command("import_bill", str(sample_bill.write_csv(rows, tmp_path / "bill.csv.gz")))
    ago = database_now() - timedelta(days=1)
    BillVersion.objects.update(allocated_at=ago, month=ago.date().replace(day=1))
    assert "allocated anew" in outcome()[0]
    assert BillVersion.objects.get().allocated_at > ago


def two_months_are_due(folder: Path) -> list[BillVersion]:
    """Versions of this month and the one before, which were allocated a day ago."""
    rows = sample_bill.cur(sample_bill.of_the_house(MONTH), MONTH)
    file = sample_bill.write_csv(rows, folder / "bill.csv.gz")
    ago, found = database_now() - timedelta(days=1), []
    for n in range(2):
        call_command("import_bill", str(file))
        row = BillVersion.objects.get(month=MONTH.date())
        row.month = (ago.replace(day=1) - timedelta(days=n)).date().replace(day=1)
        row.allocated_at = ago
        row.save()
        found.append(row)
    return found


@pytest.mark.django_db
def test_what_is_replaced_meanwhile_is_not_allocated(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, locked = two_months_are_due(tmp_path), []

    def replaced(_job: PeriodicJob) -> None:
        locked.append(connection.in_atomic_block)
        BillVersion.objects.filter(pk=rows[1].pk).update(current=False)

    monkeypatch.setattr(PeriodicJob, "lock", replaced)
    assert outcome()[0].count("allocated anew") == 1
    assert locked == [True, True]
    rows[1].refresh_from_db()
    assert rows[1].allocated_at is not None
    assert rows[1].allocated_at < database_now() - timedelta(hours=20)


@pytest.mark.django_db
@pytest.mark.parametrize("error", [NotConserved("1 was billed, 2 allocated"), OSError("disk full")], ids=str)
def test_a_month_that_fails_is_told_and_does_not_stop_the_others(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    rows = two_months_are_due(tmp_path)

    def fails(row: BillVersion) -> None:
        if row.pk == rows[0].pk:
            raise error

    monkeypatch.setattr(bucket, "bill_allocate", fails)
    said, wrong = outcome()
    assert f"{rows[1].month:%Y-%m}: allocated anew" in said
    assert wrong.startswith(f"{rows[0].month:%Y-%m}: {error}")


def test_a_bucket_that_cannot_be_listed_does_not_keep_from_allocating(
    exports: Exports, tmp_path: Path, world: WorldUnderTest
) -> None:
    two_months_are_due(tmp_path)
    world.control.fault("s3:ListObjectsV2", "access_denied", times=None)
    said, wrong = outcome()
    assert said.count("allocated anew") == 2
    assert "AccessDenied" in wrong


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("no JSON", "no list dataFiles"),
        ("{}", "no list dataFiles"),
        ('{"dataFiles": []}', "names no data file"),
        ('{"dataFiles": ["s3://elsewhere/a"]}', "another bucket, elsewhere"),
    ],
)
def test_a_wrong_manifest_is_refused_in_words(manifest: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        data_files(manifest, BUCKET)


def test_a_manifest_names_objects_by_url_or_key() -> None:
    named = '{"dataFiles": ["s3://bills/a/1", "a/2", {"key": "a/3"}]}'
    assert data_files(named, BUCKET) == ["a/1", "a/2", "a/3"]


def test_a_bill_for_which_there_is_no_room_is_said_and_read_by_the_next_run(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports.deliver(sample_bill.of_the_house(MONTH))
    with monkeypatch.context() as short:
        short.setattr(reading, "MEMORY", "1KiB")
        _said, error = outcome()
    assert "2026-09: " in error
    assert "could not be read: Out of Memory" in error
    assert not BillVersion.objects.exists()
    assert outcome()[1] == ""
    assert BillVersion.objects.count() == 1


@pytest.mark.django_db
def test_the_command_says_in_a_sentence_that_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = sample_bill.of_the_house(MONTH)
    file = sample_bill.write_parquet(sample_bill.cur(lines, MONTH), tmp_path / "part.parquet")
    monkeypatch.setattr(reading, "MEMORY", "1KiB")
    with pytest.raises(CommandError, match="could not be read: Out of Memory"):
        call_command("import_bill", str(file))
    assert not BillVersion.objects.exists()
