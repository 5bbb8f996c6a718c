"""Tables of rules: what can be done with an object now, and why not.

Each kind of object has one table, in the guards of its app. The services ask `check`
on locked rows before they write anything; the admin's pages ask `refusal`. Both give the same sentence.
A table is a function of values: it reads no row and no clock.

Tables are written as functions that return them, so that `make mutants` reaches every state and condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from streamhub.errors import NotPossible


class Situation(Protocol):
    """What the rules of one kind depend on: the object's state, and whatever else that kind adds."""

    @property
    def state(self) -> str: ...


S = TypeVar("S", bound=Situation)
S_in = TypeVar("S_in", bound=Situation, contravariant=True)


@dataclass(frozen=True)
class Refusal:
    """Why a verb is refused.

    `state` is another object's if that is in the way ("": the object's own). `possible` says what can be
    done instead (None: the verbs that would do something now).
    """

    sentence: str
    state: str = ""
    possible: tuple[str, ...] | None = None


class Condition(Protocol[S_in]):
    """A reason against a verb: a refusal where it applies, None where it does not."""

    def __call__(self, now: S_in, /) -> Refusal | None: ...


class Repeat(Protocol[S_in]):
    """Where a verb would only repeat what is: says so in a sentence, "" elsewhere."""

    def __call__(self, now: S_in, /) -> str: ...


@dataclass(frozen=True)
class Rule(Generic[S]):
    """One verb. Where it `repeats` what is, it is accepted without effect; else the first condition counts.

    `call` is what the API names it, if not as the table does.
    """

    conditions: tuple[Condition[S], ...]
    repeats: Repeat[S]
    call: str = ""

    def against(self, now: S) -> Refusal | None:
        """The first condition that applies."""
        answers = (condition(now) for condition in self.conditions)
        return next((refusal for refusal in answers if refusal is not None), None)


def never(now: Situation, /) -> str:
    """For verbs that do something each time."""
    return ""


def rule(*conditions: Condition[S], repeats: Repeat[S] = never, call: str = "") -> Rule[S]:
    """A verb's rule; its conditions are told in the order in which they are given."""
    return Rule(conditions, repeats, call)


def only(*states: str) -> Condition[Situation]:
    """The states in which the verb does something."""

    def elsewhere(now: Situation, /) -> Refusal | None:
        if now.state in states:
            return None
        return Refusal(f"It is {now.state}; this is possible only while it is {either(*states)}.")

    return elsewhere


def already(*states: str) -> Repeat[Situation]:
    """The states in which the verb would repeat what is."""

    def there(now: Situation, /) -> str:
        return f"It is {now.state} already." if now.state in states else ""

    return there


def either(*words: str) -> str:
    """The words as a list in a sentence: "a, b or c"."""
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


@dataclass(frozen=True)
class Table(Generic[S]):
    """The rules of one kind of object."""

    rules: Callable[[], Mapping[str, Rule[S]]]

    def check(self, verb: str, now: S) -> bool:
        """True: carry it out. False: it would repeat what is. Raises `NotPossible` where it is refused."""
        rule = self.rules()[verb]
        if rule.repeats(now):
            return False
        refusal = rule.against(now)
        if refusal is None:
            return True
        possible = self.possible(now) if refusal.possible is None else list(refusal.possible)
        raise NotPossible(refusal.sentence, state=refusal.state or now.state, possible=possible)

    def refusal(self, verb: str, now: S) -> str | None:
        """Why a page does not offer the verb: it is refused, or it is so already. None: it is offered."""
        rule = self.rules()[verb]
        refusal = rule.against(now)
        return rule.repeats(now) or (refusal.sentence if refusal else None)

    def possible(self, now: S) -> list[str]:
        """The verbs that would do something now, as the API names them."""
        can = {rule.call or verb: None for verb, rule in self.rules().items() if self._does(rule, now)}
        return list(can)

    @staticmethod
    def _does(rule: Rule[S], now: S) -> bool:
        return not rule.repeats(now) and rule.against(now) is None
