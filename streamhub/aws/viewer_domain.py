"""The viewer's side of a CloudFront configuration: alternate domain names and the certificate. Pure.

Pages: "Use custom URLs by adding alternate domain names (CNAMEs)", "ViewerCertificate".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]

# Refuses clients older than TLS 1.2; CloudFront's recommendation for SNI.
PROTOCOL = "TLSv1.2_2021"


def aliases_of(config: Config) -> tuple[str, ...]:
    """The alternate domain names of a configuration or of a summary in a list."""
    return tuple(config.get("Aliases", {}).get("Items") or ())


def certificate_of(config: Config) -> str:
    """The ARN of its certificate in ACM; "": CloudFront's own, or one of IAM."""
    return str(config.get("ViewerCertificate", {}).get("ACMCertificateArn") or "")


def with_certificate(config: Config, arn: str) -> dict[str, Any]:
    """The configuration with this certificate; "": with CloudFront's own, which covers no alias."""
    if certificate_of(config) == arn:
        return dict(config)
    own = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": PROTOCOL}
    return {**config, "ViewerCertificate": own if arn else {"CloudFrontDefaultCertificate": True}}


def with_alias(config: Config, alias: str, certificate_arn: str) -> dict[str, Any]:
    """The configuration with this alias beside what it has, and a certificate that covers it."""
    names = aliases_of(config)
    return _with_aliases(
        with_certificate(config, certificate_arn), names if alias in names else (*names, alias)
    )


def with_viewer_settings(
    config: Config, *, alias: str, former: str, certificate_arn: str | None
) -> dict[str, Any]:
    """The configuration without our `former` alias, unless that is still the `alias`, and our certificate.

    Aliases of others stay. `certificate_arn` None: there is none any more. CloudFront's own takes its place
    if ours was there and no alias is left that needs one.
    """
    left = tuple(name for name in aliases_of(config) if name != former or name == alias)
    changed = _with_aliases(config, left)
    if certificate_arn:
        return with_certificate(changed, certificate_arn)
    return with_certificate(changed, "") if former and not left else changed


def _with_aliases(config: Config, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        **config,
        "Aliases": {"Quantity": len(names), "Items": list(names)} if names else {"Quantity": 0},
    }
