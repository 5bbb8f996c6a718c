"""`manage.py iam_policy`: the IAM policy for StreamHub's access key. It allows only the product's calls."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

from streamhub.aws.iam_actions import actions_for
from streamhub.commands import DatabaseCommand


def policy(role_arn: str, buckets: list[str]) -> dict[str, Any]:
    """The policy document. The role can be passed only to MediaLive; buckets can only be listed."""
    restricted = {"iam:PassRole", "s3:ListBucket"}
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
    if buckets:
        listing = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
        statements.append(
            {"Sid": "ListRecordings", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": listing}
        )
    return {"Version": "2012-10-17", "Statement": statements}


class Command(DatabaseCommand):
    help = "Print the IAM policy that StreamHub's access key needs, made from the product's AWS calls."

    def handle(self, *args: Any, **options: Any) -> None:
        buckets = [bucket for bucket in (settings.RECORDING_BUCKET, settings.MEDIA_BUCKET) if bucket]
        self.stdout.write(json.dumps(policy(settings.MEDIALIVE_ROLE_ARN, buckets), indent=2))
