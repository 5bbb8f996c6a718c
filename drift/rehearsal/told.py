"""What a rehearsal prints: lines as it goes, and the table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from drift.rehearsal.outcome import Estimate, Left, Outcome, Status, StepOutcome
from drift.rehearsal.plan import PLAN, Step
from drift.rehearsal.preconditions import Precondition
from streamhub.lifecycle.expectation import span

CREATES = (
    "one MediaPackage channel with an endpoint, one MediaLive input with a security group of its own, one "
    "MediaLive channel, which runs for a minute and is billed for ten, and one CloudFront distribution"
)


@dataclass
class Told:
    """Writes lines by `write`, with the time since the begin. A terminal that is gone ends no clean-up."""

    write: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    began: float = field(default=0.0)
    _last: str = ""
    _deaf: bool = False

    def __post_init__(self) -> None:
        self.began = self.began or self.clock()

    def line(self, text: str = "") -> None:
        if self._deaf:
            return
        try:
            self.write(text)
        except OSError:
            self._deaf = True  # nobody is there any more (SIGHUP): the file of --json has it all

    def progress(self, text: str) -> None:
        """A line while a step waits; a repeated one is shown once."""
        if text and text != self._last:
            self.line(f"{self._at()}    {text}")
        self._last = text

    def begins(self, step: Step) -> None:
        self._last = ""
        self.line(f"{self._at()}  {step.title}")

    def ended(self, step: StepOutcome) -> None:
        self.line(f"{self._at()}  {step.status:<7} {step.title}: {step.error or step.detail}")

    def _at(self) -> str:
        seconds = int(self.clock() - self.began)
        return f"{seconds // 60:3d}:{seconds % 60:02d}"

    def preconditions(self, found: Iterable[Precondition]) -> None:
        for each in found:
            self.line(f"{'ok' if each.ok else 'MISSING':<7} {each.name}: {each.detail}")

    def plan(self, name: str, about: Estimate) -> None:
        usual = span(*(60 * minutes for minutes in about.minutes))
        self.line(
            f"\nThis rehearsal creates {CREATES}, all named or tagged {name!r}, and deletes them again."
        )
        cost = (
            "not known: the price book has no rates"
            if about.amount is None
            else f"{about.amount} {about.currency}"
        )
        self.line(f"It usually takes {usual} and costs about {cost} (an estimate).")

    def table(self, outcome: Outcome) -> None:
        width = max(len(step.title) for step in PLAN)
        self.line(f"\n{'step':<{width}}  {'result':<7}  {'seconds':>8}  what happened")
        for step in outcome.steps:
            self.line(
                f"{step.title:<{width}}  {step.status:<7}  {step.seconds:8.1f}  {step.error or step.detail}"
            )
        self.line(f"{'in all':<{width}}  {'':<7}  {outcome.seconds:8.1f}")
        self.left(outcome.left)

    def left(self, found: list[Left] | None) -> None:
        if found is None:
            self.line("\nWhat is left could not be read. `manage.py drift` reads it again.")
        for each in found or ():
            self.line(f"LEFT    {each}")
        if found == []:
            self.line(
                "\nNothing is left in AWS, and in the database only history: timelines, breakout and usage."
            )


def verdict(outcome: Outcome) -> str:
    """The last sentence."""
    failed = [step.title for step in outcome.steps if step.status is Status.FAILED]
    if outcome.interrupted:
        return "The rehearsal was interrupted."
    if failed:
        return f"The rehearsal failed: {', '.join(failed)}."
    return "The rehearsal left something behind." if outcome.left != [] else "The rehearsal went well."
