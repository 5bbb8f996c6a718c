"""The decisions on a distribution as a table: intent and observation in, one step out."""

from itertools import product

import pytest

from distributions.decide import Intent, Observed, Step, next_step
from distributions.models import Desired, State

LIVE = {"known": True, "enabled": True}
OFF = {"known": True, "enabled": False}

TABLE = [
    # desired, state, observed, step
    ("enabled", "pending", {}, Step.CREATE),
    ("enabled", "pending", {"create_sent": True}, Step.CREATE),
    ("enabled", "failed", {}, Step.REST),
    ("enabled", "deploying", {**LIVE, "status": "InProgress"}, Step.WAIT_DEPLOYED),
    ("enabled", "deploying", {**LIVE, "status": "Deployed"}, Step.SETTLE_DEPLOYED),
    ("enabled", "deployed", {**LIVE, "status": "Deployed"}, Step.SETTLE_DEPLOYED),
    ("enabled", "deployed", {**LIVE, "status": "Deployed", "price_due": True}, Step.PRICE),
    ("enabled", "deployed", {**LIVE, "status": "Deployed", "price_due": True, "tags_due": True}, Step.TAG),
    ("enabled", "deployed", {**LIVE, "status": "Deployed", "alias_due": True}, Step.ALIAS),
    ("enabled", "deployed", {**LIVE, "status": "Deployed", "alias_due": True, "price_due": True}, Step.PRICE),
    ("enabled", "deployed", {**LIVE, "status": "Deployed", "point_due": True}, Step.POINT),
    (
        "enabled",
        "deployed",
        {**LIVE, "status": "Deployed", "unpoint_due": True, "settings_due": True},
        Step.UNPOINT,
    ),
    ("enabled", "deploying", {**LIVE, "status": "InProgress", "alias_due": True}, Step.WAIT_DEPLOYED),
    ("deleted", "deleting", {**OFF, "status": "Deployed", "unpoint_due": True}, Step.UNPOINT),
    ("deleted", "missing", {**OFF, "gone": True, "unpoint_due": True}, Step.UNPOINT),
    (
        "enabled",
        "deployed",
        {**LIVE, "status": "Deployed", "alias_due": True, "handed_over": True},
        Step.HANDED_OVER,
    ),
    ("enabled", "deploying", {**LIVE, "status": "InProgress", "price_due": True}, Step.WAIT_DEPLOYED),
    (
        "enabled",
        "deployed",
        {**LIVE, "status": "Deployed", "price_due": True, "handed_over": True},
        Step.HANDED_OVER,
    ),
    ("disabled", "disabled", {**OFF, "status": "Deployed", "price_due": True}, Step.PRICE),
    ("enabled", "deployed", {**OFF, "status": "InProgress"}, Step.ENABLE),
    ("enabled", "deployed", {**OFF, "status": "Deployed"}, Step.ENABLE),
    ("enabled", "disabling", {**OFF, "status": "InProgress"}, Step.ENABLE),
    ("enabled", "deployed", {**LIVE, "suspected": True}, Step.LOOK_AGAIN),
    ("enabled", "deployed", {**LIVE, "suspected": True, "gone": True}, Step.RELEASE_LOST),
    ("enabled", "missing", {**LIVE, "gone": True}, Step.FORGET),
    ("deleted", "pending", {}, Step.FORGET),
    ("deleted", "failed", {}, Step.FORGET),
    ("deleted", "pending", {"create_sent": True}, Step.FIND),
    ("deleted", "deployed", {**LIVE, "status": "Deployed"}, Step.DISABLE),
    ("deleted", "deploying", {**LIVE, "status": "InProgress"}, Step.DISABLE),
    ("deleted", "disabling", {**OFF, "status": "InProgress"}, Step.WAIT_DISABLED),
    ("deleted", "disabling", {**OFF, "status": "Deployed"}, Step.SETTLE_DISABLED),
    ("deleted", "disabled", {**OFF, "status": "Deployed"}, Step.SETTLE_DISABLED),
    ("deleted", "deleting", {**OFF, "status": "Deployed"}, Step.DELETE),
    ("deleted", "deleting", {**OFF, "status": "Deployed", "delete_accepted": True}, Step.WAIT_GONE),
    ("deleted", "deleting", {**OFF, "status": "Deployed", "gone": True}, Step.FORGET),
    # enabled in the console just before the reaper's call
    ("deleted", "deleting", {**LIVE, "status": "Deployed"}, Step.DISABLE),
    ("deleted", "deleting", {**OFF, "status": "InProgress"}, Step.WAIT_DISABLED),
    ("deleted", "disabled", {**OFF, "status": "Deployed", "suspected": True}, Step.LOOK_AGAIN),
    # handed over: nothing is changed, whatever is wanted
    ("deleted", "deployed", {**LIVE, "status": "Deployed", "handed_over": True}, Step.HANDED_OVER),
    ("deleted", "deleting", {**OFF, "status": "Deployed", "handed_over": True}, Step.HANDED_OVER),
    ("enabled", "deployed", {**OFF, "status": "Deployed", "handed_over": True}, Step.HANDED_OVER),
    ("enabled", "deployed", {**LIVE, "status": "Deployed", "handed_over": True}, Step.SETTLE_DEPLOYED),
    ("deleted", "deleting", {**OFF, "gone": True, "handed_over": True}, Step.FORGET),
    ("disabled", "disabling", {**OFF, "status": "Deployed"}, Step.SETTLE_DISABLED),
    ("disabled", "disabled", {**OFF, "gone": True}, Step.FORGET),
]


@pytest.mark.parametrize(("desired", "state", "observed", "step"), TABLE)
def test_each_intent_and_observation_give_one_step(
    desired: str, state: str, observed: dict, step: Step
) -> None:
    assert next_step(Intent(desired, state), Observed(**observed)) is step


PROTECTED_TABLE = [
    # state, observed, step
    ("pending", {"known": True}, Step.REST),
    ("pending", {}, Step.REST),
    ("pending", {**LIVE, "status": "Deployed"}, Step.SETTLE_DEPLOYED),
    ("deployed", {**LIVE, "status": "InProgress"}, Step.WAIT_DEPLOYED),
    ("deployed", {**OFF, "status": "InProgress"}, Step.WAIT_DISABLED),
    ("deployed", {**OFF, "status": "Deployed"}, Step.SETTLE_DISABLED),
    ("deployed", {**LIVE, "suspected": True}, Step.LOOK_AGAIN),
    ("deployed", {**LIVE, "suspected": True, "gone": True}, Step.NOTE_MISSING),
    ("missing", {**LIVE, "status": "Deployed"}, Step.SETTLE_DEPLOYED),
]


@pytest.mark.parametrize(("state", "observed", "step"), PROTECTED_TABLE)
def test_a_protected_distribution_is_only_observed(state: str, observed: dict, step: Step) -> None:
    assert next_step(Intent("enabled", state, protected=True), Observed(**observed)) is step


# Steps that StreamHub never takes on a distribution that belongs to others.
NEVER_TO_PROTECTED = frozenset(
    {Step.CREATE, Step.FIND, Step.ENABLE, Step.DISABLE, Step.DELETE, Step.RELEASE_LOST, Step.FORGET}
)


def test_no_step_writes_to_a_protected_distribution_or_removes_its_row() -> None:
    yesno = (False, True)
    for desired, state in product(Desired.values, State.values):
        for known, sent, enabled, status, suspected, gone, accepted in product(
            yesno, yesno, (None, False, True), ("", "InProgress", "Deployed"), yesno, yesno, yesno
        ):
            observed = Observed(known, sent, enabled, status, suspected, gone, accepted)
            step = next_step(Intent(desired, state, protected=True), observed)
            assert step not in NEVER_TO_PROTECTED, (desired, state, observed)
