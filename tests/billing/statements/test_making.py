"""Large drafts: made by a job, shown as such until then, and never half."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.test import Client

from billing import tasks
from billing.pricing.catalogue import STORAGE
from billing.statement_rows import Statement, StatementLine
from billing.statements import making, services, waiting, working_out
from streamhub.access.services import token_issue
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Job
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import MONTH, PERIOD, BilledMonth, used

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """What a worker leaves when it dies."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few breakouts are a large month, whose lines are stored five at once."""
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 20)
    monkeypatch.setattr(working_out, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr("billing.statements.month.ROWS_AT_ONCE", 4)


def draft() -> Statement:
    return services.statement_draft(PERIOD, "acme", who=TESTER)


def lines() -> list[dict[str, Any]]:
    rows = StatementLine.objects.order_by("position")
    return list(rows.values("position", "subject", "kind", "nanos", "cents"))


def again(row: Statement) -> Statement:
    return Statement.objects.get(pk=row.pk)


def test_a_small_month_is_made_at_once() -> None:
    month = BilledMonth(count=10)  # ten attachments and ten stretches of encoders
    row = draft()
    assert (row.making, row.complete, row.lines_count) == ("", True, 20)
    services.statement_discard(row, who=TESTER)
    used(month.breakouts[1], STORAGE, 1, MONTH)  # another customer's
    assert not draft().making
    used(month.breakouts[0], STORAGE, 1, MONTH)
    used(month.breakouts[0], STORAGE, 1, MONTH + timedelta(days=1))
    assert services.statement_recompute(Statement.objects.get(), who=TESTER).making


def test_a_large_one_is_made_by_the_job_and_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth(count=22)
    row = draft()
    assert (row.complete, row.lines_count, row.total_cents) == (False, 0, 0)
    assert row.lacks == ["It is being made: its lines are worked out by a job."]
    with pytest.raises(services.Incomplete) as refusal:
        services.statement_issue(row, who=TESTER)
    assert refusal.value.missing == row.lacks
    with pytest.raises(NotPossible, match="being made"):
        services.statement_recompute(row, who=TESTER)
    tasks.make_drafts()
    row = again(row)
    by_job, total = lines(), row.total_cents
    assert (row.making, row.complete, row.lines_count) == ("", True, 44)
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 1000)
    row = services.statement_recompute(row, who=TESTER)
    assert (lines(), row.total_cents) == (by_job, total)
    assert services.statement_issue(row, who=TESTER).number == 1


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_worker_that_dies_leaves_nothing_half_and_the_next_run_starts_anew(
    after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    BilledMonth(count=22)
    row = draft()
    stored = StatementLine.objects.bulk_create
    calls = [0]

    def dies(batch: Any) -> Any:
        calls[0] += 1
        if calls[0] > after:
            raise Killed
        return stored(batch)

    with monkeypatch.context() as patch:
        patch.setattr(StatementLine.objects, "bulk_create", dies)
        with pytest.raises(Killed):
            tasks.make_drafts()
    row = again(row)
    assert (row.lines_count, row.total_cents, row.complete) == (0, 0, False)
    assert len(lines()) == after * 5
    with pytest.raises(services.Incomplete):
        services.statement_issue(row, who=TESTER)
    Job.objects.filter(name="make_drafts").update(leased_until=None)
    tasks.make_drafts()
    row = again(row)
    assert [line["position"] for line in lines()] == list(range(1, 45))
    assert (row.lines_count, row.total_cents) == (44, sum(line["cents"] for line in lines()))
    assert row.complete


def test_only_the_run_that_holds_the_draft_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that hung wakes up after another has taken over."""
    BilledMonth(count=22)
    row = draft()
    closing = making.draft_close

    def taken(*_args: Any) -> None:
        raise AssertionError("a run that was superseded closed the draft")

    def late(size: int) -> None:
        Job.objects.filter(name="make_drafts").update(leased_until=None, lease_token="other")
        monkeypatch.setattr(making, "lines_work_out", work)
        tasks.make_drafts()
        monkeypatch.setattr(making, "draft_close", taken)

    work = making.lines_work_out
    monkeypatch.setattr(
        making, "lines_work_out", lambda row, now, store, done: (late(0), work(row, now, store, done))[1]
    )
    tasks.make_drafts()
    monkeypatch.setattr(making, "draft_close", closing)
    assert (again(row).lines_count, len(lines())) == (44, 44)


def test_a_draft_that_cannot_be_made_says_so_and_does_not_block_the_next(
    monkeypatch: pytest.MonkeyPatch, superuser: Client
) -> None:
    BilledMonth(count=22)
    first, second = draft(), services.statement_draft(PERIOD, who=TESTER)
    work = making.lines_work_out

    def fails(row: Statement, *args: Any) -> Any:
        if row.pk == first.pk:
            raise ValueError("no such rate")
        return work(row, *args)

    with monkeypatch.context() as patch:
        patch.setattr(making, "lines_work_out", fails)
        tasks.make_drafts()
    job = Job.objects.get(name="make_drafts")
    assert (job.outcome, job.error) == ("drafts: 1", f"draft {first.pk}: ValueError: no such rate")
    assert (again(first).making != "", again(second).making) == (True, "")
    assert "could not be made" in again(first).lacks[1]
    page = superuser.get(f"/admin/billing/statement/{first.pk}/change/").content.decode()
    assert "tried again every minute: ValueError: no such rate" in page
    tasks.make_drafts()
    assert again(first).complete
    assert not Job.objects.get(name="make_drafts").error


def test_the_time_limit_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth(count=22)
    draft()

    def stopped(*_args: Any) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(making, "lines_work_out", stopped)
    with pytest.raises(SoftTimeLimitExceeded):
        tasks.make_drafts()


def test_a_run_that_lost_its_lease_begins_no_other_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth(count=22)
    draft()
    second = services.statement_draft(PERIOD, who=TESTER)
    work, begun = making.lines_work_out, []

    def loses(row: Statement, *args: Any) -> Any:
        begun.append(row.pk)
        Job.objects.filter(name="make_drafts").update(lease_token="other")
        return work(row, *args)

    monkeypatch.setattr(making, "lines_work_out", loses)
    tasks.make_drafts()
    assert len(begun) == 1
    assert again(second).making_run == ""


def test_a_draft_that_is_discarded_meanwhile_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth(count=22)
    draft()
    work = making.lines_work_out

    parts = []

    def discarded(row: Statement, now: Any, store: Any, done: Any) -> Any:
        def each(size: int) -> None:
            parts.append(size)
            done(size)

        services.statement_discard(row, who=TESTER)
        return work(row, now, store, each)

    monkeypatch.setattr(working_out, "ROWS_AT_ONCE", 1000)  # no line is stored before the end
    monkeypatch.setattr(making, "lines_work_out", discarded)
    tasks.make_drafts()
    assert len(parts) == 1
    assert not Statement.objects.exists()
    assert not StatementLine.objects.exists()


def test_how_far_it_is_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth(count=22)
    row = draft()
    told = []
    work = making.lines_work_out

    def told_at_each(row: Statement, now: Any, store: Any, done: Any) -> Any:
        def each(size: int) -> None:
            done(size)
            told.append(again(row).making)

        return work(row, now, store, each)

    monkeypatch.setattr(making, "lines_work_out", told_at_each)
    tasks.make_drafts()
    # One distribution, and eleven breakouts, four at once.
    assert told == [f"It is being made: {100 * done // 12} % is worked out." for done in (1, 5, 9, 12)]
    assert again(row).complete


def test_pages_and_the_api_show_no_line_of_it_before(superuser: Client) -> None:
    BilledMonth(count=22)
    headers = {"Authorization": f"Bearer {token_issue('finance', ['usage:read', 'usage:write'])[1]}"}
    made = superuser.post(
        "/api/v1/statements",
        {"period": PERIOD, "customer": "acme"},
        content_type="application/json",
        headers=headers,
    )
    row = Statement.objects.get()
    assert (made.status_code, made.json()["complete"]) == (201, False)
    assert made.json()["missing"] == row.lacks
    for accept in ("application/json", "text/csv"):
        answer = superuser.get(f"/api/v1/statements/{row.pk}/lines", headers={**headers, "Accept": accept})
        assert answer.status_code == 409
    page = f"/admin/billing/statement/{row.pk}/"
    assert b"It is being made" in superuser.get(f"{page}change/").content
    posts = [superuser.post(f"{page}{kind}/") for kind in ("csv", "xlsx")]
    for answer in (*posts, superuser.get(f"{page}print/")):
        assert (answer.status_code, answer["Location"]) == (302, f"{page}change/")
