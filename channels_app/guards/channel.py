"""The rules of a channel's verbs (docs/api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels_app.guards.places import Places, none_to_run
from channels_app.models.breakout import NEEDS_CHANNEL
from channels_app.models.channel import Desired, State
from streamhub.lifecycle.guards import NO_CALL, Refusal, Rule, Table, rule
from streamhub.translation import gettext as _
from streamhub.translation import gettext_noop


@dataclass(frozen=True)
class Situation:
    """A channel and its breakout on air. `outdated`: it has other settings than the house's.

    `on_air`: the breakout's name ("": none); `on_air_state`: its state; `may_run`: MediaLive runs or may run;
    `runs`: it runs or is asked to. `kept_warm`: it has a time until which it is kept warm. `second_attached`:
    MediaLive's channel has the second input. `restarting`: a restart of its pipelines was requested.
    `places`: to run; no limit if it runs already.
    """

    state: str
    desired: str
    on_air: str = ""
    on_air_state: str = ""
    may_run: bool = False
    runs: bool = False
    has_error: bool = False
    has_distribution: bool = False
    has_endpoint: bool = True
    built: bool = True
    outdated: bool = False
    kept_warm: bool = False
    has_second_input: bool = False
    second_attached: bool = True
    restarting: bool = False
    places: Places = field(default_factory=Places)


def already_deleting(situation: Situation) -> str:
    return _("It is being deleted already.") if situation.desired == Desired.DELETED else ""


def being_deleted(situation: Situation) -> Refusal | None:
    return Refusal(_("The channel is being deleted.")) if situation.desired == Desired.DELETED else None


def on_air(situation: Situation) -> Refusal | None:
    if not situation.on_air:
        return None
    sentence = _("The breakout %(on_air)s is on air on this channel. Stop the breakout first.") % {
        "on_air": repr(situation.on_air)
    }
    return Refusal(sentence, possible=(gettext_noop("stop the breakout"),))


def needed_by_breakout(situation: Situation) -> Refusal | None:
    """A starting or running breakout needs the channel; a stopping one does not."""
    return on_air(situation) if situation.on_air_state in NEEDS_CHANNEL else None


def not_running(situation: Situation) -> Refusal | None:
    return None if situation.may_run else Refusal(_("MediaLive is not running. There is nothing to stop."))


def encoder_runs(situation: Situation) -> Refusal | None:
    """MediaLive takes another profile or recording only while its channel is idle (AWS_RULES 15)."""
    if not situation.runs:
        return None
    show = (
        _(" The breakout %(on_air)s is on air.") % {"on_air": repr(situation.on_air)}
        if situation.on_air
        else ""
    )
    sentence = _("MediaLive changes profile and recording only while its channel is idle.%(show)s") % {
        "show": show
    }
    return Refusal(
        _("%(sentence)s Change them after the stop.") % {"sentence": sentence},
        possible=(gettext_noop("edit the other fields"),),
    )


def nothing_to_retry(situation: Situation) -> Refusal | None:
    return (
        None
        if situation.state == State.FAILED or situation.has_error
        else Refusal(_("There is nothing to retry."))
    )


def distribution_attached(situation: Situation) -> Refusal | None:
    if not situation.has_distribution:
        return None
    sentence = _("It already has a distribution. Detach that one first.")
    return Refusal(sentence, possible=(gettext_noop("detach the distribution"),))


def no_endpoint(situation: Situation) -> Refusal | None:
    if situation.has_endpoint:
        return None
    return Refusal(_("Its origin endpoint does not exist yet. Wait until the channel is created."))


def not_built(situation: Situation) -> Refusal | None:
    if situation.built:
        return None
    return Refusal(_("Its AWS resources are not complete yet. What is created gets the present settings."))


def up_to_date(situation: Situation) -> str:
    """While on air it is refused, whatever would be sent."""
    nothing = not (situation.outdated or situation.on_air or situation.desired == Desired.DELETED)
    return _("It has the present settings already.") if nothing and situation.built else ""


def failed(situation: Situation) -> Refusal | None:
    if situation.state != State.FAILED:
        return None
    return Refusal(_("The channel has failed and cannot run. Retry it first."), possible=("retry",))


def no_place(situation: Situation) -> Refusal | None:
    return none_to_run(situation.places)


def no_place_again(situation: Situation) -> Refusal | None:
    """A failed channel has no place. It needs one again if it is wanted running, such as one kept warm."""
    return no_place(situation) if situation.desired == Desired.RUNNING else None


def not_kept_warm(situation: Situation) -> str:
    return "" if situation.kept_warm else _("It is not kept warm.")


def not_on_air_yet(situation: Situation) -> Refusal | None:
    """MediaLive takes rescue verbs while its channel runs."""
    if situation.state == State.RUNNING:
        return None
    return Refusal(_("It does not run. MediaLive takes this only while the channel runs."))


def no_second_input(situation: Situation) -> Refusal | None:
    if situation.has_second_input:
        return None
    return Refusal(_("It has no second input. One is given when a channel is created."))


def second_away(situation: Situation) -> Refusal | None:
    if situation.second_attached:
        return None
    return Refusal(_("MediaLive's channel has only its main input now. Its error says what to do."))


def already_restarting(situation: Situation) -> str:
    return _("The restart is under way already.") if situation.restarting else ""


def rules() -> Mapping[str, Rule[Situation]]:
    """The table. A repeated stop is not refused: it sends the request to AWS again at once."""
    return {
        "create-breakout": rule(being_deleted, call=NO_CALL),
        "create-distribution": rule(being_deleted, distribution_attached, no_endpoint, call="distribution"),
        "retry": rule(nothing_to_retry, no_place_again),
        "tags": rule(being_deleted, call="edit"),
        "apply-settings": rule(being_deleted, on_air, not_built, repeats=up_to_date),
        "warm": rule(being_deleted, failed, no_place),
        "cool": rule(being_deleted, repeats=not_kept_warm, call="warm"),
        "schedule": rule(being_deleted),
        "edit": rule(being_deleted),
        "switch-input": rule(being_deleted, no_second_input, not_on_air_yet, second_away),
        "restart-pipelines": rule(being_deleted, not_on_air_yet, repeats=already_restarting),
        "stop": rule(needed_by_breakout, not_running, call=NO_CALL),
        "delete": rule(on_air, repeats=already_deleting),
    }


def encoder_rules() -> Mapping[str, Rule[Situation]]:
    """An edit that needs UpdateChannel: of the profile or of the recording."""
    return {"edit": rule(being_deleted, encoder_runs)}


TABLE = Table(rules)
ENCODER_TABLE = Table(encoder_rules, TABLE)
check, refusal, possible = TABLE.check, TABLE.refusal, TABLE.possible
