"""How a table of rules is read: repetition first, then the first condition that applies."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from streamhub.lifecycle.guards import Refusal, Table, already, either, only, rule
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
    }
)


def refused(verb: str, now: Situation) -> Refused:
    answer = ask(TABLE, verb, now)
    assert isinstance(answer, Refused)
    return answer


@pytest.mark.parametrize("state", ["ready", "landed"])
def test_a_verb_is_done_in_its_states(state: str) -> None:
    assert ask(TABLE, "fly", Situation(state)) == DONE


def test_elsewhere_it_is_refused_with_the_state_and_those_in_which_it_is_possible() -> None:
    no = refused("fly", Situation("broken"))
    assert no.sentence == "It is broken; this is possible only while it is ready or landed."
    assert (no.state, no.possible) == ("broken", ["look"])


def test_a_repetition_is_accepted_and_not_offered() -> None:
    assert ask(TABLE, "fly", Situation("flying", wet=True)) == "It is flying already."


def test_the_first_condition_that_applies_is_told() -> None:
    assert refused("fly", Situation("broken", wet=True, dark=True)).sentence.startswith("It is broken")
    assert refused("fly", Situation("ready", wet=True, dark=True)).sentence == "It is wet."
    assert refused("fly", Situation("ready", dark=True)).sentence == "It is dark."


def test_a_refusal_may_name_another_objects_state_and_what_helps() -> None:
    no = refused("fly", Situation("ready", dark=True))
    assert (no.state, no.possible) == ("night", ["wait"])
    no = refused("fly", Situation("ready", wet=True))
    assert (no.state, no.possible) == ("ready", ["look"])


def test_a_verb_without_conditions_is_always_done() -> None:
    assert ask(TABLE, "look", Situation("broken", wet=True, dark=True)) == DONE


def test_what_is_possible_is_what_would_do_something_once_each_by_the_name_of_its_call() -> None:
    assert TABLE.possible(Situation("ready")) == ["look", "fly"]
    assert TABLE.possible(Situation("flying")) == ["look", "come-down"]
    assert TABLE.possible(Situation("broken")) == ["look"]


def test_a_verb_that_is_not_in_the_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        TABLE.check("swim", Situation("ready"))


@pytest.mark.parametrize(
    ("words", "sentence"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c", "d"], "a, b, c or d")]
)
def test_words_in_a_sentence(words: list[str], sentence: str) -> None:
    assert either(*words) == sentence
