"""The stop of a MediaLive channel that should not run: before any other step, also of a deletion."""

from __future__ import annotations

from channels_app.decide.observed import Observed
from channels_app.decide.steps import Step

STARTED = frozenset({"STARTING", "RUNNING", "RECOVERING"})


def stop_step(observed: Observed) -> Step | None:
    """Stop an encoder that should not run before any other step: it costs money."""
    if not observed.ml_channel.present:
        return None
    if observed.ml_channel.state in STARTED:
        return Step.WAIT_STOPPED if observed.stop_settling else Step.STOP
    return Step.WAIT_STOPPED if observed.ml_channel.state == "STOPPING" else None
