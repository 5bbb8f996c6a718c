"""Badges, headings and texts of the Drift page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from drift.report import unread_because
from drift.services import Difference, Finding, Resolution, ResourceKind, StoredReport
from streamhub.console import aws_console
from streamhub.console.badges import Badge, Tone
from streamhub.errors import AwsError

BADGES = {
    Difference.MISSING: Badge(Tone.BAD, "link_off"),
    Difference.DIFFERENT: Badge(Tone.WARN, "difference"),
    Difference.UNCLAIMED: Badge(Tone.WARN, "add_link"),
    Difference.ORPHAN: Badge(Tone.WARN, "question_mark"),
    Difference.DUPLICATE: Badge(Tone.WARN, "content_copy"),
}
COSTS = Badge(Tone.BAD, "payments")

GROUPS = (
    (
        _("Rows whose AWS resource is missing or different"),
        "database",
        (Difference.MISSING, Difference.DIFFERENT),
    ),
    (
        _("Resources on AWS with our mark that no row knows"),
        "cloud",
        (Difference.ORPHAN, Difference.DUPLICATE, Difference.UNCLAIMED),
    ),
)


@dataclass(frozen=True)
class ResolutionLabel:
    """The label and icon of a resolution."""

    label: str
    icon: str
    danger: bool = False


RESOLUTION_LABELS = {
    Resolution.ADOPT: ResolutionLabel("Adopt", "add_link"),
    Resolution.REPAIR: ResolutionLabel("Repair", "build"),
    Resolution.DELETE: ResolutionLabel("Delete", "delete", danger=True),
}


ROW_KINDS = {
    "distributions.distribution": _("distribution of"),
    "channels_app.securitygroup": _("security group"),
}


def row_name(finding: Finding) -> str:
    """The text of the link to the finding's row; "" without a row."""
    return f"{ROW_KINDS.get(finding.model, 'channel')} {finding.name}" if finding.model else ""


# Service and kind, as the addresses of AWS's console have them. An endpoint has no page of its own there.
_IN_CONSOLE = {
    ResourceKind.DISTRIBUTION: ("cloudfront", "distributions"),
    ResourceKind.ML_CHANNEL: ("medialive", "channels"),
    ResourceKind.INPUT: ("medialive", "inputs"),
    ResourceKind.GROUP: ("medialive", "input-security-groups"),
    ResourceKind.MP_CHANNEL: ("mediapackage", "channels"),
}


def console_url(finding: Finding) -> str:
    """The resource's page in AWS's console; "" where there is none."""
    place = _IN_CONSOLE.get(finding.kind)
    return aws_console.address(*place, finding.aws_id) if place else ""


def badge_of_finding(finding: Finding) -> Badge:
    return COSTS if finding.costs else BADGES[finding.difference]


def badge_of(report: StoredReport) -> Badge:
    """The badge of the whole report. A list that could not be read always counts as bad."""
    if report.unread:
        return Badge(Tone.BAD, "visibility_off")
    if report.observed_at is None:
        return Badge(Tone.CALM, "help")
    if any(finding.costs for finding in report.findings):
        return COSTS
    return Badge(Tone.WARN, "difference") if report.findings else Badge(Tone.GOOD, "check_circle")


def summary_of(report: StoredReport) -> str:
    """The text of the report's badge."""
    if report.unread:
        return gettext("not everything could be read")
    if report.observed_at is None:
        return gettext("not read yet")
    count = len(report.findings)
    return (
        ngettext("%(count)s difference", "%(count)s differences", count) % {"count": count}
        if count
        else gettext("in agreement")
    )


def aws_error_sentences(error: AwsError) -> str:
    """An AWS error that interrupted a resolution, for the person who asked for it."""
    unread = unread_because(error)
    return gettext("AWS answered %(code)s (%(message)s). Try again in a minute.") % {
        "code": unread.code,
        "message": unread.message,
    }


def consequences(finding: Finding, resolution: Resolution) -> list[str]:
    """What to know before confirming, in addition to the dry run."""
    if resolution is Resolution.REPAIR:
        return [
            gettext("Nothing is deleted. StreamHub reads AWS again before it changes anything."),
            gettext("The row's page shows what StreamHub cannot repair by itself, with a Retry."),
        ]
    if resolution is Resolution.ADOPT:
        return [
            gettext("From now on %(name)s manages it, and deletes it when %(name)s is deleted.")
            % {"name": finding.name},
            gettext("Nothing is created or changed on AWS now."),
        ]
    return [gettext("This cannot be undone."), *_teardown(finding)]


def _teardown(finding: Finding) -> list[str]:
    steps = {
        ResourceKind.DISTRIBUTION: gettext(
            "This takes two steps, three if a DNS record of ours leads to it: that goes first. CloudFront "
            "deletes it only once it is disabled."
        ),
        ResourceKind.ML_CHANNEL: gettext("If it runs, this takes two steps: stopping it ends its stream."),
        ResourceKind.INPUT: gettext("Its ingest URLs stop working for good."),
        ResourceKind.ENDPOINT: gettext("Its URL stops working for good."),
    }
    step = steps.get(finding.kind)
    return [
        gettext("StreamHub reads rows and AWS again first, and deletes nothing that belongs to a row.")
    ] + ([step] if step else [])
