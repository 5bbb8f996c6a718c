"""Plays the steps of a rehearsal one after the other, and undoes what was done whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from drift.rehearsal.deadlines import deadline
from drift.rehearsal.outcome import Status, StepError, StepFailed, StepOutcome, StepSkipped
from drift.rehearsal.plan import PLAN, Part, Step, breaks, left_out
from drift.rehearsal.rows import Rows
from drift.rehearsal.steps import STEPS
from drift.rehearsal.waiting import Waiter
from streamhub.clock import database_now
from streamhub.errors import AwsError, StreamHubError
from streamhub.lifecycle.outages import insist

log = logging.getLogger(__name__)


@dataclass
class Player:
    """`told` is called with each step that begins, `done` with each that ended."""

    rows: Rows
    waiter: Waiter
    told: Callable[[Step], None]
    done: Callable[[StepOutcome], None]
    broken: str = ""
    outcomes: list[StepOutcome] = field(default_factory=list)

    def play(self, steps: Sequence[Step] = PLAN) -> list[StepOutcome]:
        """After a failure only the closing steps are left, each tried whatever becomes of the others."""
        for step in steps:
            outcome = self._take(step)
            self.outcomes.append(outcome)
            self.done(outcome)
            if outcome.status is Status.FAILED and breaks(step):
                self.broken = step.title
        return self.outcomes

    def _take(self, step: Step) -> StepOutcome:
        began, clock = database_now(), self.waiter.clock()

        def ended(status: Status, detail: str, error: StepError | None = None) -> StepOutcome:
            seconds = self.waiter.clock() - clock
            return StepOutcome(step.key, step.title, status, detail, began, seconds, seconds_allowed, error)

        seconds_allowed: float | None = None
        try:
            if reason := self._left_out(step):
                return ended(Status.SKIPPED, reason)
            self.told(step)
            seconds_allowed = deadline(step)
            return ended(Status.OK, self._done(step, began, seconds_allowed))
        except StepSkipped as skipped:
            return ended(Status.SKIPPED, str(skipped))
        except StepFailed as failed:
            if step.part is Part.EXTRA:
                return ended(Status.SKIPPED, failed.error.message)
            return ended(Status.FAILED, failed.error.message, failed.error)
        except AwsError as error:
            return ended(Status.FAILED, error.in_full, StepError.of_aws(error))
        except StreamHubError as error:
            return ended(Status.FAILED, str(error), StepError("not_possible", str(error)))
        except Exception as error:
            # A defect here must not leave a show running.
            log.exception("The step %s of the rehearsal failed", step.key)
            said = f"{type(error).__name__}: {error}"
            return ended(Status.FAILED, said, StepError("defect", said, "The log has the details."))

    def _left_out(self, step: Step) -> str:
        if step.part is not Part.CLOSING and self.waiter.interruption.asked and not self.broken:
            self.broken = f"{self.waiter.interruption.by} asked to end"
        return left_out(step, broken=self.broken, existing=self.rows.existing())

    def _done(self, step: Step, began: datetime, seconds: float) -> str:
        act, look = STEPS[step.key]
        insist(lambda: act(self.rows), f"The step {step.key} of the rehearsal")
        closing = step.part is Part.CLOSING
        return self.waiter.until(lambda: look(self.rows, began), seconds, closing=closing)
