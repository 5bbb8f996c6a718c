"""A month of AWS's bill is allocated to the last digit, replaced as a whole, and refused in words."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from billing.attribution import split
from billing.bill_rows import BillLine, BillShare, BillVersion, BreakoutBill, Unexplained, as_decimal
from billing.bills import allocation
from billing.bills.services import bill_import
from recordings.models import BucketListing, Recording
from streamhub.access.actors import SYSTEM
from streamhub.errors import Invalid
from tests.scenarios import sample_bill
from tests.scenarios.billed_month import MONTH, BilledMonth
from tests.scenarios.sample_bill import SampleLine

Import = Callable[..., Any]


def of(why: str) -> Decimal:
    return as_decimal(BillShare.objects.filter(why=why).aggregate(total=Sum("picos"))["total"] or 0)


@pytest.mark.parametrize("layout", ["cur", "focus"])
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_bill_is_allocated_to_the_last_digit(
    layout: str, form: str, imported: Import, lines: list[SampleLine], month: BilledMonth
) -> None:
    version = imported(layout=layout, form=form).version
    assert version.amount == sample_bill.total(lines)
    shares = BillShare.objects.filter(version=version)
    assert as_decimal(shares.aggregate(total=Sum("picos"))["total"]) == sample_bill.total(lines)
    assert of(Unexplained.TAX) == Decimal("1.234567")
    assert of(Unexplained.CREDIT) == Decimal("-2.5")
    assert of(Unexplained.REFUND) == Decimal("-0.3333333333")
    assert of(Unexplained.FEE) == Decimal("9.99")
    assert of(Unexplained.OTHERS) == Decimal("3.5108")
    assert of(Unexplained.NO_RESOURCE) == Decimal("0.0000020001")
    assert of(Unexplained.IDLE) == Decimal("0.04")
    # 500,000,000 bytes at midnight are in nobody's time: their two lines, and nothing else.
    outside = sample_bill.delivery("E00000", MONTH, 500_000_000, 10)
    assert of(Unexplained.UNATTRIBUTED) == sample_bill.total(outside)


def test_a_breakout_is_billed_what_its_bytes_and_minutes_are_of_the_hour(
    imported: Import, lines: list[SampleLine], month: BilledMonth
) -> None:
    imported()
    # Talks 0, 2 on E00000 at 02:00 and 02:30, talk 4 at 03:00: in its hour it is alone.
    talk = month.breakouts[4]
    mine = BillShare.objects.filter(breakout=talk)
    alone = [
        line
        for line in lines
        if line.start.hour == 3
        and line.resource.endswith(("E00000", ":7000", "/aaa0"))
        and line.operation != "INACTIVE_CHANNEL"
    ]
    assert as_decimal(mine.aggregate(total=Sum("picos"))["total"]) == sample_bill.total(alone)
    assert BreakoutBill.objects.get(breakout=talk).picos == mine.aggregate(total=Sum("picos"))["total"]
    # Two talks share the encoder's hour before: ten minutes each, the odd picodollar to the first.
    encoder = "EUC1-EML1-OUT-AVC-HD-L10-30-S"
    first, second = (
        BillShare.objects.get(breakout=month.breakouts[n], usage_type=encoder).picos for n in (0, 2)
    )
    assert (first, second) == (70_200_000_050, 70_200_000_050)
    # Bytes by bytes, and not by requests: 2,000,000,015 and 2,000,000,067.
    delivered = "EU-DataTransfer-Out-Bytes"
    bytes_of = [month.breakouts[n].usage_bytes_downloaded for n in (0, 2)]
    billed = [BillShare.objects.get(breakout=month.breakouts[n], usage_type=delivered).picos for n in (0, 2)]
    assert billed == split(sum(billed), bytes_of)


def test_a_resource_is_ours_when_its_channel_is_gone(imported: Import, month: BilledMonth) -> None:
    """BilledMonth has no Channel row at all, and its MediaLive lines are found."""
    imported()
    assert BillLine.objects.filter(ours="channel").exists()
    assert not BillShare.objects.filter(why=Unexplained.OTHERS, service="AWSElementalMediaLive").exists()


def test_a_bucket_is_ours_after_the_setting_names_another(
    imported: Import, lines: list[SampleLine], month: BilledMonth, settings: Any
) -> None:
    settings.RECORDING_BUCKET = "after"
    for row, bucket in zip(month.breakouts, ("before", "after", "before", ""), strict=False):
        file = {"size_bytes": 100, "modified_at": MONTH + timedelta(days=1)}
        Recording.objects.create(breakout=row, key=f"{row.pk}", **file)
        BucketListing.objects.create(breakout=row, bucket=bucket)
    stored = [
        SampleLine("AmazonS3", "EUC1-TimedStorage-ByteHrs", bucket, MONTH, Decimal(2))
        for bucket in ("before", "after")
    ]
    imported([*lines, *stored])
    shares = BillShare.objects.filter(service="AmazonS3").values_list("resource", "breakout", "picos")
    first, second, third, fourth, *_rest = month.breakouts
    whole = 10**12
    assert sorted(shares) == sorted(
        [
            ("after", second.pk, whole),
            ("after", fourth.pk, whole),
            ("before", first.pk, whole),
            ("before", third.pk, whole),
        ]
    )


def test_an_encoder_that_runs_without_a_breakout_is_rehearsal(
    imported: Import, lines: list[SampleLine], month: BilledMonth
) -> None:
    from billing.models import EncoderPhase

    phase = EncoderPhase.objects.get(transition=4)
    phase.started_at = phase.started_at.replace(minute=0)
    phase.ended_at = phase.started_at.replace(minute=40)
    phase.save()
    imported()
    share = BillShare.objects.get(why=Unexplained.REHEARSAL, usage_type="EUC1-EML1-OUT-AVC-HD-L10-30-S")
    assert share.amount == Decimal("0.105300000075")  # 30 of 40 minutes


def test_a_second_version_replaces_the_month_and_the_same_one_changes_nothing(
    imported: Import, lines: list[SampleLine], month: BilledMonth
) -> None:
    first = imported().version
    assert imported().new is False
    assert BillVersion.objects.count() == 1
    second = imported(sample_bill.changed(lines, 0, "5.25")).version
    first.refresh_from_db()
    assert (first.current, second.current) == (False, True)
    assert not BillLine.objects.filter(version=first).exists()
    assert not BillShare.objects.filter(version=first).exists()
    assert second.amount - first.amount == Decimal("5.25") - lines[0].cost


def test_a_file_that_is_given_twice_counts_once(
    lines: list[SampleLine], month: BilledMonth, tmp_path: Path
) -> None:
    rows = list(sample_bill.cur(lines, MONTH))
    parts = [
        sample_bill.write_parquet(some, tmp_path / name) for name, some in (("a", rows[:9]), ("b", rows[9:]))
    ]
    copy = tmp_path / "a (1)"
    copy.write_bytes(parts[0].read_bytes())
    version = bill_import([*parts, copy], source="", who=SYSTEM).version
    assert version.amount == sample_bill.total(lines)
    assert bill_import(parts[::-1], source="", who=SYSTEM).new is False


def test_what_fails_half_way_leaves_the_version_before(
    imported: Import, lines: list[SampleLine], month: BilledMonth, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = imported().version
    before = BillShare.objects.count()
    real = allocation.shared
    monkeypatch.setattr(allocation, "shared", lambda picos, *rest: real(picos, *rest)[:-1])
    with pytest.raises(allocation.NotConserved):
        imported(sample_bill.changed(lines, 0, "5.25"))
    assert BillVersion.objects.get(current=True) == first
    assert BillShare.objects.count() == before


COLUMNS = {
    "cur": "line_item_resource_id",
    "focus": "ChargePeriodStart",
}


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("layout", ["cur", "focus"])
def test_a_file_without_a_column_is_refused_with_its_name(layout: str, form: str, tmp_path: Path) -> None:
    lines = sample_bill.of_the_house(MONTH)
    column = COLUMNS[layout]
    rows = [
        {name: value for name, value in row.items() if name != column}
        for row in getattr(sample_bill, layout)(lines, MONTH)
    ]
    file = getattr(sample_bill, f"write_{form}")(rows, tmp_path / "bill")
    with pytest.raises(Invalid, match=f"bill .* lacks {column}"):
        bill_import([file], source="", who=SYSTEM)


def whole(tmp_path: Path, form: str) -> Path:
    rows = sample_bill.cur(sample_bill.of_the_house(MONTH), MONTH)
    return getattr(sample_bill, f"write_{form}")(rows, tmp_path / f"bill.{form}")


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("part", [0, 3, 200, -1], ids=["empty", "start", "half", "a byte less"])
def test_half_a_file_is_refused(form: str, part: int, tmp_path: Path) -> None:
    file = whole(tmp_path, form)
    file.write_bytes(file.read_bytes()[:part])
    with pytest.raises(CommandError, match="is not whole"):
        call_command("import_bill", str(file))
    assert not BillVersion.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("line_item_line_item_type", "lineItem/LineItemType", "lacks line_item_line_item_type"),
        (",0.0108\n", ",many\n", "cannot be read as a bill"),
        (",0.0108\n", ",\n", "1 of its 7 lines have no line_item_unblended_cost"),
        ("USD,3.5", "CNY,3.5", "line_item_currency_code is to be the same"),
        ("line1,2026-09", "line1,2026-08", r"several months \(2026-08, 2026-09\)"),
        (",3.5\n", ",9000001\n", "more than 9,000,000"),
        ("Tax,2026-09-01T00", "Tax,soon", "cannot be read as a bill"),
    ],
    ids=["old names", "no number", "no cost", "two currencies", "two months", "too much", "no time"],
)
def test_a_wrong_line_is_refused_in_words(old: str, new: str, says: str, tmp_path: Path) -> None:
    text = gzip.decompress(whole(tmp_path, "csv").read_bytes()).decode()
    assert old in text
    file = tmp_path / "bill.csv"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(CommandError, match=says):
        call_command("import_bill", str(file))
    assert not BillVersion.objects.exists()


@pytest.mark.django_db
def test_a_file_that_is_no_bill_or_of_another_month_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("name,age\nann,3\n")
    with pytest.raises(CommandError, match=r"neither CUR 2\.0 nor FOCUS"):
        call_command("import_bill", str(file))
    with pytest.raises(CommandError, match=r"about 2026-09, not about 2026-10"):
        call_command("import_bill", str(whole(tmp_path, "csv")), month="2026-10")
    with pytest.raises(CommandError, match=r"none\.csv cannot be read"):
        call_command("import_bill", str(tmp_path / "none.csv"))


@pytest.mark.django_db
def test_several_files_are_one_version(tmp_path: Path) -> None:
    lines = sample_bill.of_the_house(MONTH)
    files = [
        sample_bill.write_parquet(sample_bill.cur(some, MONTH), tmp_path / f"{n}.parquet")
        for n, some in enumerate((lines[:3], lines[3:]))
    ]
    version = bill_import(files, source="two", who=SYSTEM).version
    assert (version.lines_count, version.amount) == (7, sample_bill.total(lines))
    assert bill_import(files[::-1], source="two", who=SYSTEM).new is False
