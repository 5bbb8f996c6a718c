"""A file of AWS's bill that is uploaded: kept, imported by a job, and said what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing import tasks
from billing.bill_rows import BillUpload, BillUploadPart, BillVersion
from billing.bills import reading, uploads
from billing.bills.comparison import by_service
from billing.bills.reading import each_once, fingerprint
from streamhub.access.models import AuditEntry
from streamhub.lifecycle.models import Job
from tests.scenarios import sample_bill
from tests.scenarios.billed_month import MONTH
from tests.scenarios.sample_bill import SampleLine
from tests.scenarios.staff import As


class Killed(BaseException):
    """What a worker leaves when it dies."""


@pytest.fixture
def bill(tmp_path: Path, lines: list[SampleLine], monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """A bill as CSV with gzip, sent by way of the disk and kept in pieces that are smaller than it is."""
    monkeypatch.setattr(uploads, "MIB", 400)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100
    return sample_bill.write_csv(sample_bill.focus(lines, MONTH), tmp_path / "bill[1].csv.gz")


def send(client: Client, file: Path | bytes, name: str = "") -> Any:
    content = file if isinstance(file, bytes) else file.read_bytes()
    sent = SimpleUploadedFile(name or getattr(file, "name", "bill.csv"), content)
    return client.post(reverse("admin:aws_bill_import"), {"file": sent}, follow=True)


def test_an_uploaded_bill_is_imported_by_the_job_and_compared(bill: Path, as_role: As) -> None:
    engineer, url = as_role("engineer"), reverse("admin:aws_bill_import")
    page = send(engineer, bill).content.decode()
    assert "received. A job imports it now." in page
    assert "waits for the job" in page
    assert BillUploadPart.objects.count() > 2
    assert AuditEntry.objects.latest("pk").verb == "import_bill"
    tasks.import_bills()
    row, version = BillUpload.objects.get(), BillVersion.objects.get()
    assert (row.state, row.version, BillUploadPart.objects.count()) == ("imported", version, 0)
    assert version.fingerprint == fingerprint(each_once([bill]))
    assert (version.source, version.imported_by) == ("bill[1].csv.gz", "upload by staff:engineer")
    page = engineer.get(url).content.decode()
    billed = sum(found.billed for found in by_service(version))
    assert row.said in page
    assert f"{billed:,.2f} USD" in page
    assert " %" in page
    assert f"{reverse('admin:aws_bill')}?month=2026-09" in page
    assert url in engineer.get(reverse("admin:aws_bill")).content.decode()
    send(engineer, bill)
    tasks.import_bills()
    assert "is here already" in BillUpload.objects.latest("pk").said
    with CaptureQueriesContext(connection) as queries:
        assert engineer.get(url).content.decode().count(f"{billed:,.2f} USD") == 2
    assert sum("billing_billshare" in query["sql"] for query in queries) == 1
    assert BillVersion.objects.count() == 1


@pytest.mark.parametrize("fault", ["database", "disk", "DuckDB"])
def test_a_fault_that_may_pass_leaves_the_file_to_the_next_run(
    fault: str, bill: Path, as_role: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    engineer, url = as_role("engineer"), reverse("admin:aws_bill_import")
    send(engineer, bill)

    def fails(*_args: Any) -> None:
        if fault == "DuckDB":
            with reading._in_words("bill.csv"):
                raise duckdb.OutOfMemoryException("Out of Memory Error: it is full\nPossible solutions:")
        raise OperationalError("it is full") if fault == "database" else OSError("it is full")

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "_written", fails)
        tasks.import_bills()
    row = BillUpload.objects.get()
    assert (row.state, row.begun_at) == ("waiting", None)
    assert "it is full" in row.said
    assert "it is full" in Job.objects.get(name="import_bills").error
    assert row.said in engineer.get(url).content.decode()
    tasks.import_bills()
    assert BillUpload.objects.get().state == "imported"
    assert not Job.objects.get(name="import_bills").error


WRONG = {
    "columns.csv": (b"a,b\n1,2\n", "neither CUR 2.0 nor FOCUS"),
    "half.csv": (b"a,b\n1,2", "its last line has no end"),
    "half.parquet": (b"PAR1 half a file", "a Parquet file ends with PAR1"),
    "bill.pdf": (b"%PDF-1.7\n", "neither CUR 2.0 nor FOCUS"),
}


@pytest.mark.django_db
def test_wrong_files_are_refused_and_said(as_role: As) -> None:
    engineer = as_role("engineer")
    for name, (content, _said) in WRONG.items():
        send(engineer, content, name)
    tasks.import_bills()
    page = engineer.get(reverse("admin:aws_bill_import")).content.decode()
    for row, (name, (_content, said)) in zip(BillUpload.objects.order_by("pk"), WRONG.items(), strict=True):
        assert (row.state, row.version) == ("refused", None)
        assert name in row.said
        assert said in row.said
        assert said in page
    assert not BillUploadPart.objects.exists()


@pytest.mark.django_db
def test_what_is_empty_or_too_large_is_refused_at_once(as_role: As, monkeypatch: pytest.MonkeyPatch) -> None:
    engineer = as_role("engineer")
    assert "empty" in send(engineer, b"").content.decode()
    monkeypatch.setattr(uploads, "MIB", 1)
    answer = send(engineer, b"x" * 65)
    assert answer.status_code == 422
    assert "more than 64 MiB" in answer.content.decode()
    assert not BillUpload.objects.exists()
    assert as_role("viewer").get(reverse("admin:aws_bill_import")).status_code == 403
    assert send(as_role("operator"), b"a,b\n").status_code == 403


def test_a_worker_that_dies_loses_nothing_and_does_not_die_for_ever(
    bill: Path, as_role: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    engineer = as_role("engineer")
    send(engineer, bill)

    def dies(*_args: Any, **_kwargs: Any) -> None:
        raise Killed

    def run(times: int) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(uploads, "_finish", dies)
            for _ in range(times):
                with pytest.raises(Killed):
                    tasks.import_bills()
                Job.objects.update(leased_until=None)

    run(times=1)
    assert not BillVersion.objects.exists()
    tasks.import_bills()
    assert BillUpload.objects.get().state == "imported"
    send(engineer, bill)
    run(times=3)
    tasks.import_bills()
    row = BillUpload.objects.latest("pk")
    assert (row.state, row.attempts) == ("refused", 4)
    assert "3 attempts to import it was broken off" in row.said
