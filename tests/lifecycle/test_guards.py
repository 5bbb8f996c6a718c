"""Evaluation of a table of rules: repetition first, then the first condition that applies."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from streamhub.lifecycle.guards import NO_CALL, Refusal, Table, already, either, only, rule
from tests.scenarios.asking import DONE, Refused, ask


@dataclass(frozen=True)
class Situation:
    state: str
    wet: bool = False
    dark: bool = False


def wet(now: Situation) -> Refusal | None:
    return Refusal("It is wet.") if now.wet else None


def dark(now: Situation) -> Refusal | None:
    return Refusal("It is dark.", state="night", possible=("wait",)) if now.dark else None


TABLE = Table(
    lambda: {
        "look": rule(),
        "fly": rule(only("ready", "landed"), wet, dark, repeats=already("flying")),
        "land": rule(only("flying"), call="come-down"),
        "crash": rule(only("flying"), dark, call="come-down"),
        "dream": rule(call=NO_CALL),
    }
)
FEATHERS = Table(lambda: {"colour": rule(only("landed")), "length": rule()}, TABLE)


def refused(verb: str, now: Situation) -> Refused:
    answer = ask(TABLE, verb, now)
    assert isinstance(answer, Refused)
    return answer


@pytest.mark.parametrize("state", ["ready", "landed"])
def test_a_verb_is_possible_in_its_states(state: str) -> None:
    assert ask(TABLE, "fly", Situation(state)) == DONE


def test_in_another_state_the_refusal_names_the_state_and_the_possible_states() -> None:
    refusal = refused("fly", Situation("broken"))
    assert refusal.sentence == "It is broken; this is possible only while it is ready or landed."
    assert (refusal.state, refusal.possible) == ("broken", ["look"])


def test_a_repeated_verb_is_accepted_and_not_offered() -> None:
    assert ask(TABLE, "fly", Situation("flying", wet=True)) == "It is flying already."


def test_the_first_condition_that_applies_gives_the_refusal() -> None:
    assert refused("fly", Situation("broken", wet=True, dark=True)).sentence.startswith("It is broken")
    assert refused("fly", Situation("ready", wet=True, dark=True)).sentence == "It is wet."
    assert refused("fly", Situation("ready", dark=True)).sentence == "It is dark."


def test_a_refusal_can_have_another_objects_state_and_other_verbs() -> None:
    refusal = refused("fly", Situation("ready", dark=True))
    assert (refusal.state, refusal.possible) == ("night", ["wait"])
    refusal = refused("fly", Situation("ready", wet=True))
    assert (refusal.state, refusal.possible) == ("ready", ["look"])


def test_a_verb_without_conditions_is_always_possible() -> None:
    assert ask(TABLE, "look", Situation("broken", wet=True, dark=True)) == DONE


def test_possible_lists_each_call_that_has_an_effect_once() -> None:
    assert TABLE.possible(Situation("ready")) == ["look", "fly"]
    assert TABLE.possible(Situation("flying")) == ["look", "come-down"]
    assert TABLE.possible(Situation("broken")) == ["look"]


def test_what_has_a_table_of_its_own_is_refused_with_the_verbs_of_the_kind() -> None:
    now = Situation("flying")
    refusal = ask(FEATHERS, "colour", now)
    assert refusal == Refused(
        "It is flying; this is possible only while it is landed.",
        "flying",
        TABLE.possible(Situation("flying")),
    )


def test_an_unknown_verb_is_an_error() -> None:
    with pytest.raises(KeyError):
        TABLE.check("swim", Situation("ready"))


@pytest.mark.parametrize(
    ("words", "sentence"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c", "d"], "a, b, c or d")]
)
def test_words_are_joined_as_in_a_sentence(words: list[str], sentence: str) -> None:
    assert either(*words) == sentence
