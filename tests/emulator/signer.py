"""A signer: a key pair whose public half is in a key group, and what it signs for viewers.

It signs with botocore's own signer, which is what AWS's SDK for Python offers, so that the emulator is not
tested with its own idea of a policy.
"""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from emulator.server import Handle


@cache
def private_key(number: int = 0) -> rsa.RSAPrivateKey:
    """A key pair; others by their number."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(number: int = 0) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return private_key(number).public_key().public_bytes(encoding, form).decode()


def policy(resource: str, ends_in: float = 3600, **conditions: Any) -> str:
    """A custom policy."""
    condition = {"DateLessThan": {"AWS:EpochTime": int(time.time() + ends_in)}, **conditions}
    return json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]})


class Signer:
    """A registered public key, its key group, and the private key."""

    def __init__(self, aws: Handle, number: int = 0) -> None:
        self.number = number
        console = aws.control.console
        self.key_id = str(console("cloudfront", "create_public_key", EncodedKey=public_pem(number))["Id"])
        self.group_id = str(console("cloudfront", "create_key_group", Items=[self.key_id])["Id"])

    def sign(self, message: bytes) -> bytes:
        return private_key(self.number).sign(message, padding.PKCS1v15(), hashes.SHA1())

    def canned(self, url: str, ends_in: float = 3600) -> str:
        """The URL, signed for itself alone."""
        end = datetime.fromtimestamp(int(time.time() + ends_in), UTC)
        return str(CloudFrontSigner(self.key_id, self.sign).generate_presigned_url(url, date_less_than=end))

    def custom(self, url: str, policy: str) -> str:
        """The URL with a custom policy."""
        return str(CloudFrontSigner(self.key_id, self.sign).generate_presigned_url(url, policy=policy))

    def cookies(self, policy: str) -> dict[str, str]:
        """Signed cookies with a custom policy."""
        return {
            "CloudFront-Policy": encoded(policy.encode()),
            "CloudFront-Signature": encoded(self.sign(policy.encode())),
            "CloudFront-Key-Pair-Id": self.key_id,
        }


def encoded(text: bytes) -> str:
    """CloudFront's base64."""
    return base64.b64encode(text).decode().translate(str.maketrans("+=/", "-_~"))
