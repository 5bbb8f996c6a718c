"""`manage.py check_aws`: checks that the AWS account has everything for the first channel. Only reads."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from streamhub.aws.acm import Acm
from streamhub.aws.cloudfront import CloudFront
from streamhub.aws.cloudwatch import CloudWatch, MetricQuery
from streamhub.aws.medialive import MediaLive
from streamhub.aws.mediapackage import MediaPackage
from streamhub.aws.price_list import PriceList
from streamhub.aws.regions import missing_in
from streamhub.aws.response_headers import cors_policy
from streamhub.aws.route53 import Route53
from streamhub.aws.s3 import S3
from streamhub.aws.session import AwsSession, current_session
from streamhub.aws.sts import Sts
from streamhub.aws.target import Target, resolve_target
from streamhub.commands import DatabaseCommand
from streamhub.errors import AccessDenied, AwsError, NotFound, StreamHubError
from streamhub.quotas.catalogue import KINDS, SERVICES
from streamhub.quotas.limits import limits_of


@dataclass(frozen=True)
class AccountCheck:
    """One check: whether it is `ok`, and what was read or what to do."""

    name: str
    ok: bool
    detail: str


def findings(session: AwsSession) -> Iterator[AccountCheck]:
    """All checks, each with one read."""
    missing = missing_in(session.target.region)
    detail = (
        f"{session.target.region} has no {' and no '.join(missing)}" if missing else session.target.region
    )
    yield AccountCheck("region", not missing, detail)
    yield _check("identity", lambda: "account {}, {}".format(*Sts(session).caller_identity()[:2]))
    yield _check("CloudFront", lambda: _first_page(CloudFront(session).pages(), "distribution"))
    yield _check("MediaPackage", lambda: _first_page(MediaPackage(session).channel_pages(), "channel"))
    yield _check(
        "MediaPackage endpoints", lambda: _first_page(MediaPackage(session).endpoint_pages(), "endpoint")
    )
    yield _check("MediaLive", lambda: _first_page(MediaLive(session).channel_pages(), "channel"))
    yield _check("MediaLive inputs", lambda: _first_page(MediaLive(session).input_pages(), "input"))
    yield _check(
        "MediaLive input security groups",
        lambda: _first_page(MediaLive(session).security_group_pages(), "security group"),
    )
    yield _check("CloudWatch", lambda: _metrics(session))
    yield _check("MediaPackage metrics", lambda: _packaged(session))
    yield _price_list(session)
    yield from _limits(session)
    role = settings.MEDIALIVE_ROLE_ARN
    yield AccountCheck(
        "MEDIALIVE_ROLE_ARN", bool(role), role or "not set: MediaLive channels cannot be created"
    )
    for name in ("RECORDING_BUCKET", "MEDIA_BUCKET"):
        yield _bucket(session, name, getattr(settings, name))
    yield _mediamanager(session)
    yield from _aliases(session)


def _check(name: str, read: Callable[[], str]) -> AccountCheck:
    try:
        return AccountCheck(name, True, read())
    except AwsError as error:
        return AccountCheck(name, False, f"{str(error).rstrip('.')}. {_remedy(error)}")


def _remedy(error: AwsError) -> str:
    if isinstance(error, AccessDenied):
        return "Compare the key's policy with `manage.py iam_policy`."
    if isinstance(error, NotFound) or error.code == "NoSuchBucket":
        return "Create it, or correct the setting."
    return "Try again. If the error stays, contact AWS support with the request id."


def _first_page(pages: Iterator[Any], noun: str) -> str:
    page = next(iter(pages))
    if not page.last:
        return f"readable, {len(page.items)} or more {noun}s"
    return f"readable, {len(page.items)} {noun}{'' if len(page.items) == 1 else 's'}"


def _metrics(session: AwsSession) -> str:
    end = timezone.now().replace(second=0, microsecond=0)
    query = MetricQuery(
        id="check",
        namespace="AWS/CloudFront",
        metric="Requests",
        dimensions={"DistributionId": "NONE", "Region": "Global"},
        stat="Sum",
        period=60,
    )
    CloudWatch(session).get_metric_data([query], end - timedelta(minutes=1), end)
    return "metrics readable in us-east-1"


def _packaged(session: AwsSession) -> str:
    """By these the usage of MediaPackage is measured. They are in the channels' region."""
    end = timezone.now().replace(second=0, microsecond=0)
    query = MetricQuery("check", "AWS/MediaPackage", "IngressBytes", {"Channel": "NONE"}, "Sum", 60)
    CloudWatch(session).get_metric_data([query], end - timedelta(minutes=1), end)
    return f"metrics readable in {session.target.region}"


def _price_list(session: AwsSession) -> AccountCheck:
    """Without it prices are imported as files: no fault."""
    try:
        next(PriceList(session).products("AWSElementalMediaPackage"), None)
    except AwsError as error:
        return AccountCheck("price list", True, f"cannot be read, so prices come from files ({error})")
    return AccountCheck("price list", True, "readable")


def _limits(session: AwsSession) -> Iterator[AccountCheck]:
    """The limits of each service. Without the permission a setting or AWS's default stands in: no fault."""
    for service, name in SERVICES.items():
        try:
            limits = limits_of(session, [kind for kind in KINDS if kind.service == service])
            told = [f"{limits[kind.key]} {kind.noun}" for kind in KINDS if kind.key in limits]
            detail = f"at most {', '.join(told)}"
        except AwsError as error:
            detail = f"cannot be read, so AWS_QUOTAS or AWS's defaults count ({error})"
        yield AccountCheck(f"quotas of {name}", True, detail)


def _bucket(session: AwsSession, name: str, bucket: str) -> AccountCheck:
    if not bucket:
        return AccountCheck(name, True, "not set: this installation has no recordings or media files")
    return _check(
        name, lambda: next((f"{bucket} readable" for _ in _objects(session, bucket)), f"{bucket} empty")
    )


def _objects(session: AwsSession, bucket: str) -> Iterator[Any]:
    return S3(session).list_objects(bucket, "")


def _mediamanager(session: AwsSession) -> AccountCheck:
    id = settings.MEDIAMANAGER_DISTRIBUTION_ID
    if not id:
        return AccountCheck("MediaManager distribution", True, "MEDIAMANAGER_DISTRIBUTION_ID is not set")
    return _check("MediaManager distribution", lambda: f"{id}: {CloudFront(session).get(id).status}")


def _aliases(session: AwsSession) -> Iterator[AccountCheck]:
    """What an alias domain and players with cookies need; nothing where they are not set."""
    domain, zone = settings.CLOUDFRONT_ALIAS_DOMAIN, settings.ROUTE53_ZONE_ID
    if domain:
        yield _verdict("CLOUDFRONT_CERTIFICATE_ARN", lambda: _certificate_problem(session, domain))
    if domain and zone:
        yield _verdict("ROUTE53_ZONE_ID", lambda: _zone_problem(session, domain))
    if settings.PLAYBACK_ORIGINS:
        yield _verdict("PLAYBACK_ORIGINS", lambda: _policy_problem(session))


def _verdict(name: str, problem: Callable[[], str]) -> AccountCheck:
    """`problem`: why it does not do, in a sentence; "": it does. It reads AWS."""
    read: list[str] = []
    check = _check(name, lambda: read.append(problem()) or "fits")  # type: ignore[func-returns-value]
    return AccountCheck(name, False, read[0]) if read and read[0] else check


def _certificate_problem(session: AwsSession, domain: str) -> str:
    """One of any channel has to be covered: the certificate needs the wildcard."""
    certificate = Acm(session).certificate(settings.CLOUDFRONT_CERTIFICATE_ARN)
    return certificate.problem_with(f"*.{domain}")


def _zone_problem(session: AwsSession, domain: str) -> str:
    zone = Route53(session).zone_name(settings.ROUTE53_ZONE_ID)
    within = domain == zone or domain.endswith(f".{zone}")
    return "" if within else f"{settings.ROUTE53_ZONE_ID} is the zone of {zone}, which {domain} is not in."


def _policy_problem(session: AwsSession) -> str:
    policy = cors_policy(session, settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID)
    return "There is no such policy." if policy is None else policy.problem_with(settings.PLAYBACK_ORIGINS)


class Command(DatabaseCommand):
    help = "Check what the AWS account lacks for the first channel. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object; exit code 1 if it is not ready"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target = resolve_target()
            checks = list(findings(current_session()))
        except StreamHubError as error:
            raise CommandError(str(error)) from error
        missing = [check.name for check in checks if not check.ok]
        if options["json"]:
            self.stdout.write(_as_json(target, checks))
        else:
            self.stdout.write(f"AWS {target.mode}, region {target.region}, environment {target.environment}")
            for check in checks:
                self.stdout.write(f"{'ok     ' if check.ok else 'MISSING'} {check.name}: {check.detail}")
        if missing:
            raise CommandError(f"Not ready: {', '.join(missing)}")
        if not options["json"]:
            self.stdout.write("Ready for the first channel.")


def _as_json(target: Target, checks: list[AccountCheck]) -> str:
    """`{mode, region, environment, ready, checks: [{name, ok, detail}]}`."""
    about = {"mode": target.mode, "region": target.region, "environment": target.environment}
    ready = all(check.ok for check in checks)
    return json.dumps({**about, "ready": ready, "checks": [asdict(check) for check in checks]}, indent=1)
