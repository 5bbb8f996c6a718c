"""The rules of an alarm's verbs (docs/api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamhub.lifecycle.guards import NO_CALL, Refusal, Rule, Table, rule
from streamhub.translation import gettext as _

RESOLVED = "resolved"


@dataclass(frozen=True)
class Situation:
    """An alarm, and the user who looks at it ("": nobody in particular)."""

    state: str
    owner: str = ""
    asked_by: str = ""


def resolved(situation: Situation, /) -> Refusal | None:
    if situation.state != RESOLVED:
        return None
    return Refusal(_("The alarm is resolved: its reason is gone."), possible=())


def already_theirs(situation: Situation, /) -> str:
    taken = situation.asked_by and situation.owner == situation.asked_by and situation.state != RESOLVED
    return _("It is yours already.") if taken else ""


def rules() -> Mapping[str, Rule[Situation]]:
    """The table. Acknowledging again replaces the note; silencing again replaces the time."""
    return {
        "acknowledge": rule(resolved),
        "take": rule(resolved, repeats=already_theirs, call=NO_CALL),
        "silence": rule(resolved, call=NO_CALL),
    }


TABLE = Table(rules)
check, refusal, possible = TABLE.check, TABLE.refusal, TABLE.possible
