"""AWS Certificate Manager: DescribeCertificate of what the console imported ("DescribeCertificate").

CloudFront takes certificates of us-east-1 only, so the account has none elsewhere.
"""

from __future__ import annotations

from typing import Any

from .base import Refusal, Service


class Acm(Service):
    """The certificates are CloudFront's, by their ARNs; `statuses` has those that are not ISSUED."""

    name = "acm"

    def describe_certificate(self, params: dict[str, Any]) -> dict[str, Any]:
        arn = params["CertificateArn"]
        cloudfront: Any = self.world.services["cloudfront"]
        names = cloudfront.certificates.get(arn)
        if names is None or self.world.calling_region != "us-east-1":
            # Nobody can know it without asking.
            raise Refusal("ResourceNotFoundException", f"Could not find certificate {arn}.", illegal=False)
        return {
            "Certificate": {
                "CertificateArn": arn,
                "DomainName": names[0],
                "SubjectAlternativeNames": list(names),
                "Status": cloudfront.certificate_statuses.get(arn, "ISSUED"),
                "Type": "AMAZON_ISSUED",
            }
        }

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {}
