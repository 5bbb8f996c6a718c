"""When an alarm's verbs are possible."""

import pytest

from streamhub.alerts import guards
from streamhub.alerts.guards import Situation
from streamhub.errors import NotPossible

VERBS = ("acknowledge", "take", "silence")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", ["open", "acknowledged", "silenced"])
def test_an_alarm_that_is_not_over_can_be_handled(verb: str, state: str) -> None:
    assert guards.check(verb, Situation(state)) is True
    assert guards.refusal(verb, Situation(state)) is None


@pytest.mark.parametrize("verb", VERBS)
def test_a_resolved_alarm_cannot(verb: str) -> None:
    situation = Situation("resolved", owner="anna", asked_by="anna")
    assert guards.refusal(verb, situation) == "The alarm is resolved: its reason is gone."
    with pytest.raises(NotPossible) as refusal:
        guards.check(verb, situation)
    assert (refusal.value.state, refusal.value.possible) == ("resolved", [])


def test_taking_what_is_ones_own_changes_nothing() -> None:
    assert guards.check("take", Situation("acknowledged", owner="anna", asked_by="anna")) is False
    assert guards.check("take", Situation("acknowledged", owner="anna", asked_by="ben")) is True
    assert guards.check("take", Situation("open", owner="", asked_by="")) is True
