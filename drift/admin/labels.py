"""How drift looks and reads: badges, headings, and what each verb means."""

from __future__ import annotations

from dataclasses import dataclass

from drift.report import unread_because
from drift.services import Finding, Kind, Problem, Reading, Verb
from streamhub.console.badges import Badge, Tone
from streamhub.errors import AwsError

BADGES = {
    Problem.MISSING: Badge(Tone.BAD, "link_off"),
    Problem.DIFFERENT: Badge(Tone.WARN, "difference"),
    Problem.UNCLAIMED: Badge(Tone.WARN, "add_link"),
    Problem.ORPHAN: Badge(Tone.WARN, "question_mark"),
    Problem.DUPLICATE: Badge(Tone.WARN, "content_copy"),
}
COSTS = Badge(Tone.BAD, "payments")

GROUPS = (
    ("Rows whose AWS resource is missing or different", "database", (Problem.MISSING, Problem.DIFFERENT)),
    (
        "On AWS with our mark, and no row that knows of it",
        "cloud",
        (Problem.ORPHAN, Problem.DUPLICATE, Problem.UNCLAIMED),
    ),
)


@dataclass(frozen=True)
class Face:
    """What a verb is called and looks like."""

    label: str
    icon: str
    danger: bool = False


FACES = {
    Verb.ADOPT: Face("Adopt", "add_link"),
    Verb.REPAIR: Face("Repair", "build"),
    Verb.DELETE: Face("Delete", "delete", danger=True),
}


ROWS = {"distributions.distribution": "distribution of", "channels_app.securitygroup": "security group"}


def row_of(finding: Finding) -> str:
    """What the finding's row is called in a link to it; "" without a row."""
    return f"{ROWS.get(finding.model, 'channel')} {finding.name}" if finding.model else ""


def badge_of_finding(finding: Finding) -> Badge:
    return COSTS if finding.costs else BADGES[finding.problem]


def badge_of(reading: Reading) -> Badge:
    """Of the whole: what could not be read is never calm."""
    if reading.unread:
        return Badge(Tone.BAD, "visibility_off")
    if reading.observed_at is None:
        return Badge(Tone.CALM, "help")
    if any(one.costs for one in reading.findings):
        return COSTS
    return Badge(Tone.WARN, "difference") if reading.findings else Badge(Tone.GOOD, "check_circle")


def word_of(reading: Reading) -> str:
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


def consequences(finding: Finding, verb: Verb) -> list[str]:
    """What to know before it is done, beside the dry run."""
    if verb is Verb.REPAIR:
        return [
            "Nothing is deleted. AWS is read once more before anything is believed.",
            "What StreamHub cannot put right by itself it says on the row's page, with a Retry.",
        ]
    if verb is Verb.ADOPT:
        return [
            f"From then on {finding.name} manages it: it is changed with it, and deleted with it.",
            "Nothing is created, and nothing is changed on AWS now.",
        ]
    return ["This cannot be undone.", *_teardown(finding)]


def _teardown(finding: Finding) -> list[str]:
    steps = {
        Kind.DISTRIBUTION: "CloudFront wants it disabled first and lets it go some minutes later: two steps.",
        Kind.ML_CHANNEL: "If it runs it is stopped first, which ends its stream: two steps.",
        Kind.INPUT: "Its ingest URLs stop working for good.",
        Kind.ENDPOINT: "Its URL stops working for good.",
    }
    step = steps.get(finding.kind)
    return ["Row and AWS are looked at again just before; whatever has to do with a row stays."] + (
        [step] if step else []
    )
