"""What a release changes about existing distributions and channels is marked by a new revision.

Otherwise nobody would see that those that exist are outdated.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from streamhub.aws.distribution_config import DELIVERY_REVISION, ORIGIN_ID, with_delivery, with_origin_header
from streamhub.aws.encoding import ENCODER_REVISION, PROFILES, encoder_settings

# By revision: a digest of what it sends. If a digest is wrong, raise the revision and add a line.
DELIVERY = {"1": "9f526aaae22e3cc4"}
ENCODER = {"1": "5c6c8a55b96160a4", "2": "17e0d828badac912"}

EMPTY = {"DefaultCacheBehavior": {}}
OTHERS = {"HeaderName": "X-Theirs", "HeaderValue": "theirs"}


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def test_what_distributions_get_has_a_revision() -> None:
    sent = with_delivery(EMPTY, response_headers_policy_id="policy", key_group_id="group")
    assert DELIVERY[DELIVERY_REVISION] == digest(sent)


def test_what_channels_get_has_a_revision() -> None:
    sent = [
        encoder_settings(PROFILES[name], archive=archive) for name in PROFILES for archive in (True, False)
    ]
    assert ENCODER[ENCODER_REVISION] == digest(sent)


def config(*headers: dict[str, str]) -> dict[str, Any]:
    items = {"Quantity": len(headers), "Items": list(headers)} if headers else {"Quantity": 0}
    theirs = {"Id": "theirs", "CustomHeaders": {"Quantity": 0}}
    return {"Origins": {"Quantity": 2, "Items": [{"Id": ORIGIN_ID, "CustomHeaders": items}, theirs]}}


def test_the_origin_header_replaces_its_own_value_only() -> None:
    first = with_origin_header(config(OTHERS), "first-value")
    second = with_origin_header(first, "second-value")
    ours, theirs = second["Origins"]["Items"]
    assert ours["CustomHeaders"] == {
        "Quantity": 2,
        "Items": [OTHERS, {"HeaderName": "X-MediaPackage-CDNIdentifier", "HeaderValue": "second-value"}],
    }
    assert theirs == config()["Origins"]["Items"][1]
    assert with_origin_header(second, "") == config(OTHERS)
