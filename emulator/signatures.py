"""Signed URLs and signed cookies, verified as CloudFront's edges do.

Pages: "Use signed URLs", "Use signed cookies", "Create a signed URL using a custom policy" in the CloudFront
Developer Guide. The words of the refusals are those that CloudFront's clients report.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_FIELDS = ("Expires", "Policy", "Signature", "Key-Pair-Id")
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}
_FROM_URL = str.maketrans("-_~", "+=/")


class Denied(Exception):
    """403: the code and the message of CloudFront's answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


MISSING_KEY = ("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
UNKNOWN_KEY = ("InvalidKey", "Unknown Key")
BAD_SIGNATURE = ("MalformedSignature", "Could not unencode Signature")
BAD_POLICY = ("MalformedPolicy", "Malformed Policy")
ACCESS_DENIED = ("AccessDenied", "Access denied")


@dataclass(frozen=True)
class Given:
    """The fields of a signature: `policy` or `expires`, both in their wire format."""

    key_id: str
    signature: str
    policy: str
    expires: str
    hash_name: str = "SHA1"


def rsa_key(pem: str) -> RSAPublicKey:
    """The public key of a PEM text. Raises ValueError unless it is RSA with 2048 bits."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey) or key.key_size != 2048:
        raise ValueError("CloudFront takes RSA public keys with 2048 bits.")
    return key


def check(
    url: str, cookies: Mapping[str, str], keys: Mapping[str, RSAPublicKey], now: float, source_ip: str
) -> float:
    """When the viewer's permission for `url` ends, in epoch seconds. Raises Denied.

    `keys` are the public keys of the trusted key groups by their ids. A signed URL counts before cookies.
    """
    given, base = _given(url, cookies)
    if given is None:
        raise Denied(*MISSING_KEY)
    key = keys.get(given.key_id)
    if key is None:
        raise Denied(*UNKNOWN_KEY)
    text = _decoded(given.policy, BAD_POLICY) if given.policy else canned_policy(base, given.expires)
    _verify(key, given, text)
    return _end(_statement(text), base, now, source_ip)


def canned_policy(url: str, expires: str) -> bytes:
    """The policy that stands behind `Expires` alone, byte for byte."""
    return (
        f'{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'
    ).encode()


def _given(url: str, cookies: Mapping[str, str]) -> tuple[Given | None, str]:
    """The signature in the query or in the cookies, and the URL without it."""
    base, query = unsigned(url)
    if query.get("Key-Pair-Id"):
        return _fields(query, query.get("Hash-Algorithm", "SHA1")), base
    named = {name: cookies.get(f"CloudFront-{name}", "") for name in _FIELDS}
    if named["Key-Pair-Id"]:
        return _fields(named, cookies.get("CloudFront-Hash-Algorithm", "SHA1")), base
    return None, base


def _fields(named: Mapping[str, str], hash_name: str) -> Given:
    key_id, signature = named["Key-Pair-Id"], named.get("Signature", "")
    return Given(key_id, signature, named.get("Policy", ""), named.get("Expires", ""), hash_name)


def unsigned(url: str) -> tuple[str, dict[str, str]]:
    """The URL without the parameters of a signature, and all of its parameters."""
    parts = urlsplit(url)
    own = [
        piece
        for piece in parts.query.split("&")
        if piece and piece.partition("=")[0] not in (*_FIELDS, "Hash-Algorithm")
    ]
    base = f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{'&'.join(own)}" if own else "")
    return base, dict(parse_qsl(parts.query))


def _decoded(text: str, refusal: tuple[str, str]) -> bytes:
    """CloudFront's base64, which has `-_~` in place of `+=/`."""
    try:
        return base64.b64decode(text.translate(_FROM_URL), validate=True)
    except binascii.Error:
        raise Denied(*refusal) from None


def _verify(key: RSAPublicKey, given: Given, text: bytes) -> None:
    algorithm = _HASHES.get(given.hash_name)
    if not given.signature or algorithm is None:
        raise Denied(*BAD_SIGNATURE)
    signature = _decoded(given.signature, BAD_SIGNATURE)
    try:
        key.verify(signature, text, padding.PKCS1v15(), algorithm())
    except InvalidSignature:
        raise Denied(*ACCESS_DENIED) from None


def _statement(text: bytes) -> dict[str, Any]:
    """The one statement of a policy, with an end."""
    try:
        (statement,) = json.loads(text)["Statement"]
        int(statement["Condition"]["DateLessThan"]["AWS:EpochTime"])
    except (ValueError, KeyError, TypeError):
        raise Denied(*BAD_POLICY) from None
    return dict(statement)


def _end(statement: Mapping[str, Any], url: str, now: float, source_ip: str) -> float:
    """The end of the permission, if the statement gives it now, here, and for this URL."""
    condition = statement["Condition"]
    end = int(condition["DateLessThan"]["AWS:EpochTime"])
    start = int(condition.get("DateGreaterThan", {}).get("AWS:EpochTime", 0))
    network = condition.get("IpAddress", {}).get("AWS:SourceIp", "0.0.0.0/0")
    try:
        here = ipaddress.ip_address(source_ip) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        raise Denied(*BAD_POLICY) from None
    if not (start <= now < end and here and covers(statement.get("Resource", "*"), url)):
        raise Denied(*ACCESS_DENIED)
    return float(end)


def covers(resource: str, url: str) -> bool:
    """Whether a policy's resource covers a URL: `*` is any text, `?` any one character."""
    pattern = re.escape(resource).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, url, re.DOTALL) is not None
