"""The IAM actions that the product's AWS calls need (AWS_RULES 31).

An operation may need other actions than its own, so this table follows the page "Actions, resources, and
condition keys" of each service. Tests compare it with the calls that the code makes.
"""

from __future__ import annotations

from collections.abc import Iterable

ACTIONS: dict[str, tuple[str, ...]] = {
    "acm:DescribeCertificate": ("acm:DescribeCertificate",),
    "cloudfront:CreateDistributionWithTags": ("cloudfront:CreateDistribution", "cloudfront:TagResource"),
    "cloudfront:DeleteDistribution": ("cloudfront:DeleteDistribution",),
    "cloudfront:GetDistribution": ("cloudfront:GetDistribution",),
    "cloudfront:GetDistributionConfig": ("cloudfront:GetDistributionConfig",),
    "cloudfront:GetKeyGroup": ("cloudfront:GetKeyGroup",),
    "cloudfront:GetPublicKey": ("cloudfront:GetPublicKey",),
    "cloudfront:GetResponseHeadersPolicy": ("cloudfront:GetResponseHeadersPolicy",),
    "cloudfront:ListDistributions": ("cloudfront:ListDistributions",),
    "cloudfront:ListTagsForResource": ("cloudfront:ListTagsForResource",),
    "cloudfront:TagResource": ("cloudfront:TagResource",),
    "cloudfront:UntagResource": ("cloudfront:UntagResource",),
    "cloudfront:UpdateDistribution": ("cloudfront:UpdateDistribution",),
    "cloudfront:UpdateDomainAssociation": (
        "cloudfront:UpdateDomainAssociation",
        "cloudfront:UpdateDistribution",
    ),
    "cloudwatch:GetMetricData": ("cloudwatch:GetMetricData",),
    "iam:SimulatePrincipalPolicy": ("iam:SimulatePrincipalPolicy",),
    "medialive:BatchUpdateSchedule": ("medialive:BatchUpdateSchedule",),
    "medialive:CreateChannel": ("medialive:CreateChannel", "medialive:CreateTags", "iam:PassRole"),
    "medialive:CreateInput": ("medialive:CreateInput", "medialive:CreateTags", "iam:PassRole"),
    "medialive:CreateInputSecurityGroup": ("medialive:CreateInputSecurityGroup", "medialive:CreateTags"),
    "medialive:CreateTags": ("medialive:CreateTags",),
    "medialive:DeleteChannel": ("medialive:DeleteChannel",),
    "medialive:DeleteInput": ("medialive:DeleteInput",),
    "medialive:DeleteInputSecurityGroup": ("medialive:DeleteInputSecurityGroup",),
    "medialive:DeleteTags": ("medialive:DeleteTags",),
    "medialive:DescribeChannel": ("medialive:DescribeChannel",),
    "medialive:DescribeInput": ("medialive:DescribeInput",),
    "medialive:DescribeInputSecurityGroup": ("medialive:DescribeInputSecurityGroup",),
    "medialive:DescribeSchedule": ("medialive:DescribeSchedule",),
    "medialive:DescribeThumbnails": ("medialive:DescribeThumbnails",),
    "medialive:ListAlerts": ("medialive:ListAlerts",),
    "medialive:ListChannels": ("medialive:ListChannels",),
    "medialive:ListInputSecurityGroups": ("medialive:ListInputSecurityGroups",),
    "medialive:ListInputs": ("medialive:ListInputs",),
    "medialive:RestartChannelPipelines": ("medialive:RestartChannelPipelines",),
    "medialive:StartChannel": ("medialive:StartChannel",),
    "medialive:StopChannel": ("medialive:StopChannel",),
    "medialive:UpdateChannel": ("medialive:UpdateChannel", "iam:PassRole"),
    "medialive:UpdateInput": ("medialive:UpdateInput",),
    "medialive:UpdateInputSecurityGroup": ("medialive:UpdateInputSecurityGroup",),
    "mediapackage:CreateChannel": ("mediapackage:CreateChannel", "mediapackage:TagResource"),
    "mediapackage:CreateOriginEndpoint": (
        "mediapackage:CreateOriginEndpoint",
        "mediapackage:TagResource",
        "iam:PassRole",
    ),
    "mediapackage:DeleteChannel": ("mediapackage:DeleteChannel",),
    "mediapackage:DeleteOriginEndpoint": ("mediapackage:DeleteOriginEndpoint",),
    "mediapackage:DescribeChannel": ("mediapackage:DescribeChannel",),
    "mediapackage:DescribeOriginEndpoint": ("mediapackage:DescribeOriginEndpoint",),
    "mediapackage:ListChannels": ("mediapackage:ListChannels",),
    "mediapackage:ListOriginEndpoints": ("mediapackage:ListOriginEndpoints",),
    "mediapackage:TagResource": ("mediapackage:TagResource",),
    "mediapackage:UntagResource": ("mediapackage:UntagResource",),
    "mediapackage:UpdateOriginEndpoint": ("mediapackage:UpdateOriginEndpoint", "iam:PassRole"),
    "pricing:GetProducts": ("pricing:GetProducts",),
    "route53:ChangeResourceRecordSets": ("route53:ChangeResourceRecordSets",),
    "route53:GetHostedZone": ("route53:GetHostedZone",),
    "route53:ListResourceRecordSets": ("route53:ListResourceRecordSets",),
    "s3:GetObject": ("s3:GetObject",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "secretsmanager:GetSecretValue": ("secretsmanager:GetSecretValue",),
    "service-quotas:ListAWSDefaultServiceQuotas": ("servicequotas:ListAWSDefaultServiceQuotas",),
    "service-quotas:ListServiceQuotas": ("servicequotas:ListServiceQuotas",),
    "sts:GetCallerIdentity": ("sts:GetCallerIdentity",),
}


def actions_for(operations: Iterable[str] = ACTIONS) -> tuple[str, ...]:
    """The IAM actions that these operations need, sorted. Raises KeyError for an unlisted operation."""
    return tuple(sorted({action for operation in operations for action in ACTIONS[operation]}))
