"""A sample `api.py` for Django's groups, which the tests call over HTTP."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Query, Router

from streamhub.access.api import make_api
from streamhub.access.http import In, Moment, Out, Page, Paging, actor_of, one, page, scope
from streamhub.errors import Forbidden, Invalid, NotPossible

GROUPS = "/api/v1/groups"
router = Router(tags=["groups"])

# Tests with threads stop an operation here: it sets `entered`, then waits for `go`.
entered = threading.Event()
go = threading.Event()
go.set()


class GroupIn(In):
    name: str
    size: int = 0
    starts_at: Moment | None = None


class GroupOut(Out):
    id: str
    name: str


class Filter(Paging):
    name: str | None = None


class TimesOut(Out):
    utc: datetime
    elsewhere: datetime


@router.get("", response=Page[GroupOut], auth=scope("channels:read"))
def group_list(request: HttpRequest, query: Query[Filter]) -> dict[str, Any]:
    groups = Group.objects.filter(name__startswith=query.name or "")
    return page(groups, query.cursor, query.limit, request)


@router.post("", response={201: GroupOut}, auth=scope("channels:write"))
def group_create(request: HttpRequest, body: GroupIn) -> Group:
    group = Group.objects.create(name=f"{body.name} {Group.objects.count()}")
    entered.set()
    go.wait(10)
    if body.name == "bad":
        raise NotPossible("The group is bad.", state="bad", possible=["be good"])
    if body.name == "broken":
        raise RuntimeError("made up")
    return group


@router.get("/times", response=TimesOut, auth=scope("channels:read"))
def times(request: HttpRequest) -> dict[str, datetime]:
    moment = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    return {"utc": moment, "elsewhere": moment.astimezone(timezone(timedelta(hours=2)))}


@router.get("/whoami", response=str)
def whoami(request: HttpRequest) -> str:
    return str(actor_of(request))


@router.get("/raise/{what}", auth=scope("channels:read"))
def fail(request: HttpRequest, what: str) -> None:
    raise {
        "not-possible": NotPossible("The breakout runs.", state="running", possible=["stop"]),
        "invalid": Invalid({"name": "Taken.", "tags": "Too many."}),
        "forbidden": Forbidden("Not you."),
        "permission": PermissionDenied(),
        "unexpected": RuntimeError("a secret"),
    }[what]


@router.get("/{group_id}", response=GroupOut, auth=scope("channels:read"))
def group_read(request: HttpRequest, group_id: str) -> Group:
    return one(Group.objects.all(), group_id)


@router.post("/{group_id}", response={202: GroupOut}, auth=scope("channels:write"))
def group_touch(request: HttpRequest, group_id: str) -> Group:
    return one(Group.objects.all(), group_id)


@router.delete("/{group_id}", response={202: GroupOut}, auth=scope("channels:write"))
def group_delete(request: HttpRequest, group_id: str) -> GroupOut:
    group = one(Group.objects.all(), group_id)
    answer = GroupOut.model_validate(group)
    group.delete()
    return answer


api = make_api("dummy")
api.add_router("/groups", router)
