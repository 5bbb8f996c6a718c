"""The verbs of breakouts, and what their confirmations say."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import playback, services
from channels_app.admin import handed_over, running_cost
from channels_app.admin import playback as playback_pages
from channels_app.admin.breakout_facts import CURTAIN_HINT
from channels_app.admin.now import breakout_now, length, viewers_sentence
from channels_app.guards import breakout as guards
from channels_app.models import Breakout
from channels_app.models.breakout import State
from channels_app.traffic import last_minutes
from streamhub.clock import database_now
from streamhub.console.verbs import Verb, guarded


def _stop_consequences(row: Breakout) -> list[str]:
    others = handed_over.stop_consequences(row.channel)
    if row.state == State.STOPPING:
        return [gettext("It is stopping already. StreamHub asks AWS once more, now."), *others]
    over = gettext("A completed breakout cannot be started again.")
    return [*_at_stake(row), gettext("The session ends for every viewer."), over, *others]


def _at_stake(row: Breakout) -> list[str]:
    """The channel of a show that is live, for how long it has been on air, and how many watch."""
    if row.state != State.RUNNING:
        return []
    since = row.session_started_at or row.state_since
    minute = last_minutes([row]).get(row.pk)
    return [
        gettext("It is live on the channel %(channel_name)s, for %(database_now)s now.")
        % {"channel_name": row.channel_name, "database_now": length(database_now() - since)},
        f"{viewers_sentence(minute)}",
    ]


def _typed_while_live(row: Breakout) -> str:
    """A live show is stopped by typing, not by a stray click."""
    return "stop" if row.state == State.RUNNING else ""


def _curtain_note(row: Breakout) -> list[str]:
    if not playback.is_protected(row):
        return [str(CURTAIN_HINT)]
    note = playback_pages.lowered_note(row)
    return [(gettext("No new links are given out. %(note)s") % {"note": note}).strip()]


VERBS = (
    Verb(
        name="prepare",
        label=_("Prepare"),
        icon="checklist",
        permission="channels_app.prepare_breakout",
        run=lambda row, who: services.breakout_prepare(row, who=who),
        refusal=guarded(guards.refusal, "prepare"),
        consequences=lambda row: [
            gettext("StreamHub makes sure that a distribution exists, and creates one if there is none."),
            gettext("It reads the channel and the distribution from AWS again. Nothing goes on air."),
        ],
        done=_("it is being prepared. Its readiness is on its page."),
        order=10,
    ),
    Verb(
        name="start",
        label=_("Start"),
        icon="play_circle",
        permission="channels_app.start_breakout",
        run=lambda row, who: services.breakout_start(row, who=who),
        refusal=guarded(guards.refusal, "start"),
        consequences=lambda row: [
            gettext("The channel %(channel_name)s is started, and AWS bills it from then on.")
            % {"channel_name": row.channel_name},
            gettext("Viewers can watch once it is running and its curtain is raised."),
            *running_cost.of_breakout(row),
        ],
        together=running_cost.of_breakouts,
        done=_("it is being started."),
        now=breakout_now,
        costly=True,
        primary=True,
        order=20,
    ),
    playback_pages.VERB,
    Verb(
        name="raise",
        label=_("Raise curtain"),
        icon="visibility",
        permission="channels_app.curtain_breakout",
        run=lambda row, who: services.breakout_curtain(row, True, who=who),
        refusal=guarded(guards.refusal, "raise"),
        consequences=lambda row: [gettext("Its playback URL is given out, and viewers can watch.")],
        done=_("its curtain is raised."),
        order=30,
    ),
    Verb(
        name="lower",
        label=_("Lower curtain"),
        icon="visibility_off",
        permission="channels_app.curtain_breakout",
        run=lambda row, who: services.breakout_curtain(row, False, who=who),
        refusal=guarded(guards.refusal, "lower"),
        consequences=lambda row: [
            gettext("Its playback URL is withheld. The stream goes on."),
            *_curtain_note(row),
        ],
        done=_("its curtain is lowered."),
        order=31,
    ),
    Verb(
        name="stop",
        label=_("Stop"),
        icon="stop_circle",
        permission="channels_app.stop_breakout",
        run=lambda row, who: services.breakout_stop(row, who=who),
        refusal=guarded(guards.refusal, "stop"),
        typed=lambda row: handed_over.id_to_type(row.channel),
        typed_alone=_typed_while_live,
        run_typed=lambda row, who: services.breakout_stop(row, who=who, confirmed=True),
        consequences=_stop_consequences,
        done=_("it is being stopped."),
        now=breakout_now,
        danger=True,
        order=40,
    ),
    Verb(
        name="retry",
        label=_("Retry"),
        icon="refresh",
        permission="channels_app.retry_breakout",
        run=lambda row, who: services.breakout_retry(row, who=who),
        refusal=guarded(guards.refusal, "retry"),
        consequences=lambda row: [
            gettext("It is started again. If its channel has failed too, the channel is retried first."),
            *running_cost.of_breakout(row),
        ],
        together=running_cost.of_breakouts,
        done=_("it is started again."),
        now=breakout_now,
        costly=True,
        primary=True,
        order=15,
    ),
    Verb(
        name="cancel",
        label=_("Cancel"),
        icon="event_busy",
        permission="channels_app.cancel_breakout",
        run=lambda row, who: services.breakout_cancel(row, who=who),
        refusal=guarded(guards.refusal, "cancel"),
        consequences=lambda row: [gettext("It is cancelled for good and cannot be started any more.")],
        done=_("it is cancelled."),
        now=breakout_now,
        danger=True,
        order=60,
    ),
)
