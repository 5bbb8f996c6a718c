"""The playback link of a breakout: signed for its viewers where CloudFront asks for signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import cookies, playback
from channels_app.decide.validity import Plan, ends_at
from channels_app.guards import breakout as guards
from channels_app.models import Breakout
from channels_app.models.breakout import State
from channels_app.services.situations import breakout_situation
from distributions import signing
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import Invalid, NotPossible

NO_URL = _(
    "There is no playback URL yet: its channel has no distribution with a domain. Prepare creates one."
)


@dataclass(frozen=True)
class Playback:
    """How to play a breakout. Without `protected` the URL alone is enough, and nothing expires.

    `query`: what every request for the playlist and for its segments carries. It plays whatever runs on the
    channel until `expires_at`, so it is not for logs.
    """

    url: str
    protected: bool
    query: str = ""
    expires_at: datetime | None = None
    # The same signature as cookies, and the domain for which the house's site sets them.
    cookies: Mapping[str, str] | None = None
    cookie_domain: str | None = None

    @property
    def signed_url(self) -> str | None:
        return f"{self.url}?{self.query}" if self.query else None

    @property
    def audited(self) -> str:
        """What the audit says of it."""
        if self.expires_at is None:
            return gettext("not protected: the URL never expires")
        return gettext("signed until %(expires_at)s UTC") % {
            "expires_at": f"{self.expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        }


def _about(breakout: Breakout, **_given: Any) -> audit.Subject:
    return audit.Subject.of(breakout)


@transaction.atomic
@audit.verb("channels_app.playback_breakout", about=_about)
def breakout_playback(breakout: Breakout, *, who: Actor, expires_in_seconds: int | None = None) -> Playback:
    """Give out the playback link. Calls nothing on AWS, and locks nothing but the breakout, for a moment.

    The last end of what was signed is kept on the breakout. Raises `Invalid`; `NotPossible` unless it is
    running with its curtain raised, and if StreamHub cannot sign as its distribution asks.
    """
    if expires_in_seconds is not None and expires_in_seconds < 1:
        raise Invalid({"expires_in_seconds": gettext("Give 1 second or more, or leave it out.")})
    row = _running(breakout)
    channel = row.channel
    url = playback.url(channel) if channel is not None else None
    if channel is None or channel.distribution is None or url is None:
        raise NotPossible(str(NO_URL), state=row.state, possible=["prepare"])
    if not signing.groups_of(channel.distribution):
        return Playback(url, protected=False)
    now = database_now()
    end = ends_at(
        now,
        plan_of(row, now),
        tail=timedelta(seconds=settings.USAGE_TAIL_SECONDS),
        unplanned=timedelta(seconds=settings.PLAYBACK_SECONDS),
        asked=expires_in_seconds,
    )
    signature = signing.sign(channel.distribution, playback.resource(url), end)
    _keep_end(row, end)
    link = Playback(url, protected=True, query=signature.query, expires_at=end)
    domain = cookies.cookie_domain(url)
    return replace(link, cookies=signature.cookies, cookie_domain=domain) if domain else link


def _running(breakout: Breakout) -> Breakout:
    """The breakout as it is now. Raises `NotPossible` unless its viewers may watch."""
    row = Breakout.objects.select_related("channel__distribution").filter(pk=breakout.pk).first()
    if row is None:
        raise NotPossible(gettext("The breakout is deleted."), state="deleted")
    if guards.LINKS.refusal("playback", guards.Situation(row.state, row.curtain_raised)):
        guards.LINKS.check("playback", breakout_situation(row))  # says what is possible instead
    return row


def _keep_end(row: Breakout, end: datetime) -> None:
    """Keep the last end. Raises `NotPossible` if the show ended or its curtain was lowered just now."""
    running = Breakout.objects.filter(pk=row.pk, state=State.RUNNING, curtain_raised=True)
    if not running.update(signed_until=Greatest(Coalesce("signed_until", Value(end)), Value(end))):
        _running(row)
        sentence = gettext("The breakout has just changed. Try again.")
        raise NotPossible(sentence, state=row.state, possible=["playback"])


def plan_of(breakout: Breakout, now: datetime) -> Plan:
    """When the breakout should end, and when the next one should begin on its channel. One query."""
    others = Breakout.objects.filter(channel=breakout.channel, state=State.IDLE).exclude(pk=breakout.pk)
    planned = others.values_list("starts_at", "duration_minutes")
    plans = [(start, minutes) for start, minutes in planned if start is not None]
    return Plan(
        end=breakout.planned_end_at,
        next_start=min((start for start, _minutes in plans if start > now), default=None),
        next_due=any(start <= now < _latest(start, minutes) for start, minutes in plans),
    )


def _latest(starts_at: datetime, minutes: int | None) -> datetime:
    """Until when a plan that has not begun counts."""
    length = timedelta(minutes=minutes) if minutes else timedelta(seconds=settings.PLAYBACK_SECONDS)
    return starts_at + length
