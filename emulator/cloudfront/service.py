"""CloudFront as one service: distributions, inventory and console actions."""

from __future__ import annotations

from typing import Any

from emulator.cloudfront.console import ACTIONS
from emulator.cloudfront.domains import Domains
from emulator.cloudfront.key_groups import KeyGroups
from emulator.cloudfront.response_headers import ResponseHeaders

_SHOWN = ("Enabled", "CallerReference", "Comment", "PriceClass", "Origins", "Aliases")


class CloudFront(KeyGroups, ResponseHeaders, Domains):
    """CloudFront of one account."""

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "distributions": [
                distribution.head()
                | {
                    "ETag": distribution.etag,
                    "Tags": dict(distribution.tags),
                }
                | {name: distribution.config[name] for name in _SHOWN}
                for distribution in self.distributions.values()
            ],
            "origin_access_controls": [
                {"Id": control_id, **config} for control_id, config in self.access_controls.items()
            ],
            "key_groups": [{"Id": name, "Items": keys} for name, keys in sorted(self.key_groups.items())],
            "public_keys": [{"Id": key_id} for key_id in sorted(self.public_keys)],
        }

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """One of `console.ACTIONS`."""
        if action not in ACTIONS:
            return super().console(action, params)
        return ACTIONS[action](self, params) or {}
