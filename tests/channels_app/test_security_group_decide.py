"""The decisions on a security group, as a table: intent and observation in, one step out."""

from __future__ import annotations

from itertools import product

import pytest

from channels_app.decide.security_group import Intent, Observed, Step, next_step
from channels_app.models import SecurityGroup

NOTHING = Observed()
SENT = Observed(sent=True)
THERE = Observed(known=True, sent=True)
DOUBTED = Observed(known=True, sent=True, suspected=True)
GONE = Observed(known=True, sent=True, gone=True)
GONE_AFTER_DOUBT = Observed(known=True, sent=True, gone=True, suspected=True)

TABLE = [
    # desired, state, observed, step
    ("present", "pending", NOTHING, Step.FIND_OR_CREATE),
    ("present", "pending", SENT, Step.FIND_OR_CREATE),
    ("present", "pending", THERE, Step.SETTLE),
    ("present", "ready", THERE, Step.SETTLE),
    ("present", "ready", DOUBTED, Step.LOOK_AGAIN),
    ("present", "ready", GONE, Step.FIND_OR_CREATE),
    ("present", "ready", GONE_AFTER_DOUBT, Step.FIND_OR_CREATE),
    # wanted again while it was being deleted
    ("present", "deleting", THERE, Step.SETTLE),
    ("present", "deleting", GONE, Step.FIND_OR_CREATE),
    # refused: it waits for a person
    ("present", "failed", NOTHING, Step.REST),
    ("present", "failed", THERE, Step.REST),
    ("present", "failed", DOUBTED, Step.REST),
    ("present", "failed", GONE, Step.REST),
    # no channel uses it any more
    ("deleted", "pending", NOTHING, Step.FORGET),
    ("deleted", "pending", SENT, Step.FIND_OR_CREATE),
    ("deleted", "ready", THERE, Step.DELETE),
    ("deleted", "ready", DOUBTED, Step.DELETE),
    ("deleted", "deleting", THERE, Step.DELETE),
    ("deleted", "deleting", GONE, Step.FORGET),
    ("deleted", "failed", NOTHING, Step.FORGET),
    ("deleted", "failed", SENT, Step.FIND_OR_CREATE),
    ("deleted", "failed", THERE, Step.DELETE),
]


@pytest.mark.parametrize(("desired", "state", "seen", "step"), TABLE)
def test_next_step(desired: str, state: str, seen: Observed, step: Step) -> None:
    assert next_step(Intent(desired, state), seen) is step


ALL = [Observed(*flags) for flags in product((False, True), repeat=4)]


@pytest.mark.parametrize("state", SecurityGroup.State.values)
def test_a_row_is_only_forgotten_when_nothing_can_be_left_of_it(state: str) -> None:
    for seen in ALL:
        if next_step(Intent("deleted", state), seen) is Step.FORGET:
            assert seen.gone or not (seen.known or seen.sent)


@pytest.mark.parametrize("state", SecurityGroup.State.values)
def test_what_is_wanted_is_never_deleted_or_forgotten(state: str) -> None:
    steps = {next_step(Intent("present", state), seen) for seen in ALL}
    assert not steps & {Step.DELETE, Step.FORGET}
