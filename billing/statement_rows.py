"""Statements and their lines as rows. What is issued is never changed: the database holds to that."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from streamhub.frozen_rows import FrozenRows

CURRENCY = "USD"
# Exact amounts are whole numbers of billionths of a dollar. A cent has so many:
NANOS_A_CENT = 10_000_000


class StatementState(models.TextChoices):
    DRAFT = "draft"
    ISSUED = "issued"
    VOID = "void"


class LineKind(models.TextChoices):
    DELIVERY = "delivery", "delivery of a breakout"
    ENCODER = "encoder", "encoder of a breakout"
    UNATTRIBUTED = "unattributed", "delivery outside of breakouts"
    IDLE = "idle", "channel outside of breakouts"


# The columns of an issued statement that its voiding writes.
_VOIDING = ("state", "state_since", "void_reason", "voided_at", "voided_by")


def _same(*names: str) -> str:
    return " AND ".join(f"OLD.{name} IS NOT DISTINCT FROM NEW.{name}" for name in names)


class Statement(models.Model):
    """What a month (UTC, `period`: its first day) was for one customer. `customer` "": the house itself.

    A draft is worked out as often as wanted. Once issued it has a `number`, from 1 on without a gap, and a
    `sha256` over its lines and its head (`statements.canonical`); then only voiding changes it. `missing`:
    why it could not be issued when it was worked out, in sentences. `worked_sha256`: of its lines before
    rounding, by which issuing sees that nothing has changed since.
    """

    KIND = "statement"
    STATES = StatementState

    number = models.PositiveIntegerField(null=True, blank=True, unique=True)
    period = models.DateField()
    customer = models.CharField(max_length=256, blank=True, default="")
    state = models.CharField(max_length=8, choices=StatementState.choices, default=StatementState.DRAFT)
    state_since = models.DateTimeField(db_default=Now())
    currency = models.CharField(max_length=3, default=CURRENCY)
    total_cents = models.BigIntegerField(default=0)
    bytes_downloaded = models.BigIntegerField(default=0)
    lines_count = models.PositiveIntegerField(default=0)
    missing = models.JSONField(default=list)
    worked_out_at = models.DateTimeField(null=True, blank=True)
    worked_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=160)
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.CharField(max_length=160, blank=True, default="")
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.CharField(max_length=160, blank=True, default="")
    void_reason = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        permissions = [
            ("issue_statement", "Can issue a statement"),
            ("void_statement", "Can void a statement"),
            ("export_statement", "Can download a statement"),
        ]
        indexes = [
            models.Index(fields=["customer", "period"], name="statement_of_customer"),
            models.Index(fields=["period", "id"], name="statement_by_period"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["period", "customer"],
                condition=Q(state=StatementState.DRAFT),
                name="one_draft_per_month_and_customer",
            ),
            models.CheckConstraint(
                condition=Q(state=StatementState.DRAFT, number=None, sha256="", issued_at=None)
                | (~Q(state=StatementState.DRAFT) & Q(number__gt=0, issued_at__isnull=False) & ~Q(sha256="")),
                name="statement_issued_in_full",
            ),
            FrozenRows(
                event="UPDATE",
                when="OLD.state = 'void' OR (OLD.state = 'issued' AND NOT (NEW.state = 'void' AND "
                + _same(
                    "id",
                    "number",
                    "period",
                    "customer",
                    "currency",
                    "total_cents",
                    "bytes_downloaded",
                    "lines_count",
                    "missing",
                    "worked_out_at",
                    "worked_sha256",
                    "sha256",
                    "created_at",
                    "created_by",
                    "issued_at",
                    "issued_by",
                )
                + "))",
                name="statement_no_update",
            ),
            FrozenRows(event="DELETE", when="OLD.state <> 'draft'", name="statement_no_delete"),
            FrozenRows(event="TRUNCATE", when="true", name="statement_no_truncate"),
        ]

    def __str__(self) -> str:
        whose = self.customer or "no customer"
        which = f"Statement {self.number}" if self.number else "Draft"
        return f"{which}: {whose}, {self.period:%Y-%m}"

    @property
    def total(self) -> Decimal:
        return cents_as_decimal(self.total_cents)

    @property
    def complete(self) -> bool:
        """Whether nothing was missing when it was worked out."""
        return not self.missing


_STATE_OF = "(SELECT state FROM billing_statement WHERE billing_statement.id = {row}.statement_id)"


class StatementLine(models.Model):
    """One line: what an item of a month (`month`, by its first day) has more or less than was issued of it.

    `subject`: the uid of the breakout, or of the channel of an idle line. `correction`: of the item other
    lines were issued before. `seconds`: of the encoder, as billed. `nanos`: the exact amount, in billionths;
    `cents`: the rounded one. `rates`: the versions of the price book, by number. Amounts are ESTIMATES.
    """

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    month = models.DateField()
    kind = models.CharField(max_length=16, choices=LineKind.choices)
    correction = models.BooleanField(default=False)
    subject = models.CharField(max_length=32, blank=True, default="")
    name = models.CharField(max_length=128, blank=True, default="")
    channel_name = models.CharField(max_length=128, blank=True, default="")
    aws_distribution_id = models.CharField(max_length=32, blank=True, default="")
    bytes_downloaded = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    seconds = models.BigIntegerField(default=0)
    nanos = models.BigIntegerField()
    cents = models.BigIntegerField()
    currency = models.CharField(max_length=3, default=CURRENCY)
    rates = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "position"], name="statement_line_once"),
            FrozenRows(
                event="INSERT", when=f"{_STATE_OF.format(row='NEW')} <> 'draft'", name="line_no_insert"
            ),
            FrozenRows(
                event="UPDATE",
                when=f"{_STATE_OF.format(row='OLD')} <> 'draft' OR OLD.statement_id <> NEW.statement_id",
                name="line_no_update",
            ),
            FrozenRows(
                event="DELETE", when=f"{_STATE_OF.format(row='OLD')} <> 'draft'", name="line_no_delete"
            ),
            FrozenRows(event="TRUNCATE", when="true", name="line_no_truncate"),
        ]
        indexes = [
            # What was issued of an item.
            models.Index(
                fields=["month", "kind", "subject", "aws_distribution_id"], name="statement_line_item"
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.position} of {self.statement}"

    @property
    def amount(self) -> Decimal:
        return cents_as_decimal(self.cents)


def cents_as_decimal(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
