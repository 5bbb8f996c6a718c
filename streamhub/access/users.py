"""The verbs on users. A user is deactivated, never deleted: what they did keeps its name."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.functions import Now

from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.access.permissions import permit

# Expired sessions that one statement deletes.
BATCH = 1000
LAST = "This is the last active superuser: nobody could manage users any more. Make another one first."


def other_superusers(user: User, *, lock: bool = False) -> int:
    """How many active superusers there are besides the user. `lock`: until the transaction ends."""
    rows = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    if lock:
        rows = rows.select_for_update()
    return len([pk for pk in rows.values_list("pk", flat=True) if pk != user.pk])


def deactivation_refusal(user: User, others: int) -> str | None:
    """Why the user cannot be deactivated; None: they can. `others`: `other_superusers`."""
    if not user.is_active:
        return "They are deactivated already."
    return LAST if user.is_superuser and not others else None


def activation_refusal(user: User) -> str | None:
    return "They are active already." if user.is_active else None


@transaction.atomic
def user_deactivate(user: User, *, who: Actor) -> None:
    """End the user's access: login, sessions, and the tokens that they own. Raises NotPossible, Forbidden.

    The audit's entry is written by `user_signals`, as for every change of a user.
    """
    permit(who, "auth.change_user")
    others = other_superusers(user, lock=True)
    row = User.objects.select_for_update().get(pk=user.pk)
    if refusal := deactivation_refusal(row, others):
        raise audit.refused("deactivate_user", row, refusal, who=who)
    row.is_active = False
    row.save(update_fields=["is_active"])
    sessions_end(row)


@transaction.atomic
def user_activate(user: User, *, who: Actor) -> None:
    """Let the user sign in again; tokens that they own and that are still valid work again."""
    permit(who, "auth.change_user")
    row = User.objects.select_for_update().get(pk=user.pk)
    if refusal := activation_refusal(row):
        raise audit.refused("activate_user", row, refusal, who=who)
    row.is_active = True
    row.save(update_fields=["is_active"])


def sessions_end(user: User) -> int:
    """Delete the user's sessions, so that none comes back with them. Reads all: sessions name no user."""
    ended = [
        row.pk
        for row in Session.objects.iterator()
        if str(row.get_decoded().get(SESSION_KEY, "")) == str(user.pk)
    ]
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)


def sessions_purge() -> int:
    """Delete the sessions that have expired by the database's clock, `BATCH` at a time; returns how many."""
    expired = Session.objects.filter(expire_date__lte=Now())
    deleted = 0
    while keys := list(expired.order_by("expire_date").values_list("pk", flat=True)[:BATCH]):
        deleted += expired.filter(pk__in=keys).delete()[0]
    return deleted
