"""What happened in a rehearsal, and its form as JSON (docs/rehearsal.schema.json)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.conf import settings

from streamhub.errors import AwsError
from streamhub.lifecycle.models import HasError

SCHEMA = 1


class Status(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class StepError:
    """Why a step failed. `code`: AWS's, or one of ours: `deadline`, `interrupted`, `not_possible`, `gone`."""

    code: str
    message: str
    hint: str = ""
    operation: str = ""
    request_id: str | None = None
    needs_person: bool = False

    @classmethod
    def of_row(cls, row: HasError) -> StepError:
        """The error that a row shows."""
        return cls(
            row.error_code or "failed",
            row.error_message or "It failed.",
            row.error_hint,
            row.error_operation,
            row.error_request_id or None,
            row.error_needs_person,
        )

    @classmethod
    def of_aws(cls, error: AwsError) -> StepError:
        return cls(
            error.code or type(error).__name__,
            error.in_full,
            error.hint,
            error.operation,
            error.request_id,
            error.needs_person,
        )

    def __str__(self) -> str:
        asked = f" (AWS request {self.request_id})" if self.request_id else ""
        call = f"{self.operation}: " if self.operation else ""
        return f"{call}{self.code}: {self.message}{asked} {self.hint}".rstrip()


class StepFailed(Exception):
    """A step did not come to its end."""

    def __init__(self, error: StepError) -> None:
        super().__init__(str(error))
        self.error = error


class StepSkipped(Exception):
    """A step that is not vital has nothing to say now; the message says why."""


@dataclass(frozen=True)
class StepOutcome:
    """One step. `deadline_seconds` None: it waited for nothing."""

    step: str
    title: str
    status: Status
    detail: str
    began_at: datetime
    seconds: float
    deadline_seconds: float | None = None
    error: StepError | None = None


@dataclass(frozen=True)
class Left:
    """Something that still exists. `page`: where a person ends it, `verb`: how ("": it ends by itself)."""

    kind: str
    id: str
    detail: str
    page: str = ""
    verb: str = ""

    def __str__(self) -> str:
        how = f": {self.verb} on {self.page}" if self.verb else f": see {self.page}" if self.page else ""
        return f"{self.kind} {self.id}, {self.detail}{how}"


@dataclass(frozen=True)
class Estimate:
    """About what a rehearsal costs and how long it usually takes. `amount` None: no rates are known."""

    amount: Decimal | None
    currency: str
    minutes: tuple[float, float]
    leaves_out: Sequence[str]


@dataclass
class Outcome:
    """A whole rehearsal. `refused`: why it did not begin, one sentence each. `left` None: not known."""

    name: str
    mode: str
    region: str
    environment: str
    began_at: datetime
    refused: list[str] = field(default_factory=list)
    estimate: Estimate | None = None
    former: list[Left] = field(default_factory=list)
    steps: list[StepOutcome] = field(default_factory=list)
    interrupted: bool = False
    left: list[Left] | None = None
    seconds: float = 0.0

    @classmethod
    def new(cls, began_at: datetime) -> Outcome:
        """Of a rehearsal on the account that the settings name."""
        return cls("", settings.STREAMHUB_AWS, settings.AWS_REGION, settings.STREAMHUB_ENVIRONMENT, began_at)

    @property
    def status(self) -> str:
        """`refused`, `failed` or `ok`. What is skipped is no failure."""
        if self.refused:
            return "refused"
        failed = any(step.status is Status.FAILED for step in self.steps)
        return Status.FAILED if failed or self.interrupted or self.left or self.left is None else Status.OK

    @property
    def exit_status(self) -> int:
        return {"ok": 0, "failed": 1, "refused": 2}[self.status]

    def as_json(self) -> dict[str, Any]:
        """Times are ISO 8601 in UTC, durations seconds."""
        facts = asdict(self)
        refused, estimate = facts.pop("refused"), self.estimate
        return {
            "schema": SCHEMA,
            "status": str(self.status),
            **facts,
            "refused": refused,
            "began_at": _iso(self.began_at),
            "seconds": round(self.seconds, 1),
            "estimate": None if estimate is None else _estimate(estimate),
            "steps": [_step(step) for step in self.steps],
        }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    amount = None if estimate.amount is None else str(estimate.amount)
    minutes = [round(minutes, 1) for minutes in estimate.minutes]
    return {
        "amount": amount,
        "currency": estimate.currency,
        "minutes": minutes,
        "leaves_out": list(estimate.leaves_out),
    }


def _step(step: StepOutcome) -> dict[str, Any]:
    return {
        **asdict(step),
        "status": str(step.status),
        "began_at": _iso(step.began_at),
        "seconds": round(step.seconds, 1),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
