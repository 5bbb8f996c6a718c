"""Shows that are on air, with what an operator sees of them: input, thumbnail, minutes and viewers."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from struct import pack
from typing import Any

from django.utils import timezone

from billing.models import LedgerMinute
from channels_app.models import Attachment, Breakout, Channel, InputFacts, PipelineStill
from channels_app.viewers import REQUESTS_A_MINUTE
from tests.scenarios import rows

HALLS = ("Grand hall", "Studio", "Chapel", "Auditorium", "Gallery")


def live_show(number: int, viewers: int = 100, minutes: int = 40, **columns: Any) -> Breakout:
    """A show on air for so many minutes, of which CloudFront has published all but the last three."""
    now = timezone.now().replace(microsecond=0)
    began = now - timedelta(minutes=minutes, seconds=17 * number % 60)
    distribution = rows.distribution(enabled=True, status="Deployed", observed_at=now)
    channel = rows.channel(
        "running",
        name=f"{HALLS[number % len(HALLS)]} {number}",
        distribution=distribution,
        state_since=began,
        ml_channel_id=f"{1000 + number}",
        ml_channel_state="RUNNING",
        observed_at=now,
        allowed_cidrs=["203.0.113.7/32"],
        input_urls=[f"rtmp://203.0.113.{number % 250}:1935/show/live-{number}"],
    )
    times = {"session_started_at": began, "state_since": began, "starts_at": began, "duration_minutes": 90}
    show = rows.breakout(
        "running", channel, **{"name": f"Talk number {number}", "curtain_raised": True, **times, **columns}
    )
    known = {"aws_distribution_id": distribution.aws_distribution_id, "domain_name": distribution.domain_name}
    Attachment.objects.create(breakout=show, distribution=distribution, started_at=began, **known)
    publish(show, began, now - timedelta(minutes=3), viewers)
    received(channel, now)
    return show


def publish(show: Breakout, start: datetime, end: datetime, viewers: int) -> None:
    """What so many viewers at 3 Mbit/s cause in each minute."""
    attachment = show.attachments.get()
    minute = start.replace(second=0) + timedelta(minutes=1)
    published = []
    while minute < end:
        published.append(
            LedgerMinute(
                aws_distribution_id=attachment.aws_distribution_id,
                minute=minute,
                bytes_downloaded=viewers * 3_000_000 * 60 // 8,
                requests=viewers * REQUESTS_A_MINUTE,
                first_seen_at=minute,
                changed_at=minute,
            )
        )
        minute += timedelta(minutes=1)
    LedgerMinute.objects.bulk_create(published)


def received(channel: Channel, at: datetime, alerts: tuple[dict[str, Any], ...] = ()) -> None:
    """What AWS last said about the channel's input."""
    pipeline = {"pipeline": 0, "running": True, "active_input": "main", "network_in": 4_800_000}
    facts = {"observed_at": at, "measured_at": at, "pipelines": [{**pipeline, "dropped_frames": 0}]}
    InputFacts.objects.update_or_create(channel=channel, defaults={**facts, "alerts": list(alerts)})
    PipelineStill.objects.update_or_create(
        channel=channel,
        pipeline=0,
        defaults={
            "taken_at": at,
            "read_at": at,
            "content_type": "image/png",
            "body": png(),
            "digest": f"{channel.pk:064x}",
        },
    )


MISSING = {"kind": "Video Not Detected", "pipeline": 0, "message": "The channel's input has no video."}


def unplugged(channel: Channel, since: datetime) -> None:
    """Its encoder sends nothing any more."""
    received(channel, timezone.now(), ({**MISSING, "since": since.isoformat()},))


def png(width: int = 96, height: int = 54) -> bytes:
    """A picture: a diagonal shade."""
    lines = b"".join(
        b"\0" + bytes(v for x in range(width) for v in (40 + x, 60 + y * 2, 150)) for y in range(height)
    )
    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    made = [_chunk(name, body) for name, body in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def _chunk(name: bytes, body: bytes) -> bytes:
    return pack(">I", len(body)) + name + body + pack(">I", zlib.crc32(name + body))
