"""Statements and their lines as rows. What is issued is never changed: the database holds to that."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from streamhub.frozen_rows import FrozenRows

CURRENCY = "USD"
# Exact amounts are whole numbers of billionths of a dollar. A cent has so many:
NANOS_A_CENT = 10_000_000


class StatementState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ISSUED = "issued", _("Issued")
    VOID = "void", _("Void")


class LineKind(models.TextChoices):
    DELIVERY = "delivery", _("delivery of a breakout")
    ENCODER = "encoder", _("encoder of a breakout")
    INGEST = "ingest", _("MediaPackage ingest of a breakout")
    ORIGINATION = "origination", _("MediaPackage origination of a breakout")
    STORAGE = "storage", _("recordings of a breakout")
    UNATTRIBUTED = "unattributed", _("delivery outside of breakouts")
    IDLE = "idle", _("channel outside of breakouts")
    INGEST_OUTSIDE = "ingest_outside", _("MediaPackage ingest outside of breakouts")
    ORIGIN_OUTSIDE = "origin_outside", _("MediaPackage origination outside of breakouts")


# The units of the kinds of lines that have a `quantity`.
UNITS = {
    LineKind.INGEST: "bytes",
    LineKind.ORIGINATION: "bytes",
    LineKind.STORAGE: "byte-hours",
    LineKind.INGEST_OUTSIDE: "bytes",
    LineKind.ORIGIN_OUTSIDE: "bytes",
}
_GB, _HOURS_A_MONTH = 2**30, 730  # as AWS bills them


# The columns of an issued statement that its voiding writes.
_VOIDING = ("state", "state_since", "void_reason", "voided_at", "voided_by")


def _same(*names: str) -> str:
    return " AND ".join(f"OLD.{name} IS NOT DISTINCT FROM NEW.{name}" for name in names)


class Statement(models.Model):
    """What a month (UTC, `period`: its first day) was for one customer. `customer` "": the house itself.

    A draft is worked out as often as wanted. Once issued it has a `number`, from 1 on without a gap, and a
    `sha256` over its lines and its head (`statements.canonical`); then only voiding changes it. `missing`:
    why it could not be issued when it was worked out, in sentences. `worked_sha256`: of its lines before
    rounding, by which issuing sees that nothing has changed since. `making_since`: a job works its lines out
    since then (`statements.making`); until it is done it has none to show. `making_done` of `making_total`
    parts are worked out. `issue_for`: who asked to issue it; then that work is the comparison before it is
    issued (`statements.issuing`), and it keeps its lines.
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
    making_since = models.DateTimeField(null=True, blank=True)
    making_run = models.CharField(max_length=16, blank=True, default="", editable=False)
    making_done = models.PositiveIntegerField(default=0, editable=False)
    making_total = models.PositiveIntegerField(default=0, editable=False)
    issue_for = models.CharField(max_length=160, blank=True, default="", editable=False)
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
            models.CheckConstraint(
                condition=Q(making_since=None) | Q(state=StatementState.DRAFT), name="statement_made_as_draft"
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
                    "making_since",
                    "making_run",
                    "making_done",
                    "making_total",
                    "issue_for",
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
        """Whether it is worked out, and nothing was missing then."""
        return not self.lacks

    @property
    def making(self) -> str:
        """How far the job is that works it out, in a sentence; "": none does."""
        if self.making_since is None or self.issue_for:
            return ""
        if not self.making_done:
            return "It is being made: its lines are worked out by a job."
        return f"It is being made: {self._percent} % is worked out."

    @property
    def issuing(self) -> str:
        """How far the job is that issues it, in a sentence; "": none does."""
        if self.making_since is None or not self.issue_for:
            return ""
        if not self.making_done:
            return "It is being issued: a job works its lines out once more and compares."
        return f"It is being issued: {self._percent} % is compared."

    @property
    def _percent(self) -> int:
        return 100 * self.making_done // max(1, self.making_total)

    @property
    def at_work(self) -> str:
        """What a job does with it and how far it is, in a sentence; "": none has it."""
        return self.making or self.issuing

    @property
    def lacks(self) -> list[str]:
        """Why it cannot be issued, as far as that is known, in sentences."""
        return [self.at_work, *self.missing] if self.at_work else list(self.missing)


_STATE_OF = "(SELECT state FROM billing_statement WHERE billing_statement.id = {row}.statement_id)"


class StatementLine(models.Model):
    """One line: what an item of a month (`month`, by its first day) has more or less than was issued of it.

    `subject`: the uid of the breakout, or of the channel of a line outside of breakouts. `correction`: of the
    item other lines were issued before. `seconds`: of the encoder, as billed. `quantity`: of MediaPackage and
    S3, in `unit`. `nanos`: the exact amount, in billionths;
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
    quantity = models.BigIntegerField(default=0)
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

    @property
    def unit(self) -> str:
        """The unit of its quantity; "": its kind has none."""
        return UNITS.get(LineKind(self.kind), "")

    @property
    def delivers(self) -> bool:
        """Whether it is about CloudFront's bytes and requests."""
        return self.kind in (LineKind.DELIVERY, LineKind.UNATTRIBUTED)

    @property
    def other_usage(self) -> str:
        """What it has other than bytes and requests, for people; "": nothing."""
        if self.seconds:
            return f"{self.seconds:,} s"
        if self.unit == "byte-hours":
            return f"{Decimal(self.quantity) / _GB / _HOURS_A_MONTH:,.4f} GB months"
        return f"{Decimal(self.quantity) / _GB:,.4f} GB" if self.unit else ""


def cents_as_decimal(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
