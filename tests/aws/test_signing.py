"""Signatures for viewers: what is signed, and that no key is ever shown."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from streamhub.aws import signing_keys
from streamhub.aws.signing import sign, signing_key
from streamhub.errors import Misconfigured
from tests.scenarios.keys import pem, private_key, public_pem

RESOURCE = "https://d1.cloudfront.net/out/v1/abc/*"
END = datetime(2026, 11, 26, 20, 0, 5, 900_000, tzinfo=UTC)


def decoded(text: str) -> bytes:
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")))


def test_one_policy_names_the_wildcard_and_the_end() -> None:
    signature = sign(signing_key("K1", pem()), RESOURCE, END)
    (statement,) = json.loads(decoded(signature.policy))["Statement"]
    assert statement == {
        "Resource": RESOURCE,
        "Condition": {"DateLessThan": {"AWS:EpochTime": int(END.timestamp())}},
    }


def test_the_public_half_verifies_it() -> None:
    signature = sign(signing_key("K1", pem()), RESOURCE, END)
    private_key(0).public_key().verify(
        decoded(signature.signature), decoded(signature.policy), padding.PKCS1v15(), hashes.SHA1()
    )


def test_query_and_cookies_say_the_same() -> None:
    signature = sign(signing_key("K1", pem()), RESOURCE, END)
    assert signature.query == (f"Policy={signature.policy}&Signature={signature.signature}&Key-Pair-Id=K1")
    assert signature.cookies == {
        "CloudFront-Policy": signature.policy,
        "CloudFront-Signature": signature.signature,
        "CloudFront-Key-Pair-Id": "K1",
    }


def test_the_halves_of_a_pair_are_told_from_others() -> None:
    key = signing_key("K1", pem())
    assert key.is_half_of(public_pem())
    assert not key.is_half_of(public_pem(1))
    assert not key.is_half_of("no PEM")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "not a private key in PEM"),
        ("secret", "not a private key in PEM"),
        (public_pem(), "not a private key in PEM"),
        (pem(key=ec.generate_private_key(ec.SECP256R1())), "RSA key with 2048 bits"),
        (pem(key=rsa.generate_private_key(public_exponent=65537, key_size=3072)), "RSA key with 2048 bits"),
    ],
    ids=["PEM of something else", "no PEM", "a public key", "an elliptic curve", "3072 bits"],
)
def test_what_is_no_key_is_said_without_its_text(text: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=why) as caught:
        signing_key("K1", text)
    assert text.strip() not in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_key_is_never_shown() -> None:
    inside = pem().splitlines()[1]
    key = signing_key("K1", pem())
    setting = signing_keys.KeySetting("CLOUDFRONT_PRIVATE_KEY", "K1", pem())
    for shown in (repr(key), str(key), repr(setting), str(setting), f"{[setting]}"):
        assert inside not in shown
