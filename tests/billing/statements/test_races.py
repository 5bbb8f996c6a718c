"""Two people and two workers at once, and a worker that dies half-way, on SQLite and PostgreSQL."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from billing.statement_rows import Statement, StatementLine
from billing.statements import issuing, services
from streamhub.errors import Gone
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import PERIOD, BilledMonth
from tests.scenarios.racing import at_once, refused

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMERS = ("acme", "globex", "initech", "hooli")


def test_numbers_have_no_gap_and_no_double_when_all_are_issued_at_once() -> None:
    BilledMonth(count=8, customers=CUSTOMERS)
    drafts = [services.statement_draft(PERIOD, customer, who=TESTER) for customer in CUSTOMERS]
    works = [partial(services.statement_issue, row, who=TESTER) for row in (*drafts, *drafts)]
    assert refused(at_once(*works)) == len(drafts)
    assert sorted(Statement.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_two_drafts_of_the_same_are_one() -> None:
    BilledMonth()
    draft = partial(services.statement_draft, PERIOD, "acme", who=TESTER)
    assert refused(at_once(draft, draft, draft)) == 2
    assert Statement.objects.count() == 1


def test_of_two_who_discard_a_draft_one_finds_nothing() -> None:
    BilledMonth()
    row = services.statement_draft(PERIOD, "acme", who=TESTER)
    discard = partial(services.statement_discard, row, who=TESTER)
    first, second = sorted(at_once(discard, discard), key=lambda end: isinstance(end, Gone))
    assert isinstance(first, Statement)
    assert isinstance(second, Gone)


class Killed(BaseException):
    """What a worker leaves when it dies."""


@pytest.mark.parametrize(
    ("module", "at"), [(services, "stored_lines"), (issuing, "closed_sha256"), (issuing, "_next_number")]
)
def test_a_worker_that_dies_while_it_issues_leaves_a_draft(module: Any, at: str, monkeypatch: Any) -> None:
    BilledMonth()
    row = services.statement_draft(PERIOD, "acme", who=TESTER)
    lines = list(StatementLine.objects.values())
    with monkeypatch.context() as patch:
        patch.setattr(module, at, _die)
        with pytest.raises(Killed):
            services.statement_issue(row, who=TESTER)
    row.refresh_from_db()
    assert (row.state, row.number, row.sha256) == ("draft", None, "")
    assert list(StatementLine.objects.values()) == lines
    assert services.statement_issue(row, who=TESTER).number == 1


def _die(*_args: Any) -> None:
    raise Killed
