"""Which AWS resources are ours, by the ends of their ARNs, also of channels that are gone."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from billing.bill_rows import BilledResource, Ours
from billing.models import DailySeries
from channels_app.models import Attachment, Channel
from distributions.models import Distribution
from recordings.models import BucketListing


def resources_record() -> None:
    """Keep the resources of the channels that exist, for bills that come when they are gone. Two queries."""
    found = [row for channel in Channel.objects.all() for row in _of_channel(channel)]
    known = set(BilledResource.objects.values_list("match", flat=True)) if found else set()
    BilledResource.objects.bulk_create(
        [row for row in found if row.match not in known], ignore_conflicts=True, batch_size=500
    )


def _of_channel(channel: Channel) -> Iterator[BilledResource]:
    # CUR names a MediaPackage resource by its ARN, whose end is another id than the one that we choose.
    matches = [
        (f"channel:{channel.ml_channel_id}" if channel.ml_channel_id else "", Ours.CHANNEL),
        (f"input:{channel.ml_input_id}" if channel.ml_input_id else "", Ours.INPUT),
        (f"input:{channel.ml_second_id}" if channel.ml_second_id else "", Ours.INPUT),
        (channel.mp_channel_arn.rpartition(":")[2], Ours.PACKAGE),
        (channel.mp_endpoint_arn.rpartition(":")[2], Ours.PACKAGE),
    ]
    for match, ours in matches:
        if match:
            yield BilledResource(
                match=match[:200], ours=ours, channel_uid=channel.uid, channel_name=channel.name
            )


def our_resources() -> list[tuple[str, str, str]]:
    """`match`, what it is, and its key: a distribution's id, or the uid of a channel."""
    resources_record()
    shared = settings.MEDIAMANAGER_DISTRIBUTION_ID
    ids = set(Attachment.objects.order_by().values_list("aws_distribution_id", flat=True).distinct())
    ids |= set(DailySeries.objects.values_list("aws_distribution_id", flat=True))
    living = Distribution.objects.values_list("aws_distribution_id", flat=True)
    ids |= {aws_id for aws_id in living if aws_id}
    found = [(aws_id, Ours.DISTRIBUTION.value, aws_id) for aws_id in sorted(ids - {"", shared})]
    found += list(BilledResource.objects.order_by("match").values_list("match", "ours", "channel_uid"))
    if shared:
        found.append((shared, Ours.SHARED.value, shared))
    buckets = _recording_buckets()
    found += [(name, Ours.BUCKET.value, name[:64]) for name in sorted(buckets)]
    if settings.MEDIA_BUCKET and settings.MEDIA_BUCKET not in buckets:
        found.append((settings.MEDIA_BUCKET, Ours.SHARED.value, settings.MEDIA_BUCKET[:64]))
    return found


def _recording_buckets() -> set[str]:
    """The bucket of recordings, and those in which earlier ones were found: they are billed on."""
    earlier = BucketListing.objects.order_by().values_list("bucket", flat=True).distinct()
    return {settings.RECORDING_BUCKET, *earlier} - {""}
