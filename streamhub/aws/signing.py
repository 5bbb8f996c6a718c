"""Signatures for viewers: CloudFront's custom policy as the query of a URL or as cookies. Makes no call.

One policy covers a playlist and its segments by one resource with a wildcard (AWS_RULES 11, 39). Pages:
"Create a signed URL using a custom policy", "Set signed cookies using a custom policy".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from botocore.signers import CloudFrontSigner
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from streamhub.errors import Misconfigured

KEY_BITS = 2048
_TO_URL = str.maketrans("+=/", "-_~")


@dataclass(frozen=True)
class SigningKey:
    """A private key, and the id of its public half in CloudFront. Its text is never shown."""

    id: str
    private: RSAPrivateKey = field(repr=False)

    def is_half_of(self, public_pem: str) -> bool:
        """Whether this public key belongs to it."""
        try:
            public = load_pem_public_key(public_pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            return False
        own = self.private.public_key().public_numbers()
        return isinstance(public, RSAPublicKey) and public.public_numbers() == own


def signing_key(id: str, pem: str) -> SigningKey:
    """The key of a PEM text. Raises Misconfigured, whose message never holds the text."""
    return SigningKey(id, _private_key(pem))


@lru_cache(maxsize=8)
def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misconfigured("it is not a private key in PEM without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size != KEY_BITS:
        raise Misconfigured(f"it is not an RSA key with {KEY_BITS} bits, which CloudFront asks for")
    return key


@dataclass(frozen=True)
class Signature:
    """The three parameters of a signed request, as CloudFront wants them in a query."""

    policy: str
    signature: str
    key_id: str

    @property
    def query(self) -> str:
        return f"Policy={self.policy}&Signature={self.signature}&Key-Pair-Id={self.key_id}"

    @property
    def cookies(self) -> Mapping[str, str]:
        """The same as cookies: their names are fixed."""
        return {
            "CloudFront-Policy": self.policy,
            "CloudFront-Signature": self.signature,
            "CloudFront-Key-Pair-Id": self.key_id,
        }


def sign(key: SigningKey, resource: str, ends_at: datetime) -> Signature:
    """Sign for all URLs that match `resource`, until `ends_at` (whole seconds count)."""

    def signed(message: bytes) -> bytes:
        # SHA-1 is what CloudFront verifies unless a request names another algorithm.
        return key.private.sign(message, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303

    policy = CloudFrontSigner(key.id, signed).build_policy(resource, ends_at)
    return Signature(_encoded(policy.encode()), _encoded(signed(policy.encode())), key.id)


def _encoded(text: bytes) -> str:
    """CloudFront's base64."""
    return base64.b64encode(text).decode().translate(_TO_URL)
