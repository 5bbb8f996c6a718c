"""The verbs of webhook endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.access.actors import Actor
from streamhub.access.snapshot import only_hosts
from streamhub.clock import database_now
from streamhub.console.admin.webhook_forms import ChangeForm, ReplayForm, RotateForm, held, wanted
from streamhub.console.verbs import Verb
from streamhub.errors import NotPossible
from streamhub.webhooks import services
from streamhub.webhooks.models import Endpoint

DELETED = "deleted."


@dataclass(frozen=True)
class Issued:
    """An endpoint and its signing secret, which only goes to the browser of who made it."""

    row: Endpoint
    plain: str

    def __str__(self) -> str:
        return str(self.row)


def _edit(row: Endpoint, who: Actor, **data: Any) -> Endpoint:
    return services.endpoint_edit(row, wanted(data), who=who)


def _rotate(row: Endpoint, who: Actor, overlap_hours: int | None = None) -> Issued:
    overlap = services.OVERLAP if overlap_hours is None else timedelta(hours=overlap_hours)
    return Issued(row, services.endpoint_rotate(row, who=who, overlap=overlap))


def _replay(row: Endpoint, who: Actor, since: datetime, until: datetime | None, which: str) -> str:
    return services.endpoint_replay(row, who=who, since=since, until=until, everything=which == "everything")


def _never(_row: Endpoint, _situation: Any) -> None:
    return None


def _refusal_of(check: Any) -> Any:
    """The refusal that the service has too."""

    def refusal(row: Endpoint, _situation: Any) -> str | None:
        try:
            check(row)
        except NotPossible as refused:
            return refused.detail
        return None

    return refusal


def _initial_replay(row: Endpoint) -> dict[str, Any]:
    since = (row.failing_since or database_now() - timedelta(hours=1)).replace(second=0, microsecond=0)
    return {"since": since, "which": "missed"}


TEST = Verb(
    name="test",
    label=_("Send test event"),
    icon="science",
    permission="webhooks.test_endpoint",
    run=lambda row, who: services.endpoint_test(row, who=who),
    refusal=_refusal_of(services.check_test),
    consequences=lambda row: [
        gettext(
            "%(url)s gets an event of the kind test, signed as all others. The page shows how it is answered."
        )
        % {"url": only_hosts(row.url)}
    ],
    done=_("a test event is on its way."),
    primary=True,
    bulk=False,
    order=10,
)
EDIT = Verb(
    name="edit",
    label=_("Edit"),
    icon="edit",
    permission="webhooks.edit_endpoint",
    run=_edit,
    refusal=_never,
    consequences=lambda row: [gettext("What waits goes to the new URL. The secret stays.")],
    done=_("changed."),
    form=ChangeForm,
    initial=held,
    bulk=False,
    irreversible=True,
    order=20,
)
PAUSE = Verb(
    name="pause",
    label=_("Pause"),
    icon="pause",
    permission="webhooks.pause_endpoint",
    run=lambda row, who: services.endpoint_pause(row, who=who),
    refusal=_refusal_of(services.check_pause),
    consequences=lambda row: [
        gettext("Nothing is sent to it. Its events wait, and are sent after Resume."),
        gettext("Events are kept for 30 days, usage for 400."),
    ],
    done=_("paused."),
    order=30,
)
RESUME = Verb(
    name="resume",
    label=_("Resume"),
    icon="play_arrow",
    permission="webhooks.pause_endpoint",
    run=lambda row, who: services.endpoint_resume(row, who=who),
    refusal=_refusal_of(services.check_resume),
    consequences=lambda row: [gettext("What has waited is sent now, the oldest first.")],
    done=_("resumed."),
    order=31,
)
REPLAY = Verb(
    name="replay",
    label=_("Send again"),
    icon="replay",
    permission="webhooks.replay_endpoint",
    run=_replay,
    refusal=_never,
    consequences=lambda row: [
        gettext("Each event keeps its id, so a receiver that has it already drops it."),
        gettext("It also gets what happened before it was added, as far back as events are kept."),
    ],
    done=_("events are sent again."),
    form=ReplayForm,
    initial=_initial_replay,
    bulk=False,
    order=40,
)
DISMISS = Verb(
    name="dismiss",
    label=_("Dismiss"),
    icon="done_all",
    permission="webhooks.dismiss_endpoint",
    run=lambda row, who: services.endpoint_dismiss(row, who=who),
    refusal=_refusal_of(services.check_dismiss),
    consequences=lambda row: [
        gettext("What it did not get is not sent any more, and the alarm about it ends."),
        gettext("Send again with Everything can still send it."),
    ],
    done=_("dismissed."),
    bulk=False,
    order=50,
)
ROTATE = Verb(
    name="rotate",
    label=_("Rotate secret"),
    icon="autorenew",
    permission="webhooks.rotate_endpoint",
    run=_rotate,
    refusal=_refusal_of(services.check_rotate),
    consequences=lambda row: [
        gettext("It gets a new signing secret, which the next page shows once."),
        gettext(
            "Until then each event carries two signatures, one by the old secret; a receiver takes either."
        ),
    ],
    done=_("rotated."),
    form=RotateForm,
    bulk=False,
    irreversible=True,
    order=60,
)
DELETE = Verb(
    name="delete",
    label=_("Delete"),
    icon="delete",
    permission="webhooks.delete_endpoint",
    run=lambda row, who: services.endpoint_delete(row, who=who),
    refusal=_never,
    consequences=lambda row: [
        gettext("It gets nothing any more, and the record of what it got goes too."),
        gettext("Pause it instead if it will be back."),
    ],
    done=DELETED,
    danger=True,
    irreversible=True,
    bulk=False,
    order=90,
)

VERBS = (TEST, EDIT, PAUSE, RESUME, REPLAY, DISMISS, ROTATE, DELETE)
