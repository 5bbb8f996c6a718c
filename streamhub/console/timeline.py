"""An object's timeline: its transitions, newest first, with who, why and the AWS request id."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from streamhub.lifecycle.models import Transition

SHOWN = 30


@dataclass(frozen=True)
class Timeline:
    """The newest transitions of one object, and the URL of all of them."""

    entries: list[Transition]
    more: bool
    url: str


def timeline(kind: str, pk: int) -> Timeline:
    rows = list(Transition.objects.filter(resource_type=kind, resource_id=pk).order_by("-id")[: SHOWN + 1])
    return Timeline(rows[:SHOWN], len(rows) > SHOWN, url(kind, pk))


def url(kind: str, pk: int) -> str:
    """The URL of the list of all transitions of one object."""
    query = QueryDict(mutable=True)
    query.update({"resource_type": kind, "resource_id": str(pk)})
    return f"{reverse('admin:lifecycle_transition_changelist')}?{query.urlencode()}"
