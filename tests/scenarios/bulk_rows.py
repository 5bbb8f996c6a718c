"""Thousands of rows of every kind, inserted in bulk, to measure pages of a large installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from billing.models import LedgerMinute
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from recordings.models import Recording
from streamhub.access.models import ApiToken
from streamhub.lifecycle.models import Heartbeat, Job, Transition

# One value for all calls of `fill`, so that their minutes never collide.
START = timezone.now().replace(second=0, microsecond=0)
CHANNEL_STATES = ("idle", "idle", "idle", "idle", "running", "provisioning", "failed")
BREAKOUT_STATES = ("completed", "completed", "completed", "idle", "running", "failed", "cancelled")
JOBS = 200
DISTRIBUTION_STATES = ("deployed", "deployed", "deployed", "deploying", "disabled", "failed")


def _insert(rows: Sequence[Model]) -> list[Any]:
    return list(type(rows[0])._default_manager.bulk_create(rows, batch_size=500))


def fill(count: int, first: int = 0) -> None:
    """Insert `count` rows of every kind, numbered from `first`, but at most `JOBS` jobs and processes.

    All transitions belong to one channel, all recordings to one breakout.
    """
    numbers = range(first, first + count)
    distributions = _insert([_distribution(n) for n in numbers])
    groups = _insert([SecurityGroup(cidrs=f"10.{n // 256}.{n % 256}.0/24", state="ready") for n in numbers])
    channels = _insert(
        [_channel(n, *pair) for n, pair in enumerate(zip(distributions, groups, strict=True), first)]
    )
    breakouts = _insert([_breakout(n, channel) for n, channel in enumerate(channels, first)])
    _insert([_attachment(*pair) for pair in zip(breakouts, distributions, strict=True)])
    channel, breakout = Channel.objects.earliest("pk"), Breakout.objects.earliest("pk")
    _insert([_recording(n, breakout) for n in numbers])
    _insert([_transition(n, channel) for n in numbers])
    _insert([_minute(n) for n in numbers])
    _insert([ApiToken(service=f"service-{n}", sha256=f"{n:064}", prefix=f"{n:06}"[:6]) for n in numbers])
    _insert([User(username=f"person {n}", is_staff=True) for n in numbers])
    _insert([Group(name=f"group {n}") for n in numbers])
    _jobs_and_processes(range(first, min(first + count, JOBS)))


def _jobs_and_processes(numbers: Sequence[int]) -> None:
    """Their number does not grow with the number of channels."""
    now = timezone.now()
    every, _ = IntervalSchedule.objects.get_or_create(every=60, period="seconds")
    _insert([PeriodicTask(name=f"job {n}", task="lifecycle.sweep", interval=every) for n in numbers])
    _insert([Job(name=f"job {n}", finished_at=now) for n in numbers])
    _insert([Heartbeat(name=f"process {n}", beat_at=now) for n in numbers])


def _distribution(n: int) -> Distribution:
    state = DISTRIBUTION_STATES[n % len(DISTRIBUTION_STATES)]
    stale = state == "disabled"
    return Distribution(
        state=state,
        desired="deleted" if stale else "enabled",
        attached=not stale,
        enabled=not stale,
        status="Deployed",
        origin_url=f"https://{n}.mediapackage.example/out/v1/{n}/index.m3u8",
        owner_label=f"stage {n}",
        aws_distribution_id=f"E{n:013}",
        domain_name=f"d{n:013}.cloudfront.net",
        arn=f"arn:aws:cloudfront::111122223333:distribution/E{n:013}",
    )


def _channel(n: int, distribution: Distribution, group: SecurityGroup) -> Channel:
    state = CHANNEL_STATES[n % len(CHANNEL_STATES)]
    return Channel(
        name=f"stage {n}",
        state=state,
        distribution=distribution if distribution.attached else None,
        security_group=group,
        endpoint_url=distribution.origin_url,
        ml_channel_id=f"{n:07}",
        ml_input_id=f"{n:07}",
        error_code="ThrottlingException" if state == "failed" else "",
    )


def _breakout(n: int, channel: Channel) -> Breakout:
    state = BREAKOUT_STATES[n % len(BREAKOUT_STATES)]
    soon = timezone.now() + timedelta(hours=1)
    return Breakout(
        name=f"talk {n}",
        channel=channel,
        channel_uid=channel.uid,
        channel_name=channel.name,
        state=state,
        starts_at=soon if state == "idle" else None,
        curtain_raised=state == "running",
        usage_bytes_downloaded=n * 1_000_000,
    )


def _attachment(breakout: Breakout, distribution: Distribution) -> Attachment:
    return Attachment(
        breakout=breakout,
        distribution=distribution,
        aws_distribution_id=distribution.aws_distribution_id or "",
        domain_name=distribution.domain_name,
        started_at=START,
        ended_at=None if breakout.state == "running" else timezone.now(),
    )


def _recording(n: int, breakout: Breakout) -> Recording:
    return Recording(breakout=breakout, key=f"{n}.m2ts", size_bytes=n, modified_at=timezone.now())


def _transition(n: int, row: Channel) -> Transition:
    return Transition(
        resource_type="channel",
        resource_id=row.pk,
        resource_name=row.name,
        who="staff:anna",
        why="start requested",
        from_state="idle",
        to_state="starting",
        aws_request_id=f"request-{n}",
    )


def _minute(n: int) -> LedgerMinute:
    now = timezone.now()
    return LedgerMinute(
        aws_distribution_id=f"E{n % 100:013}",
        minute=START - timedelta(minutes=n // 100),
        bytes_downloaded=1_234_567 * n,
        requests=n,
        first_seen_at=now,
        changed_at=now,
    )
