"""AWS Certificate Manager: what a certificate covers ("AWS Certificate Manager API Reference"). Only read."""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.aws.session import AwsSession

# CloudFront takes certificates of this region only (AWS_RULES 8).
REGION = "us-east-1"


@dataclass(frozen=True)
class Certificate:
    """A certificate. `status` is ACM's word, such as `ISSUED`; `names`: its domain and alternative names."""

    arn: str
    status: str
    names: frozenset[str]

    def covers(self, domain: str) -> bool:
        """Whether it is valid for this domain; a wildcard covers one label."""
        return domain in self.names or f"*.{domain.partition('.')[2]}" in self.names

    def problem_with(self, domain: str) -> str:
        """Why CloudFront would refuse this domain with it, in a sentence; "": it would not."""
        if self.status != "ISSUED":
            return f"The certificate {self.arn} is {self.status}: ACM has to issue it first."
        if not self.covers(domain):
            return f"The certificate {self.arn} covers {', '.join(sorted(self.names))}, and not {domain}."
        return ""


class Acm:
    """Certificates of one AWS session."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def certificate(self, arn: str) -> Certificate:
        """DescribeCertificate. Raises Refused if there is none."""
        response, _request_id = self._session.call("acm", "DescribeCertificate", REGION, CertificateArn=arn)
        found = response["Certificate"]
        names = [found.get("DomainName", ""), *found.get("SubjectAlternativeNames", [])]
        return Certificate(
            str(found["CertificateArn"]), str(found["Status"]), frozenset(name.lower() for name in names)
        )
