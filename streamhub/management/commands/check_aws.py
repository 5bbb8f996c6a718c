"""`manage.py check_aws`: is everything there that the first channel needs? Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from streamhub.aws.cloudfront import CloudFront
from streamhub.aws.cloudwatch import CloudWatch, MetricQuery
from streamhub.aws.medialive import MediaLive
from streamhub.aws.mediapackage import MediaPackage
from streamhub.aws.s3 import S3
from streamhub.aws.session import AwsSession, current_session
from streamhub.aws.sts import Sts
from streamhub.aws.target import resolve_target
from streamhub.errors import AccessDenied, AwsError, NotFound, StreamHubError


@dataclass(frozen=True)
class AccountCheck:
    """One thing looked at: `ok`, and what was seen or what to do about it."""

    name: str
    ok: bool
    detail: str


def findings(session: AwsSession) -> Iterator[AccountCheck]:
    """Look at everything, one read each; what cannot be read says so."""
    yield _ask("identity", lambda: "account {}, {}".format(*Sts(session).caller_identity()[:2]))
    yield _ask("CloudFront", lambda: _first(CloudFront(session).pages(), "distributions"))
    yield _ask("MediaPackage", lambda: _first(MediaPackage(session).channel_pages(), "channels"))
    yield _ask("MediaLive", lambda: _first(MediaLive(session).channel_pages(), "channels"))
    yield _ask("MediaLive inputs", lambda: _first(MediaLive(session).input_pages(), "inputs"))
    yield _ask("CloudWatch", lambda: _metrics(session))
    role = settings.MEDIALIVE_ROLE_ARN
    yield AccountCheck(
        "MEDIALIVE_ROLE_ARN", bool(role), role or "not set: MediaLive channels cannot be created"
    )
    for name in ("RECORDING_BUCKET", "MEDIA_BUCKET"):
        yield _bucket(session, name, getattr(settings, name))
    yield _mediamanager(session)


def _ask(name: str, read: Callable[[], str]) -> AccountCheck:
    try:
        return AccountCheck(name, True, read())
    except AwsError as error:
        return AccountCheck(name, False, f"{str(error).rstrip('.')}. {_remedy(error)}")


def _remedy(error: AwsError) -> str:
    if isinstance(error, AccessDenied):
        return "Compare the key's policy with `manage.py iam_policy`."
    if isinstance(error, NotFound) or error.code == "NoSuchBucket":
        return "Create it, or correct the setting."
    return "Try again; if it stays, ask AWS with the request id."


def _first(pages: Iterator[Any], what: str) -> str:
    page = next(iter(pages))
    return f"readable, {len(page.items)}{'' if page.last else ' or more'} {what}"


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


def _bucket(session: AwsSession, name: str, bucket: str) -> AccountCheck:
    if not bucket:
        return AccountCheck(name, True, "not set: no recordings or media files from this installation")
    return _ask(
        name, lambda: next((f"{bucket} readable" for _ in _objects(session, bucket)), f"{bucket} empty")
    )


def _objects(session: AwsSession, bucket: str) -> Iterator[Any]:
    return S3(session).list_objects(bucket, "")


def _mediamanager(session: AwsSession) -> AccountCheck:
    id = settings.MEDIAMANAGER_DISTRIBUTION_ID
    if not id:
        return AccountCheck("MediaManager distribution", True, "MEDIAMANAGER_DISTRIBUTION_ID is not set")
    return _ask("MediaManager distribution", lambda: f"{id}: {CloudFront(session).get(id).status}")


class Command(BaseCommand):
    help = "Say what is missing in the AWS account before the first channel. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target = resolve_target()
            found = list(findings(current_session()))
        except StreamHubError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"AWS {target.mode}, region {target.region}, environment {target.environment}")
        for each in found:
            self.stdout.write(f"{'ok     ' if each.ok else 'MISSING'} {each.name}: {each.detail}")
        missing = [each.name for each in found if not each.ok]
        if missing:
            raise CommandError(f"Not ready: {', '.join(missing)}")
        self.stdout.write("Ready for the first channel.")
