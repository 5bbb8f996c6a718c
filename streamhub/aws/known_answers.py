"""AWS's answers whose code does not say what they mean. Pure; `error_mapping` asks here first.

Each row has the source that saw the answer. Two kinds:

* `NOT_KNOWN_YET`: the request names something that was created a moment ago, and another service does not
  know it yet (AWS_RULES 18, 34). The same answer comes for something that never existed, so it is believed
  only after a while.
* `FOR_A_PERSON`: no later attempt succeeds before a person has acted in AWS (AWS_RULES 38).

`SHARED_QUOTAS` are codes of quotas that have room for no more distributions with the same setting, although
the account may have more distributions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Answer:
    """One answer: to calls of `operation` (a glob of `service:Operation`) with one of `codes`.

    `words`: a pattern that message or reasons must match ("": any). `action`: what a person has to do in AWS.
    """

    operation: str
    codes: tuple[str, ...]
    words: str
    source: str
    action: str = ""

    def is_it(self, operation: str, code: str, words: str) -> bool:
        if code not in self.codes or not fnmatchcase(operation, self.operation):
            return False
        return re.search(self.words, words, re.IGNORECASE | re.DOTALL) is not None


_INVALID = ("BadRequestException", "UnprocessableEntityException")

NOT_KNOWN_YET = (
    Answer(
        "medialive:*Channel",
        ("UnprocessableEntityException",),
        r"MediaPackage channel ID is invalid|MediaPackage channel\b.*(not found|does not exist)",
        "aws/aws-sdk-java-v2#5716",
    ),
    Answer(
        "medialive:*Channel",
        ("UnprocessableEntityException",),
        r"\binput\b.*(not found|does not exist)",
        "CreateChannel in the MediaLive API reference: the input of a channel must exist",
    ),
    Answer(
        "medialive:*",
        _INVALID,
        r"\brole\b|assume|iam:PassRole",
        "hashicorp/terraform-provider-aws, medialive/input.go: retried for two minutes while a role is new; "
        "aws-samples/aws-media-services-simple-live-workflow#19: a missing iam:PassRole as 422",
    ),
    Answer(
        "medialive:*Input",
        _INVALID,
        r"security group.*(not found|does not exist|invalid)",
        "CreateInput and UpdateInput in the MediaLive API reference: its security groups must exist",
    ),
    Answer(
        "mediapackage:CreateOriginEndpoint",
        ("NotFoundException", "UnprocessableEntityException"),
        r"channel.*(not found|does not exist)",
        "aws/aws-cdk#13835",
    ),
)

VERIFY_ACCOUNT = (
    "Open a case with AWS Support, send it AWS's message from here and ask for the account to be verified."
)

FOR_A_PERSON = (
    Answer(
        "cloudfront:*Distribution",
        ("PreconditionFailed",),
        r"pricing plan",
        "ekristen/aws-nuke#1024",
        "Open the distribution in CloudFront's console and cancel its pricing plan.",
    ),
    Answer(
        "cloudfront:*Distribution",
        ("StagingDistributionInUse", "ContinuousDeploymentPolicyInUse"),
        "",
        "hashicorp/terraform-provider-aws#33575",
        "Open the distribution in CloudFront's console and delete its continuous deployment policy, or "
        "promote the staging distribution.",
    ),
    Answer(
        "cloudfront:*Distribution*",
        ("CNAMEAlreadyExists",),
        "",
        "Amazon CloudFront API Reference: CreateDistribution, UpdateDistribution",
        "Find the distribution that has this alias, perhaps in another AWS account, and remove the alias "
        "there. CloudFront's command associate-alias moves it.",
    ),
    Answer(
        "*",
        ("AccessDenied", "AccessDeniedException", "ForbiddenException"),
        r"account must be verified|account.*(not|n't) (been )?verified",
        "hashicorp/terraform-provider-aws#36663",
        VERIFY_ACCOUNT,
    ),
    Answer(
        "*",
        ("OptInRequired", "SubscriptionRequiredException"),
        "",
        "Common Errors, in the API references of CloudFront and CloudWatch",
        "Sign up for this AWS service in the console of the account, with its payment method in order.",
    ),
)

# CloudFront's code: the name in Service Quotas. The default of each is 100 ("Quotas", CloudFront's guide).
SHARED_QUOTAS = {
    "TooManyDistributionsAssociatedToKeyGroup": "Distributions associated with a single key group",
    "TooManyDistributionsAssociatedToResponseHeadersPolicy": (
        "Distributions associated with the same response headers policy"
    ),
    "TooManyDistributionsAssociatedToCachePolicy": "Distributions associated with the same cache policy",
}


def shared_quota_hint(name: str) -> str:
    """What to do while such a quota, by its name in Service Quotas, is full."""
    return (
        "This is not the quota of distributions: AWS limits how many of them share a setting, to 100 unless "
        f"it has raised that. Ask AWS for a higher quota (Service Quotas: {name}), or delete distributions "
        "that nobody needs. StreamHub tries again automatically; Retry does so at once."
    )


def find(answers: Iterable[Answer], operation: str, code: str, words: str) -> Answer | None:
    """The first of `answers` that this answer is; None if it is none of them."""
    return next((answer for answer in answers if answer.is_it(operation, code, words)), None)
