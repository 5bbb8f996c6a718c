"""GetKeyGroup and GetPublicKey: what the console has made of keys and key groups."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from emulator.server import Handle
from tests.emulator.clients import ClientFactory

from .signer import Signer, public_pem


def test_a_key_group_has_its_public_keys(aws: Handle, client: ClientFactory) -> None:
    signer = Signer(aws)
    group = client("cloudfront").get_key_group(Id=signer.group_id)["KeyGroup"]
    assert (group["Id"], group["KeyGroupConfig"]["Items"]) == (signer.group_id, [signer.key_id])


def test_a_public_key_has_its_pem(aws: Handle, client: ClientFactory) -> None:
    key = client("cloudfront").get_public_key(Id=Signer(aws).key_id)["PublicKey"]
    assert key["PublicKeyConfig"]["EncodedKey"] == public_pem(0)


def test_what_does_not_exist_has_the_codes_of_the_model(client: ClientFactory) -> None:
    cloudfront = client("cloudfront")
    with pytest.raises(ClientError, match="NoSuchResource"):
        cloudfront.get_key_group(Id="none")
    with pytest.raises(ClientError, match="NoSuchPublicKey"):
        cloudfront.get_public_key(Id="KNONE")
