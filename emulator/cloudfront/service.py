"""CloudFront as one service: distributions, and what a person sees and does in the console."""

from __future__ import annotations

from typing import Any

from emulator.cloudfront.console import ACTIONS
from emulator.cloudfront.distributions import Distributions

_SHOWN = ("CallerReference", "Comment", "PriceClass", "Origins")


class CloudFront(Distributions):
    """The global service, as one account sees it."""

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "distributions": [
                each.head()
                | {"ETag": each.etag, "Enabled": each.config["Enabled"], "Tags": dict(each.tags)}
                | {name: each.config[name] for name in _SHOWN}
                for each in self.distributions.values()
            ],
            "origin_access_controls": [{"Id": key, **each} for key, each in self.access_controls.items()],
            "key_groups": [{"Id": each} for each in sorted(self.key_groups)],
        }

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """One of `console.ACTIONS`."""
        if action not in ACTIONS:
            return super().console(action, params)
        return ACTIONS[action](self, params) or {}
