"""The verbs of statements. Each holds the ledger's lock, so that two workers issue one after the other."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from billing.ledger import ledger_lock
from billing.monthly_usage import month_bounds
from billing.statement_rows import Statement, StatementState
from billing.statements import guards
from billing.statements.canonical import document_sha256, stored_lines
from billing.statements.working_out import draft_differs, draft_work_out
from channels_app.models import Breakout
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import Invalid, NotPossible

REASON_LENGTH = 1000
CHANGED = "Figures have changed since it was worked out. Recompute it and look at it again."
PERIOD_PATTERN = r"2[01][0-9]{2}-(0[1-9]|1[0-2])"


class Incomplete(NotPossible):
    """It cannot be issued yet. `missing`: why, in sentences."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__("It cannot be issued yet: " + " ".join(missing), state=guards.DRAFT)
        self.missing = missing
        self.possible = ["recompute", "discard"]


@transaction.atomic
@audit.verb("billing.add_statement")
def statement_draft(period: str, customer: str = "", *, who: Actor) -> Statement:
    """A new draft of a month such as "2026-11", worked out. `customer` "": the house.

    Raises Forbidden, Invalid, and NotPossible while there is another draft of the same.
    """
    first_day = _checked(period, customer)
    ledger_lock()
    rows = Statement.objects.filter(period=first_day, customer=customer, state=StatementState.DRAFT)
    if (row := rows.first()) is not None:
        raise NotPossible(
            f"There is a draft of it already: {row.pk}. Recompute or discard that one.", state=guards.DRAFT
        )
    row = Statement(period=first_day, customer=customer, created_by=str(who)[:160])
    row.save(force_insert=True)
    return _work_out(row)


def _checked(period: str, customer: str) -> date:
    errors = {}
    if not re.fullmatch(PERIOD_PATTERN, period):
        errors["period"] = f"{period[:20]!r} is not a month. Write it like 2026-11."
    elif month_bounds(period)[0] > database_now():
        errors["period"] = "This month has not begun."
    if customer and customer != settings.UNATTRIBUTED_CUSTOMER and not _known(customer):
        errors["customer"] = f"No breakout has the customer {customer[:64]!r}."
    if errors:
        raise Invalid(errors)
    return month_bounds(period)[0].date()


def _known(customer: str) -> bool:
    return (
        Breakout.objects.filter(customer=customer).exists()
        or Statement.objects.filter(customer=customer).exists()
    )


@transaction.atomic
@audit.verb("billing.change_statement")
def statement_recompute(statement: Statement, *, who: Actor) -> Statement:
    """Work out a draft again. Raises Forbidden, NotPossible."""
    return _work_out(_locked(statement, "recompute"))


@transaction.atomic
@audit.verb("billing.delete_statement")
def statement_discard(statement: Statement, *, who: Actor) -> Statement:
    """Delete a draft. Raises Forbidden, NotPossible."""
    row = _locked(statement, "discard")
    Statement.objects.filter(pk=row.pk).delete()
    return row


@transaction.atomic
@audit.verb("billing.issue_statement")
def statement_issue(statement: Statement, *, who: Actor) -> Statement:
    """Give a complete draft its number and its hash: from now on it never changes. All or nothing.

    Raises Forbidden; Incomplete while anything that it covers is; NotPossible if its figures have changed.
    """
    row = _locked(statement, "issue")
    now = database_now()
    differs, missing = draft_differs(row, now)
    if missing:
        raise Incomplete(missing)
    if differs:
        raise NotPossible(CHANGED, state=row.state, possible=["recompute", "discard"])
    row.number = _next_number()
    row.state, row.issued_by = StatementState.ISSUED, str(who)[:160]
    row.issued_at = row.state_since = now.replace(microsecond=0)
    row.sha256 = document_sha256(row, stored_lines(row))
    row.missing = []
    row.save()
    return row


def _next_number() -> int:
    """The numbers have no gap: the lock is held until the statement is stored, or nothing of it is."""
    return int(Statement.objects.aggregate(last=Max("number"))["last"] or 0) + 1


@transaction.atomic
@audit.verb("billing.void_statement")
def statement_void(statement: Statement, reason: str, *, who: Actor) -> Statement:
    """Void an issued statement: it is kept, and what it stated goes into the next draft of its month.

    Raises Forbidden, Invalid, NotPossible.
    """
    row = _locked(statement, "void")
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise Invalid({"reason": f"Say why, in 1 to {REASON_LENGTH} characters."})
    now: datetime = database_now()
    row.state, row.state_since = StatementState.VOID, now
    row.void_reason, row.voided_at, row.voided_by = reason, now, str(who)[:160]
    row.save(update_fields=["state", "state_since", "void_reason", "voided_at", "voided_by"])
    return row


def _locked(statement: Statement, verb: str) -> Statement:
    """The row as it is now, and the ledger, locked until the transaction ends."""
    ledger_lock()
    row = Statement.objects.select_for_update().get(pk=statement.pk)
    audit.locked(row)
    guards.check(verb, row.state)
    return row


def _work_out(row: Statement) -> Statement:
    draft_work_out(row, database_now())
    row.save()
    return row
