"""Which regions have what a stack needs."""

from __future__ import annotations

import pytest

from streamhub.aws.regions import complete_regions, missing_in


@pytest.mark.parametrize(
    ("region", "missing"),
    [
        ("eu-central-1", []),
        ("us-west-1", ["MediaLive"]),
        ("me-central-1", ["MediaPackage"]),
        ("af-south-1", ["MediaLive", "MediaPackage"]),
        ("eu-nowhere-1", ["MediaLive", "MediaPackage"]),
        ("", ["MediaLive", "MediaPackage"]),
    ],
)
def test_what_a_region_lacks(region: str, missing: list[str]) -> None:
    assert missing_in(region) == missing


def test_complete_regions_lack_nothing() -> None:
    assert len(complete_regions()) > 10
    assert all(missing_in(region) == [] for region in complete_regions())
