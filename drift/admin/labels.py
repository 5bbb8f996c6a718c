"""How drift looks and reads: badges, headings, and what each verb means."""

from __future__ import annotations

from dataclasses import dataclass

from drift.report import unread_because
from drift.services import Difference, Finding, Resolution, ResourceKind, StoredReport
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
        "Rows whose AWS resource is missing or different",
        "database",
        (Difference.MISSING, Difference.DIFFERENT),
    ),
    (
        "On AWS with our mark, and no row that knows of it",
        "cloud",
        (Difference.ORPHAN, Difference.DUPLICATE, Difference.UNCLAIMED),
    ),
)


@dataclass(frozen=True)
class ResolutionLabel:
    """What a verb is called and looks like."""

    label: str
    icon: str
    danger: bool = False


RESOLUTION_LABELS = {
    Resolution.ADOPT: ResolutionLabel("Adopt", "add_link"),
    Resolution.REPAIR: ResolutionLabel("Repair", "build"),
    Resolution.DELETE: ResolutionLabel("Delete", "delete", danger=True),
}


ROWS = {"distributions.distribution": "distribution of", "channels_app.securitygroup": "security group"}


def row_of(finding: Finding) -> str:
    """What the finding's row is called in a link to it; "" without a row."""
    return f"{ROWS.get(finding.model, 'channel')} {finding.name}" if finding.model else ""


def badge_of_finding(finding: Finding) -> Badge:
    return COSTS if finding.costs else BADGES[finding.problem]


def badge_of(reading: StoredReport) -> Badge:
    """Of the whole: what could not be read is never calm."""
    if reading.unread:
        return Badge(Tone.BAD, "visibility_off")
    if reading.observed_at is None:
        return Badge(Tone.CALM, "help")
    if any(one.costs for one in reading.findings):
        return COSTS
    return Badge(Tone.WARN, "difference") if reading.findings else Badge(Tone.GOOD, "check_circle")


def word_of(reading: StoredReport) -> str:
    if reading.unread:
        return "not all could be read"
    if reading.observed_at is None:
        return "not read yet"
    count = len(reading.findings)
    return f"{count} difference{'' if count == 1 else 's'}" if count else "in agreement"


def unreadable(error: AwsError) -> str:
    """An AWS error in the middle of a verb, for the person who pressed it."""
    why = unread_because(error)
    return f"AWS answered {why.code} ({why.message}). Nothing can be said for certain; try again in a minute."


def consequences(finding: Finding, verb: Resolution) -> list[str]:
    """What to know before it is done, beside the dry run."""
    if verb is Resolution.REPAIR:
        return [
            "Nothing is deleted. AWS is read once more before anything is believed.",
            "What StreamHub cannot put right by itself it says on the row's page, with a Retry.",
        ]
    if verb is Resolution.ADOPT:
        return [
            f"From then on {finding.name} manages it: it is changed with it, and deleted with it.",
            "Nothing is created, and nothing is changed on AWS now.",
        ]
    return ["This cannot be undone.", *_teardown(finding)]


def _teardown(finding: Finding) -> list[str]:
    steps = {
        ResourceKind.DISTRIBUTION: "CloudFront deletes it some minutes after it was disabled: two steps.",
        ResourceKind.ML_CHANNEL: "If it runs it is stopped first, which ends its stream: two steps.",
        ResourceKind.INPUT: "Its ingest URLs stop working for good.",
        ResourceKind.ENDPOINT: "Its URL stops working for good.",
    }
    step = steps.get(finding.kind)
    return ["Row and AWS are looked at again just before; whatever has to do with a row stays."] + (
        [step] if step else []
    )
