"""The decisions on a distribution, as a table: intent and observation in, one step out."""

import pytest

from distributions.decide import Intent, Observed, Step, next_step

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
    ("enabled", "deployed", {**OFF, "status": "InProgress"}, Step.ENABLE),
    ("enabled", "deployed", {**OFF, "status": "Deployed"}, Step.ENABLE),
    ("enabled", "disabling", {**OFF, "status": "InProgress"}, Step.ENABLE),
    ("enabled", "deployed", {**LIVE, "suspected": True}, Step.LOOK_AGAIN),
    ("enabled", "deployed", {**LIVE, "suspected": True, "gone": True}, Step.LOSE),
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
    # somebody enabled it in the console just before the reaper's call
    ("deleted", "deleting", {**LIVE, "status": "Deployed"}, Step.DISABLE),
    ("deleted", "deleting", {**OFF, "status": "InProgress"}, Step.WAIT_DISABLED),
    ("deleted", "disabled", {**OFF, "status": "Deployed", "suspected": True}, Step.LOOK_AGAIN),
    ("disabled", "disabling", {**OFF, "status": "Deployed"}, Step.SETTLE_DISABLED),
    ("disabled", "disabled", {**OFF, "gone": True}, Step.FORGET),
]


@pytest.mark.parametrize(("desired", "state", "observed", "step"), TABLE)
def test_next_step(desired: str, state: str, observed: dict, step: Step) -> None:
    assert next_step(Intent(desired, state), Observed(**observed)) is step
