"""A channel and its distribution: attach, re-attach, replace, and the answers that `distributions` needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django.db import transaction
from django.db.models import Q

from channels_app import breakout_sync
from channels_app.guards import channel as guards
from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.models.channel import Desired
from channels_app.services.aliases import alias_of
from channels_app.services.attachment import attachment_open, attachments_identify
from channels_app.services.channel import DISTRIBUTION_GONE, locked_channel
from channels_app.services.situations import channel_situation
from distributions import services as distributions
from distributions.guards import Home
from distributions.models import Distribution
from distributions.owners import Owner, Ownership
from streamhub.access import audit
from streamhub.access.actors import SYSTEM, Actor
from streamhub.clock import end_of
from streamhub.errors import AwsError
from streamhub.lifecycle import states
from streamhub.lifecycle.models import Priority, error_fields


class ChannelOwner:
    """The channel as the owner of its distribution (see `distributions.owners.Owner`)."""

    def lock(self, distribution: Distribution) -> None:
        list(Channel.objects.select_for_update(of=("self",)).filter(distribution=distribution))

    def release(self, distribution: Distribution) -> None:
        Channel.objects.filter(distribution=distribution).update(distribution=None, distribution_wanted=False)
        Attachment.objects.filter(distribution=distribution, ended_at__isnull=True).update(
            ended_at=end_of("started_at")
        )

    def lost(self, distribution: Distribution) -> None:
        """Release a distribution that is gone from CloudFront; replace it if on air or prepared."""
        channel = Channel.objects.filter(distribution=distribution).first()
        self.release(distribution)
        if channel is None or channel.desired == Desired.DELETED:
            return
        reason = f"{distribution.aws_distribution_id} is gone from CloudFront"
        if channel.desired == Desired.RUNNING or channel.distribution_wanted:
            breakout_sync.tell(channel, f"the distribution {reason}: deleted outside StreamHub, replaced")
            distribution_add(channel, who=SYSTEM, why=f"failsafe: {reason}", urgent=True)
        else:
            _record_lost_distribution(channel, reason)

    def changed_outside(self, distribution: Distribution, what: str) -> None:
        channel = Channel.objects.filter(distribution=distribution).first()
        if channel is not None:
            breakout_sync.tell(channel, f"the distribution {distribution.aws_distribution_id} was {what}")

    def in_use(self) -> Q:
        """The distributions of the channels that start, run or are kept warm."""
        return Q(channel__desired=Desired.RUNNING)

    def identified(self, distribution: Distribution) -> None:
        attachments_identify(distribution)

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
    """The channel, not being deleted, whose endpoint is the origin of the distribution; None if none is."""
    channels = Channel.objects.exclude(desired=Desired.DELETED)
    return channels.filter(endpoint_url=distribution.origin_url).first()


def home_of(distribution: Distribution, channel: Channel | None) -> Home:
    """Whether the distribution can be attached to this channel again."""
    if channel is None or channel.desired == Desired.DELETED:
        return Home.GONE
    if distribution.origin_url != channel.endpoint_url:
        return Home.OTHER
    return Home.TAKEN if channel.distribution_id else Home.FREE


OWNER: Owner = ChannelOwner()


def _holds(distributions: Sequence[Distribution]) -> Mapping[int, set[str]]:
    """Names of the on-air breakouts that use each distribution, by the distribution's id. Two queries."""
    holds: defaultdict[int, set[str]] = defaultdict(set)
    for path in ("attachments__distribution", "channel__distribution"):
        for pk, name in _on_air(path, distributions):
            holds[pk].add(name)
    return holds


def _on_air(path: str, distributions: Sequence[Distribution]) -> Iterable[tuple[int, str]]:
    """(distribution's id, breakout's name) of the on-air breakouts related to the distributions by `path`."""
    conditions: dict[str, Any] = {f"{path}__in": distributions, "state__in": ON_AIR}
    if path.startswith("attachments"):
        conditions["attachments__ended_at__isnull"] = True
    return Breakout.objects.filter(**conditions).values_list(path, "name")


def _record_lost_distribution(channel: Channel, reason: str) -> None:
    """Show on an idle channel that it has lost its distribution, until a retry, prepare or start."""
    states.record(channel, channel.state, channel.state, who=SYSTEM, why=f"the distribution {reason}")
    error = error_fields(
        AwsError(f"The distribution {reason}. It was deleted outside StreamHub.", code=DISTRIBUTION_GONE),
        "Press Retry to create another one now. The next prepare or start creates one too.",
    )
    Channel.objects.filter(pk=channel.pk, error_code="").update(**error)


@transaction.atomic
def distribution_add(channel: Channel, *, who: Actor, why: str, urgent: bool = False) -> Distribution | None:
    """Create and attach a distribution for the channel's endpoint; None if the guards refuse that now."""
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
        origin_secret=channel.origin_secret,
        alias=alias_of(channel),
    )
    Channel.objects.filter(pk=channel.pk).update(distribution=row, distribution_wanted=False)
    Channel.objects.filter(pk=channel.pk, error_code=DISTRIBUTION_GONE).update(**error_fields(None))
    attachment_open(locked_channel(channel.pk))
    return row


@transaction.atomic
def distribution_replace(channel: Channel, *, who: Actor, why: str) -> Distribution | None:
    """Detach a distribution whose origin endpoint is gone and attach a new one, even while on air.

    Ends the open attachment and begins another. None if the guards refuse a new distribution now.
    """
    channel = locked_channel(channel.pk)
    if channel.distribution is not None:
        OWNER.release(channel.distribution)
        distributions.distribution_detach(channel.distribution, who=who, why=why)
    return distribution_add(channel, who=who, why=why, urgent=channel.desired == Desired.RUNNING)


@transaction.atomic
@audit.verb("distributions.add_distribution")
def distribution_create_and_attach(channel: Channel, *, who: Actor) -> Distribution:
    """Create and attach a distribution for a channel that has none. Raises `NotPossible`."""
    channel = locked_channel(channel.pk)
    guards.check("create-distribution", channel_situation(channel))
    return _add(channel, who=who, why="creation requested")


@transaction.atomic
@audit.verb("distributions.reattach_distribution")
def distribution_reattach(channel: Channel | None, row: Distribution, *, who: Actor) -> Distribution:
    """Attach a detached distribution again to the channel whose endpoint is its origin.

    Raises `NotPossible`, also for `channel` None: the channel is gone.
    """
    locked = locked_channel(channel.pk) if channel else None
    home = home_of(row, locked)
    alias = alias_of(locked) if locked else ""
    row = distributions.distribution_reattach(
        row, owner_label=f"channel {locked}", home=home, who=who, alias=alias
    )
    channel = cast(Channel, locked)  # the guards refuse without a channel
    Channel.objects.filter(pk=channel.pk).update(distribution=row, distribution_wanted=False)
    attachment_open(locked_channel(channel.pk))
    return row
