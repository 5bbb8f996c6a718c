"""The rows of one rehearsal: how they are made and marked, and found again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels_app import services
from channels_app.models import Breakout, Channel, SecurityGroup
from channels_app.models.breakout import State as BreakoutState
from distributions.models import Desired, Distribution
from drift.rehearsal.outcome import StepError, StepFailed
from streamhub.access.actors import system_actor
from streamhub.clock import database_now
from streamhub.lifecycle.models import HasError, Transition

WHO = system_actor("rehearse")
# The tag on every row and resource of a rehearsal; its value is the run's.
TAG = "rehearsal"
# An address of RFC 5737, which nobody has: the input lets nobody push.
CIDR = "198.51.100.99/32"
# A show that nobody ends, because the command was killed, ends by itself after this.
SHOW_MINUTES = 30
NOTE = (
    "Made by manage.py rehearse, which also stops it and deletes its channel. If that command does not run "
    "any more, run it again: it names this channel and cleans it up."
)


@dataclass
class Rows:
    """The rows of one rehearsal. Ids and uids are kept, because rows go while AWS is still asked about them.

    `owners`: the uids in the marks of its resources. `on_air`, `distributed`: whether it ever was, whether it
    ever had a distribution.
    """

    name: str
    run: str
    channel_pk: int | None = None
    breakout_pk: int | None = None
    group_pk: int | None = None
    owners: set[str] = field(default_factory=set)
    on_air: bool = False
    distributed: bool = False

    @classmethod
    def new(cls) -> Rows:
        run = secrets.token_hex(8)
        return cls(f"rehearsal {database_now():%Y-%m-%d %H:%M} {run[:4]}", run)

    # --- found again -----------------------------------------------------------------------

    def channel(self) -> Channel | None:
        """Its channel as it is now; None: not created yet, or gone. Remembers whose marks to look for."""
        rows = Channel.objects.select_related("distribution", "security_group")
        row = rows.filter(pk=self.channel_pk).first() if self.channel_pk else None
        if row is not None:
            self.owners.add(row.uid)
            self._note_group(row.security_group)
        return row

    def _note_group(self, group: SecurityGroup | None) -> None:
        """Its security group, if it was made for it; others may share one."""
        if group is not None and self.group_pk is None and made_by_a_rehearsal(group):
            self.group_pk = group.pk
            self.owners.add(group.uid)

    def breakout(self) -> Breakout | None:
        rows = Breakout.objects.select_related("channel__distribution", "channel__security_group")
        return rows.filter(pk=self.breakout_pk).first() if self.breakout_pk else None

    def distributions(self) -> list[Distribution]:
        """Those that carry its tag, replaced ones too."""
        found = list(Distribution.objects.filter(**{f"tags__{TAG}": self.run}))
        self.owners |= {row.uid for row in found}
        self.distributed = self.distributed or bool(found)
        return found

    def group(self) -> SecurityGroup | None:
        """Its own security group, unless others use it by now."""
        row = SecurityGroup.objects.filter(pk=self.group_pk).first() if self.group_pk else None
        if row is None:
            return None
        used = any(channel.pk != self.channel_pk for channel in row.channels.all())
        if used:
            self.owners.discard(row.uid)
        return None if used else row

    def existing(self) -> set[str]:
        """What there is, in the words of `plan.NEEDS`."""
        channel, breakout = self.channel(), self.breakout()
        self.distributions()
        on_air = breakout is not None and breakout.state not in (
            BreakoutState.IDLE,
            BreakoutState.COMPLETED,
            BreakoutState.CANCELLED,
        )
        self.on_air = self.on_air or on_air
        there = {
            "channel": channel is not None,
            "distribution": self.distributed,
            "show on air": on_air,
            "show": self.on_air,
            "resource": bool(self.owners),
        }
        return {word for word, is_there in there.items() if is_there}

    # --- made ------------------------------------------------------------------------------

    def create_channel(self) -> None:
        """Create the channel, once: the database may have been away when this was asked before."""
        made = Channel.objects.filter(**{f"tags__{TAG}": self.run}).first()
        row = made or services.channel_create(self.name, who=WHO, allowed_cidrs=[CIDR], tags={TAG: self.run})
        self.channel_pk = row.pk
        self.owners.add(row.uid)

    def create_breakout(self) -> None:
        """Create the breakout, once, and prepare it."""
        channel = self.required_channel()
        made = Breakout.objects.filter(channel_uid=channel.uid).first()
        row = made or services.breakout_create(
            channel,
            self.name,
            who=WHO,
            duration_minutes=SHOW_MINUTES,
            note=NOTE,
            schedule={"auto_stop": True},
        )
        self.breakout_pk = row.pk
        services.breakout_prepare(row, who=WHO)

    def required_channel(self) -> Channel:
        """Raises `StepFailed` if somebody deleted it meanwhile."""
        row = self.channel()
        if row is None:
            raise StepFailed(
                StepError("gone", "The channel is gone: somebody deleted it during the rehearsal.")
            )
        return row

    def required_breakout(self) -> Breakout:
        row = self.breakout()
        if row is None or row.channel is None:
            raise StepFailed(StepError("gone", "The breakout or its channel is gone: somebody deleted it."))
        return row


def made_by_a_rehearsal(row: Any) -> bool:
    """Whether the history says so: a tag can be set by anybody."""
    made = Transition.objects.filter(resource_type=row.KIND, resource_id=row.pk, from_state="")
    return made.filter(who=str(WHO)).exists()


def former() -> list[Rows]:
    """What former rehearsals left, the oldest first: channels, then distributions that outlived theirs."""
    found = []
    for channel in Channel.objects.filter(tags__has_key=TAG).order_by("pk"):
        if made_by_a_rehearsal(channel):
            breakout = Breakout.objects.filter(channel=channel).order_by("-pk").first()
            run, shown = str(channel.tags[TAG]), breakout.pk if breakout else None
            found.append(Rows(channel.name, run, channel.pk, shown))
    runs = {each.run for each in found}
    tagged = Distribution.objects.filter(tags__has_key=TAG, attached=False, desired=Desired.DELETED)
    alone = [row for row in tagged.order_by("pk") if row.tags[TAG] not in runs]
    return found + [Rows(row.owner_label, str(row.tags[TAG])) for row in alone]


def trouble(rows: list[HasError | None], since: datetime) -> StepError | None:
    """What waiting does not end: a row that failed since then, or shows an error that needs a person."""
    for row in rows:
        if row is None:
            continue
        shown = row.shown_error if isinstance(row, Breakout) else row
        state, state_since = getattr(row, "state", ""), getattr(row, "state_since", since)
        if state == "failed" and state_since >= since:
            return StepError.of_row(shown)
        if shown.error_needs_person and shown.error_at is not None and shown.error_at >= since:
            return StepError.of_row(shown)
    return None
