"""Large statements are issued by a job: compared without the ledger's lock, and issued once or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from billing import tasks
from billing.statement_rows import Statement, StatementLine
from billing.statements import issuing, services, waiting
from billing.statements.canonical import document_sha256, stored_lines
from channels_app.models import Breakout
from streamhub.access.models import AuditEntry
from streamhub.access.services import token_issue
from streamhub.lifecycle.models import Job
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import PERIOD, BilledMonth

pytestmark = pytest.mark.django_db
NEXT = "2026-10"


class Killed(BaseException):
    """What a worker leaves when it dies."""


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few breakouts are a large month."""
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 5)
    monkeypatch.setattr("billing.statements.month.ROWS_AT_ONCE", 2)


def made(period: str = PERIOD, customer: str = "acme") -> Statement:
    row = services.statement_draft(period, customer, who=TESTER)
    tasks.make_drafts()
    return again(row)


def again(row: Statement) -> Statement:
    return Statement.objects.get(pk=row.pk)


def asked(row: Statement) -> Statement:
    row = services.statement_issue(row, who=TESTER)
    assert (row.state, row.number, row.making) == ("draft", None, "")
    assert row.issuing == "It is being issued: a job works its lines out once more and compares."
    assert row.lacks == [row.issuing]
    return row


def test_the_job_issues_what_was_asked_for() -> None:
    BilledMonth()
    row = asked(made())
    lines = list(StatementLine.objects.values())
    with pytest.raises(services.Incomplete) as refusal:
        services.statement_issue(row, who=TESTER)
    assert (refusal.value.missing, refusal.value.possible) == (row.lacks, ["discard"])
    tasks.make_drafts()
    row = again(row)
    assert (row.state, row.number, row.issuing, row.issue_for) == ("issued", 1, "", "")
    assert row.issued_by == str(TESTER)
    assert row.sha256 == document_sha256(row, stored_lines(row))
    assert list(StatementLine.objects.values()) == lines
    tasks.make_drafts()
    assert again(row).number == 1
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.outcome) == ("issue_statement", "done")
    assert str(TESTER) in entry.detail


def test_it_is_compared_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth()
    row = asked(made())
    order = []
    differs, lock, digest = issuing.draft_differs, issuing.ledger_lock, issuing.lines_digest

    def noted(name: str, work: Any) -> Any:
        return lambda *args: (order.append(name), work(*args))[1]

    monkeypatch.setattr(issuing, "draft_differs", noted("compared", differs))
    monkeypatch.setattr(issuing, "lines_digest", noted("hashed", digest))
    monkeypatch.setattr(issuing, "ledger_lock", noted("locked", lock))
    tasks.make_drafts()
    assert order == ["compared", "hashed", "locked"]
    assert again(row).number == 1


def test_what_changed_meanwhile_is_refused_and_said(superuser: Client) -> None:
    month = BilledMonth()
    row = asked(made())
    month.late(0, 1)
    tasks.make_drafts()
    row = again(row)
    assert (row.state, row.issuing, row.missing) == ("draft", "", [issuing.CHANGED])
    page = superuser.get(f"/admin/billing/statement/{row.pk}/change/").content.decode()
    assert "Figures have changed since it was worked out." in page
    assert AuditEntry.objects.latest("pk").outcome == "refused"
    services.statement_recompute(row, who=TESTER)
    tasks.make_drafts()
    asked(again(row))
    tasks.make_drafts()
    assert again(row).number == 1


def test_what_is_incomplete_is_refused_at_once_or_by_the_job() -> None:
    BilledMonth()
    row = made()
    rows = Breakout.objects.filter(name="talk 0")
    wanted = ["Breakouts whose days are still read again: 1 (talk 0)."]
    rows.update(usage_complete=False)
    with pytest.raises(services.Incomplete) as refusal:
        services.statement_issue(row, who=TESTER)
    assert refusal.value.missing == wanted
    rows.update(usage_complete=True)
    asked(row)
    rows.update(usage_complete=False)
    tasks.make_drafts()
    assert (again(row).state, again(row).missing) == ("draft", wanted)


@pytest.mark.parametrize("at", ["draft_differs", "lines_digest", "closed_sha256", "_given_back"])
def test_a_worker_that_dies_loses_nothing(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth()
    row = asked(made())

    def dies(*_args: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(issuing, at, dies)
        with pytest.raises(Killed):
            tasks.make_drafts()
    assert (again(row).state, again(row).number, again(row).issue_for) == ("draft", None, str(TESTER))
    Job.objects.filter(name="make_drafts").update(leased_until=None)
    tasks.make_drafts()
    assert again(row).number == 1


def test_a_run_that_was_superseded_issues_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that hung wakes up after another has taken over."""
    BilledMonth()
    row = asked(made())
    digest, issued = issuing.lines_digest, []

    def late(lines: Any) -> Any:
        monkeypatch.setattr(issuing, "lines_digest", digest)
        Job.objects.filter(name="make_drafts").update(leased_until=None, lease_token="other")
        tasks.make_drafts()
        issued.append(again(row).issued_at)
        return digest(lines)

    monkeypatch.setattr(issuing, "lines_digest", late)
    tasks.make_drafts()
    assert (again(row).number, [again(row).issued_at]) == (1, issued)
    assert AuditEntry.objects.filter(verb="issue_statement", outcome="done", actor_kind="system").count() == 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("verb", ["issue", "void"])
def test_no_line_is_stated_twice(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two drafts have the same correction; the second is issued while the first is being compared."""
    month = BilledMonth()
    first = asked(made())
    tasks.make_drafts()
    month.late(0, 7_000_000)
    other = made("2026-11") if verb == "issue" else again(first)
    row = asked(made(NEXT))
    differs = issuing.draft_differs

    def meanwhile(*args: Any) -> Any:
        found = differs(*args)
        monkeypatch.setattr(waiting, "MOST_AT_ONCE", 4000)
        if verb == "issue":
            Statement.objects.filter(pk=other.pk).update(missing=[])
            monkeypatch.setattr(services, "draft_differs", lambda *_args: (False, []))
            services.statement_issue(other, who=TESTER)
        else:
            services.statement_void(other, "wrong", who=TESTER)
        return found

    monkeypatch.setattr(issuing, "draft_differs", meanwhile)
    tasks.make_drafts()
    assert (again(row).state, again(row).missing) == ("draft", [issuing.CHANGED])


def test_one_that_is_discarded_meanwhile_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    BilledMonth()
    row = asked(made())
    digest = issuing.lines_digest

    def discarded(lines: Any) -> Any:
        services.statement_discard(row, who=TESTER)
        return digest(lines)

    monkeypatch.setattr(issuing, "lines_digest", discarded)
    tasks.make_drafts()
    assert not Statement.objects.exists()


def test_one_that_is_discarded_while_it_is_compared_keeps_the_job_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    BilledMonth()
    asked(made())
    differs, parts = issuing.draft_differs, [0]

    def compared(row: Statement, now: Any, done: Any) -> Any:
        def each(size: int) -> None:
            parts[0] += 1
            if parts[0] == 1:
                services.statement_discard(row, who=TESTER)
            done(size)

        return differs(row, now, each)

    monkeypatch.setattr(issuing, "draft_differs", compared)
    tasks.make_drafts()
    assert parts == [1]


def test_the_page_and_the_api_say_how_far_it_is(superuser: Client) -> None:
    BilledMonth()
    row = made()
    headers = {"Authorization": f"Bearer {token_issue('finance', ['usage:read', 'usage:write'])[1]}"}
    url = f"/api/v1/statements/{row.pk}"
    for _ in range(2):  # the intent stays though the answer is a refusal
        answer = superuser.post(f"{url}/issue", headers={**headers, "Idempotency-Key": "k"})
        assert answer.status_code == 409
        assert answer.json()["missing"] == again(row).lacks
        assert answer.json()["possible"] == ["discard"]
        assert again(row).issuing
    page = superuser.get(f"/admin/billing/statement/{row.pk}/change/").content.decode()
    assert "It is being issued" in page
    assert "being issued since" in page
    assert "talk 0" in page
    assert superuser.get(f"{url}/lines", headers=headers).status_code == 200
    tasks.make_drafts()
    assert superuser.get(url, headers=headers).json()["state"] == "issued"
    late = superuser.post(f"{url}/issue", headers={**headers, "Idempotency-Key": "k"})
    assert (late.status_code, late.json()["state"]) == (409, "issued")  # the key was free again


def test_the_button_does_not_say_that_it_is_done(superuser: Client) -> None:
    BilledMonth()
    row = made()
    page = f"/admin/billing/statement/{row.pk}"
    answer = superuser.post(f"{page}/do/issue/", follow=True).content.decode()
    assert "It is being issued" in answer
    assert "it is issued." not in answer
