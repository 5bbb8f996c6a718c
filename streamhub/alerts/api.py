"""The HTTP API of alarms (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router

from streamhub.access.auth import Bearer
from streamhub.access.http import In, Out, Page, Paging, actor_of, one, page
from streamhub.alerts import evaluation, services
from streamhub.alerts.models import Alarm, open_alarms


class ObjectOut(Out):
    """What the alarm is about, such as a job: its kind, id and name."""

    kind: str
    id: str
    name: str


class AlarmOut(Out):
    id: str
    rule: str
    severity: str
    object: ObjectOut
    since: datetime
    detail: str
    hint: str
    owner: str | None
    acknowledged_by: str | None
    note: str | None
    silenced_until: datetime | None
    resolved_at: datetime | None

    @staticmethod
    def resolve_object(row: Alarm) -> dict[str, str]:
        return {"kind": row.kind, "id": row.object_id, "name": row.name}

    @staticmethod
    def resolve_owner(row: Alarm) -> str | None:
        return row.owner or None

    @staticmethod
    def resolve_acknowledged_by(row: Alarm) -> str | None:
        return row.acknowledged_by or None

    @staticmethod
    def resolve_note(row: Alarm) -> str | None:
        return row.note or None


class AlarmFilter(Paging):
    state: Literal["open", "all"] = "open"


class AcknowledgeIn(In):
    note: str = ""


def list_alarms(request: HttpRequest, query: Query[AlarmFilter]) -> dict[str, Any]:
    """Alarms, newest first: the open ones, or all that ever were."""
    evaluation.store_now()
    rows = open_alarms() if query.state == "open" else Alarm.objects.all()
    return page(rows, query.cursor, query.limit, request)


def acknowledge_alarm(request: HttpRequest, id: str, body: AcknowledgeIn | None = None) -> Alarm:
    """Say that somebody has seen it, so that it is not escalated; 409 if it is resolved."""
    note = body.note if body else ""
    return services.alarm_acknowledge(one(Alarm.objects.all(), id), who=actor_of(request), note=note)


def make_router(*, read: Bearer, write: Bearer) -> Router:
    """The operations of alarms. The site says which scopes they need."""
    router = Router(tags=["alarms"])
    router.get("", response=Page[AlarmOut], auth=read)(list_alarms)
    router.post("/{id}/acknowledge", response=AlarmOut, auth=write)(acknowledge_alarm)
    return router
