"""`manage.py iam_policy`: the IAM policy for StreamHub's access key. It allows only the product's calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from streamhub.aws.iam_actions import actions_for
from streamhub.commands import DatabaseCommand

CERTIFICATE = "acm:DescribeCertificate"
RECORDS = ("route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:ListResourceRecordSets")


def policy(
    role_arn: str,
    buckets: list[str],
    secrets: Sequence[str] = (),
    cdn_role_arn: str = "",
    certificate_arn: str = "",
    zone_id: str = "",
    bill_bucket: str = "",
    bill_prefix: str = "",
) -> dict[str, Any]:
    """The policy document. A role can be passed only to its service; buckets can only be listed.

    `secrets`: the ARNs of those that can be read. The certificate of the alias domain can be read, and the
    records of its zone changed. The role of closed origins can be passed to MediaPackage.
    """
    restricted = {
        "iam:PassRole",
        "iam:SimulatePrincipalPolicy",
        "s3:GetObject",
        "s3:ListBucket",
        "secretsmanager:GetSecretValue",
        CERTIFICATE,
        *RECORDS,
    }
    statements: list[dict[str, Any]] = [
        {
            "Sid": "StreamHubCalls",
            "Effect": "Allow",
            "Action": [action for action in actions_for() if action not in restricted],
            "Resource": "*",
        },
        {
            "Sid": "PassTheMediaLiveRole",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role_arn or "arn:aws:iam::ACCOUNT:role/MEDIALIVE_ROLE",
            "Condition": {"StringEquals": {"iam:PassedToService": "medialive.amazonaws.com"}},
        },
    ]
    statements.append(
        {
            "Sid": "AskWhatTheMediaLiveRoleMay",
            "Effect": "Allow",
            "Action": "iam:SimulatePrincipalPolicy",
            "Resource": role_arn or "arn:aws:iam::ACCOUNT:role/MEDIALIVE_ROLE",
        }
    )
    if buckets:
        listing = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
        statements.append(
            {"Sid": "ListRecordings", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": listing}
        )
    statements += _of_bills(bill_bucket, bill_prefix)
    if secrets:
        statements.append(
            {
                "Sid": "ReadSecrets",
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": list(secrets),
            }
        )
    statements += _of_aliases(certificate_arn, zone_id)
    if cdn_role_arn:
        statements.append(
            {
                "Sid": "PassTheRoleOfClosedOrigins",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": cdn_role_arn,
                "Condition": {"StringEquals": {"iam:PassedToService": "mediapackage.amazonaws.com"}},
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _of_bills(bucket: str, prefix: str) -> list[dict[str, Any]]:
    """What reading AWS's own bill needs."""
    if not bucket:
        return []
    below = f"{prefix.strip('/')}/*" if prefix.strip("/") else "*"
    return [
        {
            "Sid": "ListTheBill",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{bucket}",
        },
        {
            "Sid": "ReadTheBill",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/{below}",
        },
    ]


def _of_aliases(certificate_arn: str, zone_id: str) -> list[dict[str, Any]]:
    """What an alias domain needs beside CloudFront."""
    statements: list[dict[str, Any]] = []
    if certificate_arn:
        statements.append(
            {
                "Sid": "ReadTheCertificateOfAliases",
                "Effect": "Allow",
                "Action": CERTIFICATE,
                "Resource": certificate_arn,
            }
        )
    if zone_id:
        zone = f"arn:aws:route53:::hostedzone/{zone_id}"
        statements.append(
            {"Sid": "RecordsOfAliases", "Effect": "Allow", "Action": list(RECORDS), "Resource": zone}
        )
    return statements


class Command(DatabaseCommand):
    help = "Print the IAM policy that StreamHub's access key needs, made from the product's AWS calls."

    def handle(self, *args: Any, **options: Any) -> None:
        buckets = [bucket for bucket in (settings.RECORDING_BUCKET, settings.MEDIA_BUCKET) if bucket]
        document = policy(
            settings.MEDIALIVE_ROLE_ARN,
            buckets,
            secrets_read(),
            settings.MEDIAPACKAGE_CDN_ROLE_ARN,
            settings.CLOUDFRONT_CERTIFICATE_ARN,
            settings.ROUTE53_ZONE_ID,
            settings.BILL_BUCKET,
            settings.BILL_PREFIX,
        )
        self.stdout.write(json.dumps(document, indent=2))


def secrets_read() -> list[str]:
    """The secrets that the settings name: of closed origins, and of the keys that sign for viewers."""
    keys = (settings.CLOUDFRONT_PRIVATE_KEY, settings.CLOUDFRONT_PRIVATE_KEY_NEXT)
    named = [settings.MEDIAPACKAGE_CDN_SECRET_ARN, *(key for key in keys if key.startswith("arn:"))]
    return [arn for arn in named if arn]
