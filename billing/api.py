"""The HTTP API of usage (docs/api.md, `GET breakouts/{id}/usage`)."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Router

from billing.breakout_usage import UsageReport, breakout_usage
from channels_app.models import Breakout
from streamhub.access.http import Out, one, scope

router = Router(tags=["breakouts"])


class AttachedOut(Out):
    from_: datetime = Field(serialization_alias="from")
    to: datetime | None = Field(description="null: still attached")


class DistributionUsageOut(Out):
    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    attached: list[AttachedOut]

    @staticmethod
    def resolve_attached(row: object) -> list[dict[str, datetime | None]]:
        return [{"from_": start, "to": end} for start, end in row.attached]  # type: ignore[attr-defined]


class MinuteOut(Out):
    minute: datetime
    period_seconds: int = Field(description="60; longer where the minutes are no longer kept")
    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    provisional: bool = Field(description="the figure may still change")
    approximate: bool = Field(description="a share of a period longer than a minute")


class UsageReportOut(Out):
    breakout: str
    status: str = Field(examples=["pending", "provisional", "final"])
    bytes_downloaded: int | None = Field(description="null: there is no figure yet; that is not zero")
    requests: int | None
    late_bytes: int = Field(
        description="published by CloudFront after the figures were final, of either sign; not part of them"
    )
    late_requests: int
    approximate: bool = Field(description="periods longer than a minute took part")
    suspect: bool = Field(description="on air without a datapoint: not final before one comes, or four days")
    complete: bool = Field(description="final, and its days were read for the last time")
    data: str = Field(
        description="what stands behind the figures: zero viewers and no data are not the same",
        examples=["delivered", "zero_viewers", "no_data", "no_distribution", "not_on_air"],
    )
    complete_until: datetime | None = Field(description="minutes before this are complete")
    distributions: list[DistributionUsageOut]
    minutes: list[MinuteOut]
    open: list[str] = Field(description="what is still missing, in sentences")


@router.get("/{id}/usage", response=UsageReportOut, by_alias=True, auth=scope("usage:read"))
def get_usage(request: HttpRequest, id: str) -> UsageReport:
    """What CloudFront delivered for a breakout: in total, per distribution and per minute."""
    return breakout_usage(one(Breakout.objects.all(), id))
