"""Mistakes in the settings of alias domains and of players with cookies, each as a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/[A-Za-z0-9-]+")
_ZONE = re.compile(r"Z[A-Z0-9]{1,31}")
# CloudFront's limit for an alias is 253 characters, of which the label and its dot take up to 64.
DOMAIN_MAX = 189
# AWS's managed policies: none allows credentials ("Use managed response headers policies").
MANAGED = {
    "60669652-455b-4ae9-85a4-c4c02393f86c",
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
    "e61eb60c-9c35-4d20-a928-2b84e02af89c",
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
    "67f7725c-6f97-4210-82d7-5512b31e9d03",
}


def mistakes() -> Iterator[str]:
    """Makes no connections."""
    yield from _alias_mistakes()
    yield from _origin_mistakes()


def _alias_mistakes() -> Iterator[str]:
    domain, certificate = settings.CLOUDFRONT_ALIAS_DOMAIN, settings.CLOUDFRONT_CERTIFICATE_ARN
    if bool(domain) != bool(certificate):
        yield (
            "CLOUDFRONT_ALIAS_DOMAIN and CLOUDFRONT_CERTIFICATE_ARN belong together: set both, or none for "
            "channels that viewers reach by CloudFront's own domains."
        )
    if domain and (not _DOMAIN.fullmatch(domain) or len(domain) > DOMAIN_MAX):
        yield "CLOUDFRONT_ALIAS_DOMAIN is not a domain: write the part behind the label, live.example.com."
    if certificate and not _CERTIFICATE.fullmatch(certificate):
        yield (
            "CLOUDFRONT_CERTIFICATE_ARN is not a certificate that CloudFront takes: write "
            "arn:aws:acm:us-east-1:ACCOUNT:certificate/ID. It has to be in us-east-1."
        )
    zone = settings.ROUTE53_ZONE_ID
    if zone and not domain:
        yield "ROUTE53_ZONE_ID needs CLOUDFRONT_ALIAS_DOMAIN, whose records it is to keep in that zone."
    if zone and not _ZONE.fullmatch(zone):
        yield "ROUTE53_ZONE_ID is not the id of a hosted zone: write it as Route 53 does, Z0123456789ABC."


def _origin_mistakes() -> Iterator[str]:
    origins = settings.PLAYBACK_ORIGINS
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("https", "http") or not parts.hostname or origin != _origin_of(origin):
            yield (
                f"PLAYBACK_ORIGINS holds {origin!r}: write origins, separated by spaces, such as "
                "https://www.example.com."
            )
    if origins and not settings.CLOUDFRONT_ALIAS_DOMAIN:
        yield "PLAYBACK_ORIGINS needs CLOUDFRONT_ALIAS_DOMAIN: without an alias there are no cookies to send."
    policy = settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID
    if origins and (not policy or policy in MANAGED):
        yield (
            "PLAYBACK_ORIGINS needs CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID: a policy of yours that names "
            "these origins and allows credentials. No managed one does; docs/operators.md has the command."
        )


def _origin_of(origin: str) -> str:
    """Scheme and host, with the port if there is one: nothing else."""
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}"
