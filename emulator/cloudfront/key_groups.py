"""CloudFront's public keys and key groups, which the console makes and the product reads.

Pages: "GetKeyGroup", "GetPublicKey".
"""

from __future__ import annotations

from typing import Any

from emulator.base import Refusal, Service


class KeyGroups(Service):
    """The public halves of the keys that sign for viewers, and the groups that distributions trust."""

    public_keys: dict[str, str]  # id -> PEM
    key_groups: dict[str, list[str]]  # id -> ids of public keys

    def get_key_group(self, params: dict[str, Any]) -> dict[str, Any]:
        group_id = params["Id"]
        if group_id not in self.key_groups:
            raise Refusal("NoSuchResource", "The specified resource does not exist.", 404)
        return {
            "KeyGroup": {
                "Id": group_id,
                "LastModifiedTime": self.world.clock.now(),
                "KeyGroupConfig": {"Name": f"group-{group_id}", "Items": list(self.key_groups[group_id])},
            },
            "ETag": "E2QWRUHEXAMPLE",
        }

    def get_public_key(self, params: dict[str, Any]) -> dict[str, Any]:
        key_id = params["Id"]
        if key_id not in self.public_keys:
            raise Refusal("NoSuchPublicKey", "The specified public key does not exist.", 404)
        return {
            "PublicKey": {
                "Id": key_id,
                "CreatedTime": self.world.clock.now(),
                "PublicKeyConfig": {
                    "CallerReference": f"made-by-hand-{key_id}",
                    "Name": f"key-{key_id}",
                    "EncodedKey": self.public_keys[key_id],
                },
            },
            "ETag": "E2QWRUHEXAMPLE",
        }
