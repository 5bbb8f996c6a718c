"""A channel and its distribution: attach, re-attach, and what `distributions` needs to know of owners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from channels_app.guards import channel as guards
from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.models.channel import Desired
from channels_app.services.attachment import attachment_name, attachment_open
from channels_app.services.channel import DISTRIBUTION_GONE, locked_channel
from channels_app.services.situations import channel_situation
from distributions import services as distributions
from distributions.guards import Home
from distributions.models import Distribution
from distributions.owners import Owner, Ownership
from streamhub.access.actors import SYSTEM, Actor
from streamhub.access.permissions import permit
from streamhub.errors import AwsError
from streamhub.lifecycle import states
from streamhub.lifecycle.models import Priority, error_fields


class ChannelOwner:
    """What `distributions` may ask its owners (see `distributions.owners.Owner`)."""

    def lock(self, distribution: Distribution) -> None:
        list(Channel.objects.select_for_update(of=("self",)).filter(distribution=distribution))

    def release(self, distribution: Distribution) -> None:
        Channel.objects.filter(distribution=distribution).update(distribution=None, distribution_wanted=False)
        Attachment.objects.filter(distribution=distribution, ended_at__isnull=True).update(
            ended_at=timezone.now()
        )

    def lost(self, distribution: Distribution) -> None:
        """It is gone although it is wanted: on air, or prepared to be, there is a replacement at once."""
        channel = Channel.objects.filter(distribution=distribution).first()
        self.release(distribution)
        if channel is None or channel.desired == Desired.DELETED:
            return
        gone = f"{distribution.aws_distribution_id} is gone from CloudFront"
        if channel.desired == Desired.RUNNING or channel.distribution_wanted:
            distribution_add(channel, who=SYSTEM, why=f"failsafe: {gone}", urgent=True)
        else:
            _tell_lost(channel, gone)

    def identified(self, distribution: Distribution) -> None:
        attachment_name(distribution)

    def holds(self, distribution: Distribution) -> list[str]:
        return sorted(_holds([distribution])[distribution.pk])

    def owner_id(self, distribution: Distribution) -> int | None:
        return Channel.objects.filter(distribution=distribution).values_list("pk", flat=True).first()

    def home(self, distribution: Distribution) -> Home:
        return home_of(distribution, channel_of_origin(distribution))

    def ownerships(self, distributions: Sequence[Distribution]) -> Mapping[int, Ownership]:
        holds = _holds(distributions)
        owners = Channel.objects.filter(distribution__in=distributions).values_list("distribution_id", "pk")
        owner_of: dict[int | None, int] = dict(owners)
        return {
            row.pk: Ownership(owner_of.get(row.pk), tuple(sorted(holds[row.pk]))) for row in distributions
        }


def channel_of_origin(distribution: Distribution) -> Channel | None:
    """The living channel whose endpoint it is in front of."""
    living = Channel.objects.exclude(desired=Desired.DELETED)
    return living.filter(endpoint_url=distribution.origin_url).first()


def home_of(distribution: Distribution, channel: Channel | None) -> Home:
    """Whether this channel could take the distribution back."""
    if channel is None or channel.desired == Desired.DELETED:
        return Home.GONE
    if distribution.origin_url != channel.endpoint_url:
        return Home.OTHER
    return Home.TAKEN if channel.distribution_id else Home.FREE


OWNER: Owner = ChannelOwner()


def _holds(distributions: Sequence[Distribution]) -> Mapping[int, set[str]]:
    """The names of the on-air breakouts that hold each distribution, by its id. Two queries."""
    holds: defaultdict[int, set[str]] = defaultdict(set)
    for path in ("attachments__distribution", "channel__distribution"):
        for pk, name in _on_air(path, distributions):
            holds[pk].add(name)
    return holds


def _on_air(path: str, distributions: Sequence[Distribution]) -> Iterable[tuple[int, str]]:
    """The on-air breakouts that lead to these distributions by `path`: (distribution's id, name)."""
    where: dict[str, Any] = {f"{path}__in": distributions, "state__in": ON_AIR}
    if path.startswith("attachments"):
        where["attachments__ended_at__isnull"] = True
    return Breakout.objects.filter(**where).values_list(path, "name")


def _tell_lost(channel: Channel, gone: str) -> None:
    """An idle channel waits without one; it says so until somebody retries, prepares or starts."""
    states.record(channel, channel.state, channel.state, who=SYSTEM, why=f"the distribution {gone}")
    said = error_fields(
        AwsError(f"The distribution {gone}, deleted outside StreamHub.", code=DISTRIBUTION_GONE),
        "Retry creates another one now; the next prepare or start does so too.",
    )
    Channel.objects.filter(pk=channel.pk, error_code="").update(**said)


@transaction.atomic
def distribution_add(channel: Channel, *, who: Actor, why: str, urgent: bool = False) -> Distribution | None:
    """A new distribution in front of the channel's endpoint, attached. None if it is not to have one now."""
    channel = locked_channel(channel.pk)
    if guards.refusal("create-distribution", channel_situation(channel)):
        return None
    return _add(channel, who=who, why=why, urgent=urgent)


def _add(channel: Channel, *, who: Actor, why: str, urgent: bool = False) -> Distribution:
    row = distributions.distribution_create(
        channel.endpoint_url,
        owner_label=f"channel {channel.name}",
        who=who,
        why=why,
        tags=channel.tags,
        priority=Priority.START if urgent else Priority.CREATE,
    )
    Channel.objects.filter(pk=channel.pk).update(distribution=row, distribution_wanted=False)
    Channel.objects.filter(pk=channel.pk, error_code=DISTRIBUTION_GONE).update(**error_fields(None))
    attachment_open(locked_channel(channel.pk))
    return row


@transaction.atomic
def distribution_replace(channel: Channel, *, who: Actor, why: str) -> Distribution | None:
    """Another distribution in front of the channel's present endpoint, also on air; the old one goes.

    For when the old one delivers nothing any more: its origin endpoint is gone. Attachments end and begin.
    """
    channel = locked_channel(channel.pk)
    if channel.distribution is not None:
        OWNER.release(channel.distribution)
        distributions.distribution_detach(channel.distribution, who=who, why=why)
    return distribution_add(channel, who=who, why=why, urgent=channel.desired == Desired.RUNNING)


@transaction.atomic
def distribution_create_and_attach(channel: Channel, *, who: Actor) -> Distribution:
    """Staff's verb: a new distribution for a channel that has none."""
    who = permit(who, "distributions.add_distribution")
    channel = locked_channel(channel.pk)
    guards.check("create-distribution", channel_situation(channel))
    return _add(channel, who=who, why="created by hand")


@transaction.atomic
def distribution_reattach(channel: Channel | None, row: Distribution, *, who: Actor) -> Distribution:
    """Attach a detached distribution again to the channel whose endpoint it is in front of.

    Raises `NotPossible`, also if there is no such channel any more (None).
    """
    who = permit(who, "distributions.reattach_distribution")
    on = locked_channel(channel.pk) if channel else None
    home = home_of(row, on)
    row = distributions.distribution_reattach(row, owner_label=f"channel {on}", home=home, who=who)
    channel = cast(Channel, on)  # without one the guards have refused
    Channel.objects.filter(pk=channel.pk).update(distribution=row, distribution_wanted=False)
    attachment_open(locked_channel(channel.pk))
    return row
