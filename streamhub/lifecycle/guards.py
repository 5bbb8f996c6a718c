"""Tables of rules: which verbs are possible for an object now, and why the others are not.

Each kind of object has one table, in the guards of its app. Services call `check` on locked rows before
they write; admin pages call `refusal`. Both give the same sentence. A table is a function of values: it
reads no row and no clock. Each table is returned by a function, so that `make mutants` reaches every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from streamhub.errors import NotPossible
from streamhub.translation import gettext as _


class Situation(Protocol):
    """The values that the rules of one kind depend on: the object's state, and what that kind adds."""

    @property
    def state(self) -> str: ...


S = TypeVar("S", bound=Situation)
S_in = TypeVar("S_in", bound=Situation, contravariant=True)


@dataclass(frozen=True)
class Refusal:
    """Why a verb is refused.

    `state`: the state of the object that prevents it ("": the object's own). `possible`: what can be done
    instead (None: the verbs that have an effect now), in the API's words, whatever the language.
    """

    sentence: str
    state: str = ""
    possible: tuple[str, ...] | None = None


# The `call` of a verb that the API does not have for this kind of object.
NO_CALL = None


class Condition(Protocol[S_in]):
    """A reason against a verb. Returns a refusal if it applies, None otherwise."""

    def __call__(self, now: S_in, /) -> Refusal | None: ...


class Repeat(Protocol[S_in]):
    """Returns a sentence if the verb would change nothing, "" otherwise."""

    def __call__(self, now: S_in, /) -> str: ...


@dataclass(frozen=True)
class Rule(Generic[S]):
    """One verb. Where it `repeats`, it is accepted without effect; otherwise the first condition counts.

    `call`: the verb's name in the API, if it differs from the table's; `NO_CALL`: it is not there.
    """

    conditions: tuple[Condition[S], ...]
    repeats: Repeat[S]
    call: str | None = ""

    def against(self, now: S) -> Refusal | None:
        """The refusal of the first condition that applies, or None."""
        refusals = (condition(now) for condition in self.conditions)
        return next((refusal for refusal in refusals if refusal is not None), None)


def never(now: Situation, /) -> str:
    """For verbs that always have an effect."""
    return ""


def rule(*conditions: Condition[S], repeats: Repeat[S] = never, call: str | None = "") -> Rule[S]:
    """A verb's rule. Its conditions are checked in the given order."""
    return Rule(conditions, repeats, call)


def only(*states: str) -> Condition[Situation]:
    """A condition: the verb is possible only in these states."""

    def in_other_state(now: Situation, /) -> Refusal | None:
        if now.state in states:
            return None
        return Refusal(
            _("It is %(state)s; this is possible only while it is %(value)s.")
            % {"state": _(now.state), "value": either(*states)}
        )

    return in_other_state


def already(*states: str) -> Repeat[Situation]:
    """The verb has no effect in these states."""

    def in_state(now: Situation, /) -> str:
        return _("It is %(state)s already.") % {"state": _(now.state)} if now.state in states else ""

    return in_state


def either(*words: str) -> str:
    """The words as part of a sentence: "a, b or c"."""
    said = [_(word) for word in words]
    return _(" or ").join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else said[0]


@dataclass(frozen=True)
class Table(Generic[S]):
    """The rules of one kind of object, or of its fields or links: then `verbs` is the kind's own table."""

    rules: Callable[[], Mapping[str, Rule[S]]]
    verbs: Table[S] | None = None

    def check(self, verb: str, now: S) -> bool:
        """True: carry the verb out. False: it would change nothing. Raises `NotPossible` if it is refused."""
        rule = self.rules()[verb]
        if rule.repeats(now):
            return False
        refusal = rule.against(now)
        if refusal is None:
            return True
        whole = self.verbs or self
        possible = whole.possible(now) if refusal.possible is None else list(refusal.possible)
        raise NotPossible(refusal.sentence, state=refusal.state or now.state, possible=possible)

    def refusal(self, verb: str, now: S) -> str | None:
        """Why a page does not offer the verb: it is refused or would change nothing. None: it is offered."""
        rule = self.rules()[verb]
        refusal = rule.against(now)
        return rule.repeats(now) or (refusal.sentence if refusal else None)

    def instead(self, verb: str, now: S) -> list[str]:
        """What the refusal of the verb names as possible instead; [] if it is offered, or names nothing."""
        refusal = self.rules()[verb].against(now)
        return list(refusal.possible or ()) if refusal else []

    def possible(self, now: S) -> list[str]:
        """The verbs that have an effect now, by their names in the API."""
        having = {verb: rule.call for verb, rule in self.rules().items() if self._has_effect(rule, now)}
        return list(dict.fromkeys(call or verb for verb, call in having.items() if call is not NO_CALL))

    @staticmethod
    def _has_effect(rule: Rule[S], now: S) -> bool:
        return not rule.repeats(now) and rule.against(now) is None
