"""The HTTP API of statements (docs/api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Field, Query, Router, Status

from billing.statement_rows import Statement, StatementLine, StatementState
from billing.statements import services
from billing.statements.documents import csv_lines
from streamhub.access.http import (
    In,
    Out,
    Page,
    Paging,
    actor_of,
    choices,
    effect_stays,
    one,
    page,
    problem,
    scope,
)
from streamhub.errors import NotPossible

router = Router(tags=["statements"])
READ, WRITE = scope("usage:read"), scope("usage:write")
CSV = "text/csv"


class StatementIn(In):
    period: str = Field(
        description="a month, UTC", examples=["2026-11"], pattern=f"^{services.PERIOD_PATTERN}$"
    )
    customer: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        None, description="null: what is no customer's"
    )

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        return services.draft_errors(given.get("period"), given.get("customer") or "")


class VoidIn(In):
    reason: str = Field(min_length=1, max_length=services.REASON_LENGTH)


class StatementOut(Out):
    id: str
    number: int | None = Field(description="from 1 on without a gap; null: it is a draft")
    period: str
    customer: str | None
    state: Annotated[StatementState, choices(StatementState)]
    complete: bool = Field(description="whether nothing was missing when it was worked out")
    missing: list[str] = Field(description="why it cannot be issued yet, in sentences")
    currency: str
    total: Decimal = Field(description='a decimal number as text, such as "11.25"')
    estimate: bool = Field(description="always true: list prices times usage, not AWS's bill")
    bytes_downloaded: int
    lines: int
    worked_out_at: datetime | None
    issued_at: datetime | None
    voided_at: datetime | None
    void_reason: str | None
    sha256: str | None = Field(description="over its canonical form, see docs/billing.md")

    @staticmethod
    def resolve_period(row: Statement) -> str:
        return f"{row.period:%Y-%m}"

    @staticmethod
    def resolve_customer(row: Statement) -> str | None:
        return row.customer or None

    @staticmethod
    def resolve_missing(row: Statement) -> list[str]:
        return row.lacks

    @staticmethod
    def resolve_estimate(row: Statement) -> bool:
        return True

    @staticmethod
    def resolve_lines(row: Statement) -> int:
        return row.lines_count

    @staticmethod
    def resolve_void_reason(row: Statement) -> str | None:
        return row.void_reason or None

    @staticmethod
    def resolve_sha256(row: Statement) -> str | None:
        return row.sha256 or None


class LineOut(Out):
    position: int
    month: str
    kind: str = Field(examples=["delivery", "encoder", "ingest", "origination", "storage", "idle"])
    correction: bool = Field(description="of what an earlier statement has, or of an earlier month")
    subject: str = Field(description="the uid of its breakout, or of its channel if it is idle")
    name: str
    channel_name: str
    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    encoder_seconds: int
    quantity: int = Field(description="of MediaPackage or S3, in `unit`; 0 where the kind has none")
    unit: str | None = Field(examples=["bytes", "byte-hours"])
    amount: Decimal
    currency: str
    estimate: bool
    rates: list[str] = Field(description="the versions of the price book; none: its price is not known")

    @staticmethod
    def resolve_month(row: StatementLine) -> str:
        return f"{row.month:%Y-%m}"

    @staticmethod
    def resolve_encoder_seconds(row: StatementLine) -> int:
        return row.seconds

    @staticmethod
    def resolve_unit(row: StatementLine) -> str | None:
        return row.unit or None

    @staticmethod
    def resolve_estimate(row: StatementLine) -> bool:
        return True

    @staticmethod
    def resolve_rates(row: StatementLine) -> list[str]:
        return row.rates.split()


class StatementFilter(Paging):
    state: Annotated[StatementState, choices(StatementState)] | None = None


def _found(id: str) -> Statement:
    return one(Statement.objects.all(), id)


@router.get("", response=Page[StatementOut], auth=READ)
def list_statements(request: HttpRequest, query: Query[StatementFilter]) -> dict[str, Any]:
    """Statements, newest first."""
    rows = Statement.objects.all()
    if query.state:
        rows = rows.filter(state=query.state)
    return page(rows, query.cursor, query.limit, request)


@router.post("", response={201: StatementOut}, auth=WRITE)
def create_statement(request: HttpRequest, body: StatementIn) -> Status[Statement]:
    """Work out a draft; `missing` says so while it is being made. 409 while there is one of the same."""
    row = services.statement_draft(body.period, body.customer or "", who=actor_of(request))
    return Status(201, row)


@router.get("/{id}", response=StatementOut, auth=READ)
def get_statement(request: HttpRequest, id: str) -> Statement:
    """One statement."""
    return _found(id)


@router.delete("/{id}", response={204: None}, auth=WRITE)
def discard_statement(request: HttpRequest, id: str) -> Status[None]:
    """Discard a draft. 409 for what was issued."""
    services.statement_discard(_found(id), who=actor_of(request))
    return Status(204, None)


@router.post("/{id}/recompute", response=StatementOut, auth=WRITE)
def recompute_statement(request: HttpRequest, id: str) -> Statement:
    """Work out a draft again."""
    return services.statement_recompute(_found(id), who=actor_of(request))


@router.post("/{id}/issue", response=StatementOut, auth=WRITE)
def issue_statement(request: HttpRequest, id: str) -> Statement | HttpResponse:
    """Issue a draft: it gets number and hash, and never changes. 409 with `missing` while it lacks any.

    A large one is issued by a job: the answer is a 409 whose `missing` says so, and `GET` says when it is.
    """
    try:
        row = services.statement_issue(_found(id), who=actor_of(request))
    except services.Incomplete as refusal:
        return _incomplete(refusal)
    return effect_stays(_incomplete(services.Incomplete(row.lacks, ["discard"]))) if row.issuing else row


def _incomplete(refusal: services.Incomplete) -> HttpResponse:
    state, possible = refusal.state, refusal.possible
    return problem(409, refusal.detail, state=state, possible=possible, missing=refusal.missing)


@router.post("/{id}/void", response=StatementOut, auth=WRITE)
def void_statement(request: HttpRequest, id: str, body: VoidIn) -> Statement:
    """Void an issued statement. What it stated goes into the next draft of its month, or of a later one."""
    return services.statement_void(_found(id), body.reason, who=actor_of(request))


@router.get("/{id}/lines", response=Page[LineOut], auth=READ)
def list_lines(request: HttpRequest, id: str, query: Query[Paging]) -> dict[str, Any] | StreamingHttpResponse:
    """Its lines, in their order. With `Accept: text/csv` all of them as a stream, the sum last.

    409 while it is being made.
    """
    row = _found(id)
    if row.making:
        raise NotPossible(row.making, state=row.state, possible=["discard"])
    if request.get_preferred_type(["application/json", CSV]) == CSV:
        return StreamingHttpResponse(csv_lines(row), content_type=f"{CSV}; charset=utf-8")
    lines = StatementLine.objects.filter(statement=row)
    return page(lines, query.cursor, query.limit, request, oldest_first=True)
