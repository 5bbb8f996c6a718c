"""The buttons of the control room: what can be done now, and on the others why not and what to do instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels_app.guards import breakout as guards
from streamhub.console.derived_names import in_words
from streamhub.console.verbs import Offer

# The verbs of its channel that belong to a running show.
OF_CHANNEL = ("switch-input", "restart-pipelines")
# In the order of the page, with the key of each. Not asked by name: verbs that only edit what is planned.
KEYS = {
    "prepare": "p",
    "start": "s",
    "retry": "r",
    "take-over": "t",
    "raise": "c",
    "lower": "c",
    "playback": "k",
    "extend": "e",
    "switch-input": "i",
    "restart-pipelines": "n",
    "stop": "x",
    "cancel": "b",
}
# What to do instead of a verb that the state does not allow: the first of these that is possible.
INSTEAD = {
    "prepare": ("duplicate",),
    "start": ("stop", "duplicate"),
    "retry": ("start", "stop"),
    "take-over": ("start", "stop"),
    "raise": ("lower", "start", "duplicate"),
    "lower": ("raise", "start", "duplicate"),
    "playback": ("start", "take-over", "raise"),
    "extend": ("edit", "duplicate"),
    "stop": ("cancel", "duplicate"),
    "cancel": ("stop", "duplicate"),
}
# What is possible again once a failed show is retried.
AFTER_RETRY = ("start", "take-over", "playback")
# Left out where they are of no use, rather than shown with a reason.
ONLY_IN = {"retry": ("failed",), "cancel": ("idle", "starting")}


@dataclass(frozen=True)
class Button:
    """`reason`: why it is not possible, "" if it is. `instead`: labels of what to do then."""

    offer: Offer
    url: str
    key: str
    reason: str
    instead: Sequence[str]


def buttons(offers: Sequence[Offer], situation: guards.Situation, suffix: str) -> list[Button]:
    """The buttons of these offers, in their order. `suffix`: added to the URLs."""
    labels = {offer.verb.name: str(offer.verb.label) for offer in offers}
    possible = {offer.verb.name for offer in offers if offer.possible}
    shown = [offer for name in KEYS for offer in offers if offer.verb.name == name]
    return [
        Button(
            offer,
            f"{offer.url}{suffix}",
            KEYS[offer.verb.name],
            offer.reason or "",
            [] if offer.possible else _instead(offer.verb.name, situation, labels, possible),
        )
        for offer in shown
        if _is_of_use(offer, situation)
    ]


def _is_of_use(offer: Offer, situation: guards.Situation) -> bool:
    """Of raise and lower one, and what its state can ever have."""
    name = offer.verb.name
    if name in ("raise", "lower"):
        return (name == "lower") == situation.curtain_raised
    return offer.possible or name not in ONLY_IN or situation.state in ONLY_IN[name]


def _instead(name: str, situation: guards.Situation, labels: dict[str, str], possible: set[str]) -> list[str]:
    if name in AFTER_RETRY and "retry" in possible:
        return [labels["retry"]]
    named = guards.TABLE.instead(name, situation) if name in guards.rules() else []
    if named:
        return [labels.get(each) or in_words(each) for each in named]
    return [labels[each] for each in INSTEAD.get(name, ()) if each in possible][:1]
