"""The verbs of statements. Each holds the ledger's lock, so that two workers issue one after the other.

What would take long under that lock is left to a job.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from billing.ledger import ledger_lock
from billing.monthly_usage import month_bounds
from billing.statement_rows import Statement, StatementState
from billing.statements import guards
from billing.statements.canonical import lines_digest, stored_lines
from billing.statements.customers import customer_known
from billing.statements.differences import month_of
from billing.statements.issuing import CHANGED, issue_later, number_and_hash
from billing.statements.making import make_later
from billing.statements.missing import statement_missing
from billing.statements.waiting import too_large
from billing.statements.working_out import draft_differs, draft_work_out
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import Invalid, NotPossible

REASON_LENGTH = 1000
PERIOD_PATTERN = r"2[01][0-9]{2}-(0[1-9]|1[0-2])"


class Incomplete(NotPossible):
    """It cannot be issued yet. `missing`: why, in sentences."""

    def __init__(self, missing: list[str], possible: Sequence[str] = ("recompute", "discard")) -> None:
        super().__init__("It cannot be issued yet: " + " ".join(missing), state=guards.DRAFT)
        self.missing = missing
        self.possible = list(possible)


@transaction.atomic
@audit.verb("billing.add_statement")
def statement_draft(period: str, customer: str = "", *, who: Actor) -> Statement:
    """A new draft of a month such as "2026-11", worked out at once or, if it is large, by a job.

    `customer` "": the house.

    Raises Forbidden, Invalid, and NotPossible while there is another draft of the same.
    """
    first_day = _checked(period, customer)
    ledger_lock()
    rows = Statement.objects.filter(period=first_day, customer=customer, state=StatementState.DRAFT)
    if (row := rows.first()) is not None:
        raise NotPossible(
            _("There is a draft of it already: %(row)s. Recompute or discard that one.") % {"row": row.pk},
            state=guards.DRAFT,
            possible=["recompute", "discard"],
        )
    row = Statement(period=first_day, customer=customer, created_by=str(who)[:160])
    row.save(force_insert=True)
    return _work_out(row)


def _checked(period: str, customer: str) -> date:
    if errors := draft_errors(period, customer):
        raise Invalid(errors)
    return month_bounds(period)[0].date()


def draft_errors(period: str | None, customer: str) -> dict[str, str]:
    """What is wrong with a month and a customer, by field. `period` None: it is not judged."""
    errors = {}
    if period is not None and not re.fullmatch(PERIOD_PATTERN, period):
        errors["period"] = _("%(period)s is not a month. Write it like 2026-11.") % {
            "period": repr(period[:20])
        }
    elif period is not None and month_bounds(period)[0] > database_now():
        errors["period"] = _("This month has not begun.")
    if customer and not customer_known(customer):
        errors["customer"] = _("No breakout has the customer %(customer)s.") % {
            "customer": repr(customer[:64])
        }
    return errors


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

    A large one is returned as a draft that is `issuing`: a job issues it, or says in `missing` why not.

    Raises Forbidden; Incomplete while anything that it covers is; NotPossible if its figures have changed.
    """
    row = _locked(statement, "issue")
    now = database_now()
    if too_large(row, now):
        if missing := statement_missing(row, month_of(row.period, row.customer, now), ()):
            raise Incomplete(missing)
        issue_later(row, str(who)[:160], now)
        return row
    differs, missing = draft_differs(row, now)
    if missing:
        raise Incomplete(missing)
    if differs:
        raise NotPossible(CHANGED, state=row.state, possible=["recompute", "discard"])
    number_and_hash(row, lines_digest(stored_lines(row)), str(who)[:160])
    return row


@transaction.atomic
@audit.verb("billing.void_statement")
def statement_void(statement: Statement, reason: str, *, who: Actor) -> Statement:
    """Void an issued statement: it is kept, and what it stated goes into the next draft of its month.

    Raises Forbidden, Invalid, NotPossible.
    """
    row = _locked(statement, "void")
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise Invalid(
            {"reason": _("Say why, in 1 to %(reason_length)s characters.") % {"reason_length": REASON_LENGTH}}
        )
    now: datetime = database_now()
    row.state, row.state_since = StatementState.VOID, now
    row.void_reason, row.voided_at, row.voided_by = reason, now, str(who)[:160]
    row.save(update_fields=["state", "state_since", "void_reason", "voided_at", "voided_by"])
    return row


def _locked(statement: Statement, verb: str) -> Statement:
    """The row as it is now, and the ledger, locked until the transaction ends. Raises Gone."""
    ledger_lock()
    row = audit.lock(Statement.objects.all(), statement)
    if row.at_work and verb == "issue":
        raise Incomplete(row.lacks, possible=["discard"])
    guards.check(verb, row.state, row.at_work)
    return row


def _work_out(row: Statement) -> Statement:
    now = database_now()
    if too_large(row, now):
        make_later(row, now)
    else:
        draft_work_out(row, now)
        row.save()
    return row
