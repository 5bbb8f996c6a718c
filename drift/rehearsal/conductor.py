"""A whole rehearsal: what has to be so, what a former one left, the question, the steps, what is left."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db import Error, connection

from drift.rehearsal import left, preconditions, rows
from drift.rehearsal.estimate import estimate
from drift.rehearsal.interruption import Interruption, LeftAtOnce
from drift.rehearsal.outcome import Left, Outcome, Status
from drift.rehearsal.plan import CLOSING, PLAN, Step
from drift.rehearsal.player import Player
from drift.rehearsal.preconditions import Precondition
from drift.rehearsal.rows import WHO, Rows
from drift.rehearsal.told import Told
from drift.rehearsal.waiting import Waiter
from streamhub.access import audit
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun
from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)


@dataclass
class Conductor:
    """Fills the outcome. `ask`: asks a person and returns whether they agree; None: nobody is asked."""

    outcome: Outcome
    told: Told
    run: JobRun
    ask: Callable[[str], bool] | None = None

    def conduct(self) -> None:
        """Everything. What goes wrong in a step is in the outcome."""
        try:
            self._conduct()
        except KeyboardInterrupt:  # during the checks or a question; later it asks to clean up
            self.outcome.refused.append("Ctrl-C.")
        except EOFError:
            self.outcome.refused.append("Nobody answered.")

    def _conduct(self) -> None:
        if self._refused([*preconditions.processes(), *preconditions.account()]):
            return
        if not self._without_former() or self._refused(list(preconditions.room())):
            return
        new = Rows.new()
        self.outcome.name, self.outcome.estimate = new.name, estimate(PLAN)
        self.told.plan(new.name, self.outcome.estimate)
        if self.ask is not None and not self.ask("Begin?"):
            self.outcome.refused.append("Nobody agreed.")
            return
        self._play(new, PLAN)

    def _refused(self, found: Sequence[Precondition]) -> bool:
        self.told.preconditions(found)
        self.outcome.refused += [f"{each.name}: {each.detail}" for each in found if not each.ok]
        return bool(self.outcome.refused)

    def _without_former(self) -> bool:
        """Name what former rehearsals left, and clean it up if that is wanted. False: it could not be."""
        former = rows.former()
        self.outcome.former = [found for each in former for found in left.of_rows(each)]
        for each in self.outcome.former:
            self.told.line(f"LEFT    by a former rehearsal: {each}")
        if not former or (self.ask is not None and not self.ask("Clean it up first?")):
            return True
        for leftover in former:
            named = [replace(step, title=f"{step.title} ({leftover.name})") for step in CLOSING]
            self._play(leftover, named)
        return self.outcome.status == Status.OK

    def _play(self, played: Rows, steps: Sequence[Step]) -> None:
        self.run.extend()  # a person may have thought about the question for long
        with Interruption(self.told.line) as interruption:
            waiter = Waiter(interruption, self.run.extend, self.told.progress)
            player = Player(played, waiter, self.told.begins, self.told.ended)
            self._audit(played, "begun")
            try:
                player.play(steps)
                found = self._left(played, player)
            except LeftAtOnce:
                connection.close()  # it may have been in the middle of a statement
                found = left.by_memory(played)
            self.outcome.steps += player.outcomes
            self.outcome.interrupted |= interruption.asked
            self.outcome.left = None if found is None else [*(self.outcome.left or ()), *found]
            self._audit(played, f"ended: {self.outcome.status}")

    @staticmethod
    def _left(played: Rows, player: Player) -> list[Left] | None:
        """What is left; None: AWS could not be read."""
        last = {outcome.step: outcome.status for outcome in player.outcomes}["left"]
        if last is not Status.FAILED:
            return []
        try:
            found = left.of_rows(played)
            return [*found, *left.of_aws(played)]
        except AwsError:
            return found or None
        except Error as error:
            if not unavailable(error):
                raise
            return left.by_memory(played)

    def _audit(self, played: Rows, detail: str) -> None:
        """While the database is away there is none: what happened is printed all the same."""
        try:
            audit.record("rehearse", audit.Subject("rehearsal", name=played.name), who=WHO, detail=detail)
        except Error as error:
            if not unavailable(error):
                raise
            log.warning("Not in the audit, the database is away: %s, %s", played.name, detail)
