"""A distribution with a key group serves those who sign, and nobody else."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator.control import ControlError
from emulator.server import Handle
from emulator.signatures import covers
from tests.emulator.clients import ClientFactory

from .signer import Signer, encoded, policy, public_pem
from .stack import Stack, make_stack


@pytest.fixture
def signer(aws: Handle) -> Signer:
    return Signer(aws)


@pytest.fixture
def stack(aws: Handle, client: ClientFactory, signer: Signer) -> Stack:
    """A running channel behind a distribution with the signer's key group."""
    stack = make_stack(aws, client, key_group=signer.group_id)
    stack.start()
    return stack


def wildcard(stack: Stack) -> str:
    """The resource that covers the playlist and all of its segments."""
    return stack.url.rpartition("/")[0] + "/*"


def error(code: str, message: str) -> tuple[int, str]:
    """CloudFront's answer to a viewer without a valid signature."""
    return 403, (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )


MISSING_KEY = error("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
UNKNOWN_KEY = error("InvalidKey", "Unknown Key")
DENIED = error("AccessDenied", "Access denied")
BAD_POLICY = error("MalformedPolicy", "Malformed Policy")
BAD_SIGNATURE = error("MalformedSignature", "Could not unencode Signature")


# -- who may watch


def test_without_a_signature_nobody_watches(stack: Stack) -> None:
    assert stack.aws.control.play(stack.url) == MISSING_KEY
    audience = stack.aws.control.audience_join(stack.url)
    (shown,) = stack.aws.control.inventory()["viewers"]["audiences"]
    assert (shown["id"], shown["watching"]) == (audience, False)
    assert shown["why"] in MISSING_KEY[1]


def test_a_signed_url_plays(stack: Stack, signer: Signer) -> None:
    assert stack.aws.control.play(signer.canned(stack.url))[0] == 200
    assert stack.aws.control.play(signer.custom(stack.url, policy(wildcard(stack))))[0] == 200


def test_a_query_of_its_own_is_part_of_a_signed_url(stack: Stack, signer: Signer) -> None:
    signed = signer.canned(stack.url + "?start=10")
    assert stack.aws.control.play(signed)[0] == 200
    assert stack.aws.control.play(signed.replace("start=10", "start=0")) == DENIED


def test_signed_cookies_play(stack: Stack, signer: Signer) -> None:
    assert stack.aws.control.play(stack.url, signer.cookies(policy(wildcard(stack))))[0] == 200


def test_cookies_of_a_canned_policy_play(stack: Stack, signer: Signer) -> None:
    end = int(time.time()) + 60
    until = {"DateLessThan": {"AWS:EpochTime": end}}
    text = json.dumps({"Statement": [{"Resource": stack.url, "Condition": until}]}, separators=(",", ":"))
    cookies = {
        "CloudFront-Expires": str(end),
        "CloudFront-Signature": encoded(signer.sign(text.encode())),
        "CloudFront-Key-Pair-Id": signer.key_id,
    }
    assert stack.aws.control.play(stack.url, cookies)[0] == 200


def test_a_signed_url_counts_before_cookies(stack: Stack, signer: Signer) -> None:
    valid = signer.cookies(policy(wildcard(stack)))
    assert stack.aws.control.play(signer.canned(stack.url, ends_in=-1), valid) == DENIED


# -- who may not

Sign = Callable[[Stack, Signer], str]


def _expired(stack: Stack, signer: Signer) -> str:
    return signer.canned(stack.url, ends_in=-1)


def _not_yet(stack: Stack, signer: Signer) -> str:
    later = {"AWS:EpochTime": int(time.time()) + 60}
    return signer.custom(stack.url, policy(wildcard(stack), DateGreaterThan=later))


def _other_resource(stack: Stack, signer: Signer) -> str:
    return signer.custom(stack.url, policy(f"https://{stack.domain}/out/v1/other/*"))


def _other_host(stack: Stack, signer: Signer) -> str:
    return signer.custom(stack.url, policy(wildcard(stack).replace(stack.domain, "dother.cloudfront.net")))


def _other_url(stack: Stack, signer: Signer) -> str:
    return stack.url + "?" + signer.canned(stack.url + ".bak").partition("?")[2]


def _other_address(stack: Stack, signer: Signer) -> str:
    return signer.custom(stack.url, policy(wildcard(stack), IpAddress={"AWS:SourceIp": "203.0.113.7/32"}))


def _other_key(stack: Stack, signer: Signer) -> str:
    signer.number = 1
    return signer.canned(stack.url)


def _key_of_another_group(stack: Stack, signer: Signer) -> str:
    return Signer(stack.aws, 1).canned(stack.url)


def _no_such_key(stack: Stack, signer: Signer) -> str:
    return signer.canned(stack.url).replace(signer.key_id, "KNOSUCHKEY0001")


def _longer(stack: Stack, signer: Signer) -> str:
    signed = signer.canned(stack.url)
    end = signed.partition("Expires=")[2].partition("&")[0]
    return signed.replace(end, str(int(end) + 1000))


def _broken_signature(stack: Stack, signer: Signer) -> str:
    return signer.canned(stack.url).replace("Signature=", "Signature=!")


def _no_signature(stack: Stack, signer: Signer) -> str:
    return f"{stack.url}?Key-Pair-Id={signer.key_id}&Expires=9999999999"


def _no_end(stack: Stack, signer: Signer) -> str:
    return signer.custom(stack.url, json.dumps({"Statement": [{"Resource": "*", "Condition": {}}]}))


def _two_statements(stack: Stack, signer: Signer) -> str:
    one = json.loads(policy(wildcard(stack)))["Statement"]
    return signer.custom(stack.url, json.dumps({"Statement": one + one}))


def _not_json(stack: Stack, signer: Signer) -> str:
    return signer.custom(stack.url, "may watch")


def _no_network(stack: Stack, signer: Signer) -> str:
    return signer.custom(stack.url, policy(wildcard(stack), IpAddress={"AWS:SourceIp": "home"}))


@pytest.mark.parametrize(
    ("sign", "answer"),
    [
        (_expired, DENIED),
        (_not_yet, DENIED),
        (_other_resource, DENIED),
        (_other_host, DENIED),
        (_other_url, DENIED),
        (_other_address, DENIED),
        (_other_key, DENIED),
        (_longer, DENIED),
        (_key_of_another_group, UNKNOWN_KEY),
        (_no_such_key, UNKNOWN_KEY),
        (_broken_signature, BAD_SIGNATURE),
        (_no_signature, BAD_SIGNATURE),
        (_no_end, BAD_POLICY),
        (_two_statements, BAD_POLICY),
        (_not_json, BAD_POLICY),
        (_no_network, BAD_POLICY),
    ],
)
def test_a_wrong_signature_is_refused_in_cloudfronts_words(
    stack: Stack, signer: Signer, sign: Sign, answer: tuple[int, str]
) -> None:
    assert stack.aws.control.play(sign(stack, signer)) == answer


def test_a_policy_for_an_address_lets_that_address_watch(stack: Stack, signer: Signer) -> None:
    url = _other_address(stack, signer)
    assert stack.aws.control.play(url, headers={"X-Forwarded-For": "203.0.113.7"})[0] == 200


@pytest.mark.parametrize(
    ("resource", "url", "is_covered"),
    [
        ("*", "https://a/b", True),
        ("http*://a/*", "https://a/b/c.ts", True),
        ("https://a/?.ts", "https://a/1.ts", True),
        ("https://a/?.ts", "https://a/10.ts", False),
        ("https://a/b.ts", "https://a/bxts", False),
        ("https://a/b", "https://a/b/c", False),
    ],
)
def test_a_resource_covers_by_wildcards_only(resource: str, url: str, is_covered: bool) -> None:
    assert covers(resource, url) is is_covered


# -- audiences


def test_an_audience_with_cookies_watches(stack: Stack, signer: Signer) -> None:
    control = stack.aws.control
    control.audience_join(stack.url, cookies=signer.cookies(policy(wildcard(stack))))
    assert control.inventory()["viewers"]["audiences"][0]["watching"] is True
    time.sleep(0.002)
    assert control.truth(stack.domain)["bytes"] > 0


def test_a_signature_for_the_playlist_alone_shows_no_picture(stack: Stack, signer: Signer) -> None:
    control = stack.aws.control
    control.audience_join(signer.canned(stack.url))
    control.audience_join(signer.custom(stack.url, policy(wildcard(stack))))
    alone, both = control.inventory()["viewers"]["audiences"]
    assert (alone["watching"], both["watching"]) == (False, True)
    assert alone["why"].startswith("the playlist may be read, its segments not")


def test_an_audience_watches_no_longer_than_its_signature_lasts(stack: Stack, signer: Signer) -> None:
    control = stack.aws.control
    cookies = signer.cookies(policy(wildcard(stack), ends_in=60))
    audience = control.audience_join(stack.url, viewers=20, kbps=8, tail_seconds=60, cookies=cookies)
    assert control.inventory()["viewers"]["audiences"][0]["watching"] is True
    stack.aws.world.clock._now = lambda: time.time() + 61
    amount = control.truth(stack.domain)["bytes"]
    assert 0 < amount <= 60 * 20 * 1000
    assert control.inventory()["viewers"]["audiences"][0]["watching"] is False
    control.audience_leave(audience)
    stack.aws.world.clock._now = lambda: time.time() + 90
    assert control.truth(stack.domain)["bytes"] == amount  # nobody goes on without a signature


# -- keys


def test_two_keys_in_a_group_allow_a_rotation(stack: Stack, signer: Signer) -> None:
    control = stack.aws.control
    new = Signer(stack.aws, 1)
    control.console("cloudfront", "create_key_group", Id=signer.group_id, Items=[signer.key_id, new.key_id])
    assert [control.play(each.canned(stack.url))[0] for each in (signer, new)] == [200, 200]
    control.console("cloudfront", "create_key_group", Id=signer.group_id, Items=[new.key_id])
    assert control.play(signer.canned(stack.url)) == UNKNOWN_KEY


@pytest.mark.parametrize("wrong", ["", "not a key", base64.b64encode(b"key").decode()])
def test_what_is_no_public_key_is_refused(aws: Handle, wrong: str) -> None:
    with pytest.raises(ControlError):
        aws.control.console("cloudfront", "create_public_key", EncodedKey=wrong)


def test_only_rsa_keys_with_2048_bits_are_taken(aws: Handle) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    with pytest.raises(ControlError, match="2048"):
        aws.control.console("cloudfront", "create_public_key", EncodedKey=pem)
    assert (
        aws.control.console("cloudfront", "create_public_key", EncodedKey=public_pem(), Id="K1")["Id"] == "K1"
    )


def test_a_key_group_needs_keys_that_exist(aws: Handle) -> None:
    for items in ([], ["KNOSUCHKEY0001"]):
        with pytest.raises(ControlError, match="public keys that exist"):
            aws.control.console("cloudfront", "create_key_group", Items=items)


# -- the files of a stream


def test_the_files_of_a_signed_playlist_need_a_signature_of_their_own(stack: Stack, signer: Signer) -> None:
    control = stack.aws.control
    signed = signer.custom(stack.url, policy(wildcard(stack)))
    query = "?" + signed.partition("?")[2]
    assert control.play(signed)[0] == 200
    variant = urljoin(stack.url, "index_1.m3u8")
    assert control.play(variant) == MISSING_KEY  # what a player asks that follows the playlist's relative URL
    status, text = control.play(variant + query)
    segment = urljoin(stack.url, next(line for line in text.splitlines() if line.endswith(".ts")))
    assert (status, control.play(segment)) == (200, MISSING_KEY)
    assert control.fetch(segment + query)[0] == 200
    cookies = signer.cookies(policy(wildcard(stack)))
    assert [control.fetch(url, cookies)[0] for url in (stack.url, variant, segment)] == [200] * 3
