"""Which regions have the services of a stack, from the endpoints that botocore knows. Makes no call."""

from __future__ import annotations

from functools import cache

import botocore.session

# The regional services of a stack, in the words of AWS. CloudFront is in no region.
NEEDED = {"medialive": "MediaLive", "mediapackage": "MediaPackage"}


def missing_in(region: str) -> list[str]:
    """The needed services that this region does not have, also if there is no such region."""
    return [name for service, name in NEEDED.items() if region not in _regions_of(service)]


def complete_regions() -> list[str]:
    """The public regions that have all of the needed services."""
    regions = set.intersection(*(_regions_of(service) for service in NEEDED))
    return sorted(region for region in regions if "-iso" not in region)


@cache
def _regions_of(service: str) -> set[str]:
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return {
        region for partition in partitions for region in session.get_available_regions(service, partition)
    }
