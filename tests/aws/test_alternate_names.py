"""Certificates, records and viewer settings: what is read, and what a change names. Pure where it can be."""

from __future__ import annotations

from typing import Any

import pytest

from streamhub.aws.acm import Certificate
from streamhub.aws.response_headers import CorsPolicy
from streamhub.aws.route53 import NameRecords, Route53
from streamhub.aws.viewer_domain import (
    aliases_of,
    certificate_of,
    with_alias,
    with_certificate,
    with_viewer_settings,
)

ARN, OTHER = "arn:aws:acm:us-east-1:1:certificate/a", "arn:aws:acm:us-east-1:1:certificate/b"
MARK = "heritage=streamhub,streamhub:environment=local"
NAME = "stage.live.example.com"


def config(*names: str, certificate: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"Comment": "kept", "Aliases": {"Quantity": len(names), "Items": list(names)}}
    if certificate:
        # As AWS shows it, with members that nobody sent.
        found["ViewerCertificate"] = {
            "ACMCertificateArn": certificate,
            "Certificate": certificate,
            "CertificateSource": "acm",
            "SSLSupportMethod": "sni-only",
        }
    return found


@pytest.mark.parametrize(
    ("names", "domain", "covered"),
    [
        (["*.live.example.com"], NAME, True),
        ([NAME], NAME, True),
        (["*.example.com"], NAME, False),
        (["live.example.com"], NAME, False),
        (["*.live.example.com"], "*.live.example.com", True),
    ],
    ids=["wildcard", "itself", "too_high", "parent", "any_label"],
)
def test_a_wildcard_covers_one_label(names: list[str], domain: str, covered: bool) -> None:
    assert Certificate(ARN, "ISSUED", frozenset(names)).covers(domain) is covered


def test_a_certificate_that_is_not_issued_does_not_do() -> None:
    waiting = Certificate(ARN, "PENDING_VALIDATION", frozenset([NAME]))
    assert "is PENDING_VALIDATION" in waiting.problem_with(NAME)
    assert Certificate(ARN, "ISSUED", frozenset([NAME])).problem_with(NAME) == ""


def test_an_alias_comes_with_its_certificate_and_others_stay() -> None:
    changed = with_alias(config("www.example.com"), NAME, ARN)
    assert (aliases_of(changed), certificate_of(changed)) == (("www.example.com", NAME), ARN)
    assert with_alias(changed, NAME, ARN) == changed
    assert changed["Comment"] == "kept"


def test_a_certificate_that_is_there_is_not_written_again() -> None:
    found = config(NAME, certificate=ARN)
    assert with_certificate(found, ARN) == found
    assert certificate_of(with_certificate(found, OTHER)) == OTHER


@pytest.mark.parametrize(
    ("alias", "former", "certificate", "names", "arn"),
    [
        ("new.example.com", NAME, ARN, ("www.example.com",), ARN),
        (NAME, NAME, OTHER, (NAME, "www.example.com"), OTHER),
        ("", NAME, None, ("www.example.com",), ARN),
        ("", "", None, (NAME, "www.example.com"), ARN),
    ],
    ids=["changed", "same", "no_more", "never_ours"],
)
def test_only_our_former_alias_goes(
    alias: str, former: str, certificate: str | None, names: tuple[str, ...], arn: str
) -> None:
    found = config(NAME, "www.example.com", certificate=ARN)
    changed = with_viewer_settings(found, alias=alias, former=former, certificate_arn=certificate)
    assert (aliases_of(changed), certificate_of(changed)) == (names, arn)


def test_without_aliases_cloudfronts_own_certificate_comes_back() -> None:
    found = config(NAME, certificate=ARN)
    changed = with_viewer_settings(found, alias="", former=NAME, certificate_arn=None)
    assert changed["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}


# --- records ---------------------------------------------------------------------------------


def address(kind: str, domain: str) -> dict[str, Any]:
    return {
        "Name": f"{NAME}.",
        "Type": kind,
        "AliasTarget": {"HostedZoneId": "Z", "DNSName": f"{domain}.", "EvaluateTargetHealth": False},
    }


def text(*values: str) -> dict[str, Any]:
    return {
        "Name": f"{NAME}.",
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": value} for value in values],
    }


@pytest.mark.parametrize(
    ("sets", "points_to", "routes", "ours"),
    [
        ([], "", False, False),
        ([address("A", "d1"), address("AAAA", "d1"), text(f'"{MARK}"')], "d1", True, True),
        ([address("A", "d1"), address("AAAA", "d2")], "", True, False),
        ([address("A", "d1")], "", True, False),
        ([text('"v=spf1"', f'"{MARK}"')], "", False, True),
        ([text(f'"{MARK}2"')], "", False, False),
    ],
    ids=["none", "ours", "two_places", "half", "text_only", "another_mark"],
)
def test_what_records_say(sets: list[Any], points_to: str, routes: bool, ours: bool) -> None:
    found = NameRecords(NAME, tuple(sets))
    assert (found.points_to, found.routes, found.carries(MARK)) == (points_to, routes, ours)


class Recorder:
    """A session that keeps the changes."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str]] = []

    def call(self, service: str, operation: str, region: str, **params: Any) -> tuple[Any, str]:
        self.changes = [
            (each["Action"], each["ResourceRecordSet"]["Type"]) for each in params["ChangeBatch"]["Changes"]
        ]
        return {}, "request"


def test_a_change_names_what_was_read() -> None:
    session: Any = Recorder()
    ours = NameRecords(NAME, (address("A", "d1"), address("AAAA", "d1"), text(f'"{MARK}"')))
    Route53(session).point("Z", ours, "d2", MARK)
    assert session.changes == [("DELETE", "A"), ("DELETE", "AAAA"), ("CREATE", "A"), ("CREATE", "AAAA")]
    Route53(session).point("Z", NameRecords(NAME, (text('"v=spf1"'),)), "d2", MARK)
    assert session.changes == [("DELETE", "TXT"), ("CREATE", "A"), ("CREATE", "AAAA"), ("CREATE", "TXT")]
    Route53(session).clear("Z", ours, MARK)
    assert session.changes == [("DELETE", "A"), ("DELETE", "AAAA"), ("DELETE", "TXT")]
    Route53(session).clear("Z", NameRecords(NAME, (text('"v=spf1"', f'"{MARK}"'),)), MARK)
    assert session.changes == [("DELETE", "TXT"), ("CREATE", "TXT")]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (CorsPolicy(("https://a.example",), True, True), ""),
        (CorsPolicy(("*",), True, True), "does not name"),
        (CorsPolicy(("*", "https://a.example"), True, True), "allows every origin"),
        (CorsPolicy(("https://a.example",), False, True), "credentials"),
        (CorsPolicy(("https://a.example",), True, False), "override"),
        (CorsPolicy(), "does not name"),
    ],
    ids=["fits", "any", "any_too", "no_credentials", "no_override", "none"],
)
def test_what_a_policy_lacks(policy: CorsPolicy, words: str) -> None:
    problem = policy.problem_with(["https://a.example"])
    assert (words in problem) if words else problem == ""
