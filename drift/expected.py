"""What the database expects on AWS: every resource that a row has or may have, as an `Expected`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlparse

from channels_app.driver import input_settings, parts, security_group
from channels_app.driver.marks import tags_of
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import Desired, State
from distributions.driver import marks
from distributions.models import Desired as DistributionDesired
from distributions.models import Distribution
from drift.aws_lists import ResourceKind, input_facts
from streamhub.lifecycle.models import ManagedResource

AT_REST = (State.IDLE, State.RUNNING, State.FAILED)


@dataclass(frozen=True)
class Expected:
    """One resource as its row expects it.

    `aws_id`: "" if the row has none. `present`: it should exist. `settled`: no step, intent or observation
    of the row is under way, so that a difference means something. `protected`: it belongs to others, so
    that it is not compared. `secret`: facts whose values are shown to nobody. `tags_arn`: the ARN by which
    its tags are read one by one, because its list has none; "" if they are not compared. `also`: by the
    name of a fact, its other values that are no difference. `part`: of an input, which of its channel's two
    it is, as `Channel.PARTS` calls it.
    """

    kind: ResourceKind
    model: str
    pk: int
    name: str
    owner: str
    aws_id: str
    present: bool
    settled: bool
    facts: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    secret: Mapping[str, str] = field(default_factory=dict)
    tags_arn: str = ""
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)
    part: str = ""


def all_expected() -> Iterator[Expected]:
    """The expectations of all rows. Reads only the database."""
    for group in SecurityGroup.objects.all():
        yield of_group(group)
    for channel in Channel.objects.select_related("distribution"):
        yield from of_channel(channel)
    for distribution in Distribution.objects.all():
        yield of_distribution(distribution)


def _at_rest(row: ManagedResource) -> bool:
    # What was handed over is only looked at again now and then.
    planned = row.not_before and row.handed_over_at is None
    return not (row.claim_token or planned or row.polled_list or row.suspect_since)


def of_distribution(row: Distribution) -> Expected:
    host = urlparse(row.origin_url).hostname or ""
    price = {"price class": row.price_class} if row.price_class else {}
    return Expected(
        kind=ResourceKind.DISTRIBUTION,
        model=row._meta.label_lower,
        pk=row.pk,
        name=row.owner_label or row.name,
        owner=row.uid,
        aws_id=row.aws_distribution_id or "",
        present=bool(row.aws_distribution_id) and not row.gone_at and not row.delete_accepted_at,
        # A protected distribution belongs to others, so that it is known but not compared.
        settled=_at_rest(row) and not row.protected,
        facts={"enabled": str(row.desired == DistributionDesired.ENABLED), "origin": host, **price},
        protected=row.protected,
        tags=marks.tags_of(row),
        # Those of a distribution that waits for its end matter to nobody, and there may be thousands.
        tags_arn=row.arn if row.attached and not row.tags_pending else "",
    )


def of_group(row: SecurityGroup) -> Expected:
    return Expected(
        kind=ResourceKind.GROUP,
        model=row._meta.label_lower,
        pk=row.pk,
        name=row.cidrs,
        owner=row.uid,
        aws_id=row.aws_id,
        present=bool(row.aws_id) and not row.gone_at,
        settled=_at_rest(row) and row.desired == SecurityGroup.Desired.PRESENT,
        facts={"CIDRs": row.cidrs},
        tags=security_group.tags_of(row),
    )


def _authorization(row: Channel) -> str:
    """What the endpoint should have now, and CloudFront sends."""
    sent = row.distribution.origin_header_secret if row.distribution else row.origin_secret
    return row.authorization if sent == row.origin_secret else row.authorization_seen


def _inputs(row: Channel) -> list[str]:
    """The ids of the inputs that MediaLive's channel may read, first those that it should."""
    if not parts.INPUT.observed(row).present:
        return []
    # Another second input is attached once the channel is idle. The channel shows until then that it waits.
    waits = [[row.ml_input_id]] if row.second_waits else []
    return [", ".join(ids) for ids in input_settings.attachments(row) + waits]


def of_channel(row: Channel) -> Iterator[Expected]:
    inputs = _inputs(row)
    facts = {
        ResourceKind.ML_CHANNEL: {
            "state": row.ml_channel_state,
            "class": row.channel_class,
            **({"inputs": inputs[0]} if inputs else {}),
        },
        # What is to be applied is no difference: it waits until the channel is idle.
        ResourceKind.ENDPOINT: {"URL": row.endpoint_url, "CDN authorization": _authorization(row)},
        ResourceKind.MP_CHANNEL: {},
    }
    settled = _at_rest(row) and row.desired != Desired.DELETED and row.state in AT_REST
    for part in parts.PART_DRIVERS:
        slot = input_settings.SLOT_OF.get(part.key)
        if slot and not slot.type_of(row):
            continue
        kind, observed = ResourceKind.INPUT if slot else ResourceKind(part.key), part.observed(row)
        shown, secret = _input_facts(row, slot) if slot else (facts[kind], {})
        yield Expected(
            kind=kind,
            model=row._meta.label_lower,
            pk=row.pk,
            name=row.name,
            owner=row.uid,
            aws_id=part.of(row).aws_id,
            present=observed.present and not observed.deleting,
            settled=settled,
            facts=shown,
            also={"inputs": inputs} if kind is ResourceKind.ML_CHANNEL else {},
            tags=tags_of(row),
            secret=secret,
            part=slot.part.key if slot else "",
        )


def _input_facts(row: Channel, slot: input_settings.Slot) -> tuple[dict[str, str], dict[str, str]]:
    """What one of the channel's inputs should be like, and what of that is kept secret."""
    urls = row.second_urls if slot is input_settings.SECOND else row.input_urls
    settings, secret = input_facts(input_settings.expected(row, slot), urls)
    return {"type": slot.type_of(row), **settings}, secret
