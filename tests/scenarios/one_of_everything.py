"""One row of every kind in every interesting state, to look at every page with content."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from billing.models import CollectionWindow, LedgerMinute
from billing.statement_rows import Statement
from channels_app.models import Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from recordings.models import BucketListing
from streamhub.access.services import token_issue, token_revoke
from streamhub.lifecycle.models import Heartbeat, Job, Transition
from tests.scenarios import rows, webhook_rows
from tests.scenarios.well import all_well

LONG = "Grand hall, second floor: keynotes, panels and the closing show"
REQUEST = "0f9b3c1e-7d4a-4b0e-9f38-7c2d1a6b5e44"
UNDEPLOYED = {"enabled": True, "status": "InProgress"}
DEPLOYED = {"enabled": True, "status": "Deployed"}
LIMIT = {
    "error_code": "LimitExceeded",
    "error_message": "The quota of 30 MediaPackage channels in eu-central-1 is full.",
    "error_hint": "Raise the quota in Service Quotas or delete a channel. StreamHub continues by itself.",
    "error_request_id": REQUEST,
}


class OneOfEverything:
    """Creates the rows. The tests find the pages by its attributes."""

    def __init__(self, channel: str = LONG, show: str = "Opening keynote") -> None:
        self._show = show
        self.now = timezone.now().replace(second=0, microsecond=0)
        for name in ("viewer", "operator", "engineer"):
            Group.objects.get_or_create(name=name)
        self.group = SecurityGroup.objects.create(
            cidrs=",".join(f"203.0.{n}.0/24" for n in range(9)), state="ready", aws_id="8412345"
        )
        self.on_air = self._channel(channel, "running", DEPLOYED, record=True, channel_class="STANDARD")
        self.stopping = self._channel("Room 2", "stopping", DEPLOYED)
        self.idle = self._channel("Studio", "idle", DEPLOYED, tags={"team": "events", "cost-centre": "4711"})
        self.waiting = rows.channel("pending", name="Room 3", **LIMIT, error_at=self.now)
        self.broken = self._channel("Room 4", "failed", DEPLOYED, failed_step="create the MediaLive channel")
        Channel.objects.filter(pk=self.broken.pk).update(**rows.ERROR, error_at=self.now)
        self.fetching = self._channel(
            "World feed",
            "idle",
            UNDEPLOYED,
            input_type="URL_PULL",
            source_urls=["https://example.com/a.m3u8"],
        )
        self._breakouts()
        self._distributions()
        self._history()
        self._jobs_and_staff()
        self._webhooks()
        self.statement = Statement.objects.create(
            period=self.now.date().replace(day=1), created_by="staff:anna", missing=["It is not over."]
        )

    def _channel(self, name: str, state: str, cloudfront: dict[str, Any], **more: Any) -> Channel:
        distribution = rows.distribution(**cloudfront, owner_label=f"channel {name}"[:128])
        n, standard = distribution.pk, "STANDARD" in more.values()
        arn = f"arn:aws:cloudfront::111122223333:distribution/{distribution.aws_distribution_id}"
        Distribution.objects.filter(pk=n).update(arn=arn, observed_at=self.now)
        pull = more.get("input_type") == "URL_PULL"
        urls = [f"rtmp://198.51.100.{n}:1935/streamhub-{n:024x}/{part}" for part in ("a", "b")]
        return rows.channel(
            state,
            name=name,
            distribution=distribution,
            security_group=None if pull else self.group,
            allowed_cidrs=[] if pull else self.group.cidr_list,
            endpoint_url=f"https://{n:016x}.mediapackage.eu-central-1.amazonaws.com/out/v1/{n:032x}/index.m3u8",
            input_urls=[] if pull else urls[: 2 if standard else 1],
            ml_channel_id=f"{7_412_000 + n}",
            ml_channel_state=state.upper(),
            ml_input_id=f"{3_512_000 + n}",
            mp_channel_id=f"streamhub-{n:032x}",
            mp_endpoint_id=f"streamhub-{n:032x}-hls",
            observed_at=self.now,
            **more,
        )

    def _breakouts(self) -> None:
        started = {"session_started_at": self.now - timedelta(minutes=50), "starts_at": self.now}
        self.live = rows.breakout(
            "running",
            self.on_air,
            name=self._show,
            curtain_raised=True,
            usage_status="provisional",
            usage_bytes_downloaded=48_234_567_890,
            usage_requests=1_204_311,
            usage_complete_until=self.now - timedelta(minutes=8),
            duration_minutes=90,
            **started,
        )
        BucketListing.objects.create(breakout=self.live, listed_at=self.now)
        self._delivered(self.live, minutes=48, ended=None)
        self.ending = rows.breakout("stopping", self.stopping, name="Panel: ten years of live", **started)
        self.past = rows.breakout(
            "completed",
            self.idle,
            name="Rehearsal",
            usage_status="final",
            usage_bytes_downloaded=3_120_000_000,
            usage_requests=90_112,
            usage_complete_until=self.now - timedelta(hours=2),
            starts_at=self.now - timedelta(hours=4),
            session_started_at=self.now - timedelta(hours=3, minutes=25),
            session_ended_at=self.now - timedelta(hours=3),
        )
        self._delivered(self.past, minutes=25, ended=self.now - timedelta(hours=3))
        self.planned = rows.breakout(
            "idle",
            self.idle,
            name="Closing show",
            starts_at=self.now + timedelta(hours=2),
            duration_minutes=45,
        )
        self.failed = rows.breakout(
            "failed",
            self.broken,
            name="Late show",
            error_code="start_failed",
            error_message="MediaLive went back to IDLE without running.",
            error_hint="Look at the encoder in the room, then press Retry.",
            error_request_id=REQUEST,
            error_at=self.now,
        )
        self.cancelled = rows.breakout("cancelled", self.idle, name="Called off")

    def _delivered(self, breakout: Breakout, *, minutes: int, ended: Any) -> None:
        distribution = breakout.channel.distribution if breakout.channel else None
        assert distribution is not None
        start = (ended or self.now) - timedelta(minutes=minutes)
        attachment = breakout.attachments.create(
            distribution=distribution,
            aws_distribution_id=distribution.aws_distribution_id or "",
            domain_name=distribution.domain_name,
            started_at=start,
            ended_at=ended,
        )
        CollectionWindow.objects.create(attachment=attachment, read_at=self.now, settled_at=ended)
        for n in range(minutes):
            LedgerMinute.objects.create(
                aws_distribution_id=distribution.aws_distribution_id or "",
                minute=start + timedelta(minutes=n),
                bytes_downloaded=900_000_000 + 40_000_000 * (n % 17),
                requests=20_000 + 700 * (n % 13),
                first_seen_at=self.now,
                changed_at=self.now,
            )
        for n in range(3):
            breakout.recordings.create(
                key=f"{'0f' * 16}/20261122T1830{n:02}Z/main_archive.{n:06}.m2ts",
                size_bytes=312_456_789 + n,
                modified_at=start + timedelta(minutes=5 * n),
            )

    def _distributions(self) -> None:
        gone = {"attached": False, "desired": "deleted"}
        self.stale = rows.distribution("disabled", enabled=False, status="Deployed", **gone)
        self.disabling = rows.distribution("disabling", enabled=False, status="InProgress", **gone)
        self.missing = rows.distribution("missing")
        self.refused = rows.distribution("failed", failed_step="create the distribution", **rows.ERROR)
        self.deploying = rows.distribution("deploying", config={"PriceClass": "PriceClass_100"}, **UNDEPLOYED)
        rows.distribution("pending")

    def _history(self) -> None:
        steps = [
            ("", "pending", "staff:anna", "created", ""),
            ("pending", "provisioning", "StreamHub", "MediaPackage channel created", ""),
            ("provisioning", "idle", "StreamHub", "its AWS stack is complete", ""),
            ("idle", "starting", "api:event-site", "start of the breakout Opening keynote", ""),
            ("starting", "failed", "StreamHub", "MediaLive refused to start it", "Rate exceeded."),
            ("failed", "starting", "staff:anna", "retried", ""),
            ("starting", "running", "StreamHub", "MediaLive says RUNNING", ""),
        ]
        for row in (self.on_air, self.live, self.on_air.distribution, self.group):
            assert row is not None
            for before, after, who, why, error in steps:
                Transition.objects.create(
                    resource_type=row.KIND,
                    resource_id=row.pk,
                    resource_name=str(row)[:128],
                    who=who,
                    why=why,
                    from_state=before,
                    to_state=after,
                    aws_request_id=REQUEST,
                    error=error,
                )

    def _webhooks(self) -> None:
        self.receiver = webhook_rows.endpoint("Event site", owner=self.anna, last_delivered_at=self.now)
        self.failing_receiver = webhook_rows.endpoint(
            "Ticket shop",
            format="standard",
            url="https://hooks.tickets.example.com/incoming/streamhub?team=events",
            failures=7,
            failing_since=self.now - timedelta(minutes=40),
            last_error="503: closed for repairs",
        )
        self.paused_receiver = webhook_rows.endpoint("Stripe", format="stripe", active=False)
        for row in (self.receiver, self.failing_receiver):
            for state, status, answer in (
                ("delivered", 200, "ok"),
                ("failed", None, "The connection was refused: nothing listens there."),
                ("waiting", 503, "closed for repairs"),
                ("dismissed", 500, "Internal Server Error"),
            ):
                webhook_rows.delivery(row, self.on_air, state, status, answer)

    def _jobs_and_staff(self) -> None:
        all_well()
        Job.objects.filter(name="collect_metrics").update(
            error="ThrottlingException: Rate exceeded. AWS request " + REQUEST, failing_since=self.now
        )
        Heartbeat.objects.create(name="worker1@streamhub-worker-7c9d8f6b5-x2x7q", beat_at=self.now)
        silent_since = self.now - timedelta(minutes=4)
        Heartbeat.objects.create(name="urgent@streamhub-urgent-5b8c7d9f4-k9m2p", beat_at=silent_since)
        self.anna = User.objects.create_user("anna", first_name="Anna", last_name="Keller", is_staff=True)
        self.anna.groups.add(Group.objects.get(name="operator"))
        self.token = token_issue("event-site", ["channels:read", "breakouts:read"], timedelta(days=90))[0]
        token_revoke(token_issue("old-site", ["channels:read"])[0])
