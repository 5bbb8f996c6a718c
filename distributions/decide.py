"""Decide the next step of a distribution: a pure function of intent and observation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from distributions.models import Desired, State


class Step(StrEnum):
    """One reconcile step. Each value completes the sentence "could not …"."""

    CREATE = "create the distribution"
    FIND = "find out whether the distribution was created"
    ENABLE = "enable the distribution"
    DISABLE = "disable the distribution"
    DELETE = "delete the distribution"
    LOOK_AGAIN = "make sure that the distribution is gone"
    RELEASE_LOST = "give up the lost distribution"
    FORGET = "remove the distribution's row"
    WAIT_DEPLOYED = "wait for the deployment"
    WAIT_DISABLED = "wait for the disable to be deployed"
    WAIT_GONE = "wait for the deletion"
    SETTLE_DEPLOYED = "note that the distribution is deployed"
    SETTLE_DISABLED = "note that the distribution is disabled"
    TAG = "change the tags of the distribution"
    SETTINGS = "apply the settings to the distribution"
    PRICE = "change the price class of the distribution"
    ALIAS = "give the distribution its alias"
    POINT = "point the alias' DNS record to the distribution"
    UNPOINT = "remove the DNS record of the distribution's alias"
    HANDED_OVER = "change a distribution that was handed over to others"
    NOTE_MISSING = "note that the shared distribution is missing"
    REST = "rest"


@dataclass(frozen=True)
class Intent:
    """What the row wants (`desired`) and the state it has reached.

    A `protected` distribution belongs to somebody else: StreamHub only observes it.
    """

    desired: str
    state: str
    protected: bool = False


@dataclass(frozen=True)
class Observed:
    """What the row knows of CloudFront.

    `known`: the row has an id. `create_sent`: a create was sent and its outcome is not known.
    `enabled` and `status`: CloudFront's own values. `handed_over`: neither Comment nor tags are ours.
    `tags_due`, `settings_due`, `price_due`: CloudFront does not have the tags, the settings of delivery, or
    the price class, as they are wanted now. `alias_due`, `point_due`: it lacks its alias, or DNS does not
    lead there. `unpoint_due`: it has a DNS record of ours that it is not to have. `refused`: the step whose
    refusal the row shows.
    """

    known: bool = False
    create_sent: bool = False
    enabled: bool | None = None
    status: str = ""
    suspected: bool = False
    gone: bool = False
    delete_accepted: bool = False
    handed_over: bool = False
    tags_due: bool = False
    settings_due: bool = False
    price_due: bool = False
    alias_due: bool = False
    point_due: bool = False
    unpoint_due: bool = False
    refused: Step | None = None

    @property
    def deployed(self) -> bool:
        return self.status == "Deployed"


# The steps that change an existing distribution. None is taken once it was handed over.
CHANGES_IT = frozenset(
    {Step.ENABLE, Step.DISABLE, Step.DELETE, Step.TAG, Step.SETTINGS, Step.PRICE, Step.ALIAS}
    | {Step.POINT, Step.UNPOINT}
)
# Tags, settings, price class and alias wait until it has settled, so that a refusal holds nothing else up,
# and a new one plays by its own domain at once.
SETTLED = {Step.SETTLE_DEPLOYED: State.DEPLOYED, Step.SETTLE_DISABLED: State.DISABLED}

# Of these AWS may refuse each without harm to the others. A record goes before its alias does, so that it
# never leads to where nothing answers to it; the settings come early, as viewers may wait for a header.
ORDER = (Step.UNPOINT, Step.SETTINGS, Step.TAG, Step.PRICE, Step.ALIAS, Step.POINT)


def next_step(intent: Intent, observed: Observed) -> Step:
    """The one step that brings CloudFront nearer to the intent. What was handed over is not changed."""
    step = _wanted_step(intent, observed)
    if not intent.protected and SETTLED.get(step) == intent.state:
        step = _change_step(observed) or step
    return Step.HANDED_OVER if observed.handed_over and step in CHANGES_IT else step


def goes_on(intent: Intent, observed: Observed) -> bool:
    """Whether something else is due behind the step that CloudFront has just refused."""
    settled = SETTLED.get(_wanted_step(intent, observed)) == intent.state
    return settled and not intent.protected and bool(_behind_refused(observed))


def _change_step(observed: Observed) -> Step | None:
    """What a settled distribution still lacks.

    What was refused is tried again after the rest, so that it holds nothing up.
    """
    return next(iter(_behind_refused(observed) or _pending(observed)), None)


def _behind_refused(observed: Observed) -> list[Step]:
    if observed.refused not in ORDER:
        return []
    place = ORDER.index(observed.refused)
    return [step for step in _pending(observed) if ORDER.index(step) > place]


def _pending(observed: Observed) -> list[Step]:
    """In the order of `ORDER`. The settings, which take the alias off, wait for its record to go.

    The record waits for the alias.
    """
    due = {
        Step.UNPOINT: observed.unpoint_due,
        Step.SETTINGS: observed.settings_due and not observed.unpoint_due,
        Step.TAG: observed.tags_due,
        Step.PRICE: observed.price_due,
        Step.ALIAS: observed.alias_due,
        Step.POINT: observed.point_due and not observed.alias_due,
    }
    return [step for step in ORDER if due[step]]


def _wanted_step(intent: Intent, observed: Observed) -> Step:
    if intent.protected:
        return _observe_only(observed)
    if intent.state == State.MISSING or (observed.gone and intent.desired != Desired.ENABLED):
        return Step.UNPOINT if observed.unpoint_due else Step.FORGET
    if observed.gone:
        return Step.RELEASE_LOST
    if observed.suspected:
        return Step.LOOK_AGAIN
    if not observed.known:
        return _without_id(intent, observed)
    if observed.delete_accepted:
        return Step.WAIT_GONE
    if intent.state == State.DELETING and not observed.enabled and observed.deployed:
        # A record that leads to a deleted distribution could be taken over by others.
        return Step.UNPOINT if observed.unpoint_due else Step.DELETE
    if intent.desired == Desired.ENABLED:
        return _towards_enabled(observed)
    return _towards_disabled(observed)


def _observe_only(observed: Observed) -> Step:
    """For a protected distribution: no step writes to it, releases it or removes its row."""
    if observed.gone:
        return Step.NOTE_MISSING
    if observed.suspected:
        return Step.LOOK_AGAIN
    if not observed.known or observed.enabled is None:
        return Step.REST
    if observed.enabled:
        return Step.SETTLE_DEPLOYED if observed.deployed else Step.WAIT_DEPLOYED
    return Step.SETTLE_DISABLED if observed.deployed else Step.WAIT_DISABLED


def _without_id(intent: Intent, observed: Observed) -> Step:
    if intent.desired == Desired.ENABLED:
        return Step.REST if intent.state == State.FAILED else Step.CREATE
    return Step.FIND if observed.create_sent else Step.FORGET


def _towards_enabled(observed: Observed) -> Step:
    if not observed.enabled:
        return Step.ENABLE
    return Step.SETTLE_DEPLOYED if observed.deployed else Step.WAIT_DEPLOYED


def _towards_disabled(observed: Observed) -> Step:
    if observed.enabled:
        return Step.DISABLE
    return Step.SETTLE_DISABLED if observed.deployed else Step.WAIT_DISABLED
