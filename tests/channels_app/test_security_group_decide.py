"""The next step of a security group, as a table of intent, observation and step."""

from __future__ import annotations

from itertools import product

import pytest

from channels_app.decide.security_group import Intent, Observed, Step, next_step
from channels_app.models import SecurityGroup

NOTHING = Observed()
SENT = Observed(sent=True)
PRESENT = Observed(known=True, sent=True)
SUSPECTED = Observed(known=True, sent=True, suspected=True)
GONE = Observed(known=True, sent=True, gone=True)
GONE_AFTER_SUSPICION = Observed(known=True, sent=True, gone=True, suspected=True)

TAKEN = Observed(known=True, sent=True, handed_over=True)

TABLE = [
    # desired, state, observed, step
    ("present", "pending", NOTHING, Step.FIND_OR_CREATE),
    ("present", "pending", SENT, Step.FIND_OR_CREATE),
    ("present", "pending", PRESENT, Step.SETTLE),
    ("present", "ready", PRESENT, Step.SETTLE),
    ("present", "ready", SUSPECTED, Step.LOOK_AGAIN),
    ("present", "ready", GONE, Step.FIND_OR_CREATE),
    ("present", "ready", GONE_AFTER_SUSPICION, Step.FIND_OR_CREATE),
    # used again while it was being deleted
    ("present", "deleting", PRESENT, Step.SETTLE),
    ("present", "deleting", GONE, Step.FIND_OR_CREATE),
    # refused: it waits for a retry
    ("present", "failed", NOTHING, Step.REST),
    ("present", "failed", PRESENT, Step.REST),
    ("present", "failed", SUSPECTED, Step.REST),
    ("present", "failed", GONE, Step.REST),
    # no channel uses it any more
    ("deleted", "pending", NOTHING, Step.FORGET),
    ("deleted", "pending", SENT, Step.FIND_OR_CREATE),
    ("deleted", "ready", PRESENT, Step.DELETE),
    ("deleted", "ready", SUSPECTED, Step.DELETE),
    ("deleted", "deleting", PRESENT, Step.DELETE),
    ("deleted", "deleting", GONE, Step.FORGET),
    ("deleted", "failed", NOTHING, Step.FORGET),
    ("deleted", "failed", SENT, Step.FIND_OR_CREATE),
    ("deleted", "failed", PRESENT, Step.DELETE),
    # handed over to others: not deleted, but it may still be used
    ("deleted", "ready", TAKEN, Step.HANDED_OVER),
    ("deleted", "deleting", TAKEN, Step.HANDED_OVER),
    ("present", "ready", TAKEN, Step.SETTLE),
]


@pytest.mark.parametrize(("desired", "state", "observed", "step"), TABLE)
def test_next_step(desired: str, state: str, observed: Observed, step: Step) -> None:
    assert next_step(Intent(desired, state), observed) is step


ALL = [Observed(*flags) for flags in product((False, True), repeat=5)]


@pytest.mark.parametrize("state", SecurityGroup.State.values)
def test_a_row_is_deleted_only_if_the_group_cannot_exist(state: str) -> None:
    for observed in ALL:
        if next_step(Intent("deleted", state), observed) is Step.FORGET:
            assert observed.gone or not (observed.known or observed.sent)


@pytest.mark.parametrize("state", SecurityGroup.State.values)
def test_a_group_with_desired_present_is_never_deleted(state: str) -> None:
    steps = {next_step(Intent("present", state), observed) for observed in ALL}
    assert not steps & {Step.DELETE, Step.FORGET}
