"""The limits on channels: counted under one lock, so that two requests never get the same last place."""

from __future__ import annotations

import zlib

from django.conf import settings
from django.db import connection
from django.db.models import Q

from channels_app.guards.places import Places, none_to_create, none_to_run
from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from streamhub.errors import NotPossible

_LOCK = zlib.crc32(b"streamhub places of channels")


def lock_places() -> None:
    """Until the end of the transaction nobody else takes a place. Taken after the channel's row.

    SQLite has one writer, and its transactions begin as one. Without limits there is nothing to lock.
    """
    limited = settings.MAX_CHANNELS is not None or settings.MAX_RUNNING_CHANNELS is not None
    if limited and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def running_places(channel: Channel | None) -> Places:
    """The places to run for this channel. No limit while it has one. One query, and none without a limit."""
    limit = settings.MAX_RUNNING_CHANNELS
    if limit is None or channel is None:
        return Places()
    taken = list(Channel.objects.filter(running()).values_list("pk", flat=True))
    return Places() if channel.pk in taken else Places(len(taken), limit)


def run_refusal() -> str | None:
    """Why no further channel can run now; None: one can. One query, and none without a limit."""
    limit = settings.MAX_RUNNING_CHANNELS
    taken = 0 if limit is None else Channel.objects.filter(running()).count()
    refusal = none_to_run(Places(taken, limit))
    return refusal.sentence if refusal else None


def running() -> Q:
    """Channels that have a place to run: meant to run and not failed, or running anyway.

    One that is stopping has none: the next may start while it ends.
    """
    meant = Q(desired=Desired.RUNNING) & ~Q(state=State.FAILED)
    runs = Q(state__in=(State.STARTING, State.RUNNING))
    encodes = Q(ml_channel_state__in=("STARTING", "RUNNING", "RECOVERING"), ml_channel_gone=False)
    return meant | runs | (encodes & ~Q(state=State.STOPPING))


def channel_places() -> Places:
    """The places for channels. Not counted without a limit."""
    limit = settings.MAX_CHANNELS
    return Places() if limit is None else Places(channel_count(), limit)


def channel_count() -> int:
    """How many channels there are that are not being deleted."""
    return Channel.objects.exclude(desired=Desired.DELETED).count()


def creation_refusal() -> str | None:
    """Why no channel can be created now; None: one can."""
    refusal = none_to_create(channel_places())
    return refusal.sentence if refusal else None


def check_creation() -> None:
    """Raise NotPossible if there is no place for one more channel. Locks the places first."""
    lock_places()
    if refusal := none_to_create(channel_places()):
        raise NotPossible(refusal.sentence, state="full", possible=list(refusal.possible or ()))
