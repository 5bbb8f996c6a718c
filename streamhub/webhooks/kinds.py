"""The kinds of events. Apps declare theirs as `event_kinds` (see `streamhub.contributions`)."""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.contributions import contributed

TEST = "test"
ALARM_OPENED = "alarm.opened"
ALARM_RESOLVED = "alarm.resolved"


@dataclass(frozen=True)
class EventKind:
    """`name` is the event's type. `label`: what happens, in words.

    `resource`: it is every state change of rows of that KIND. `usage`: billing engines take it; its data
    has `bytes` and `requests`, which may be negative.
    """

    name: str
    label: str
    resource: str = ""
    usage: bool = False


KINDS = (
    EventKind(ALARM_OPENED, "an alarm opens"),
    EventKind(ALARM_RESOLVED, "an alarm is over"),
)


def event_kinds() -> dict[str, EventKind]:
    """The kinds of all apps by name."""
    return {kind.name: kind for kind in contributed("event_kinds")}


def usage_kinds() -> list[str]:
    return [kind.name for kind in event_kinds().values() if kind.usage]


def of_resource(resource: str) -> EventKind | None:
    """The kind of its state changes; None: they are no events."""
    return next((kind for kind in event_kinds().values() if resource and kind.resource == resource), None)
