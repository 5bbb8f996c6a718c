"""Keeps StreamHub's hands off parts of a channel that were handed over to others.

Before a step that cannot be undone, the mark of its part must be fresh: read with the part's whole list a
moment ago, or read again now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from channels_app.decide.steps import Step
from channels_app.driver import input_settings
from channels_app.driver.marks import tags_of
from channels_app.driver.observing import describe_part
from channels_app.driver.parts import (
    ENDPOINT,
    INPUT,
    ML_CHANNEL,
    MP_CHANNEL,
    PART_DRIVER_OF,
    PART_DRIVERS,
    SECOND,
    PartDriver,
)
from channels_app.driver.polled_lists import POLLED_LISTS
from channels_app.models import Channel
from channels_app.models.channel import Desired
from streamhub.aws.ownership import ENVIRONMENT_TAG, OWNER_TAG, RESOURCE_TAG
from streamhub.errors import AwsError
from streamhub.lifecycle import handed_over, reading
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.polled_lists import pages_of

# The part that a step changes for good.
IRREVERSIBLE = {
    Step.STOP: ML_CHANNEL,
    Step.CLEAR_FAILED: ML_CHANNEL,
    Step.UPDATE_ML_CHANNEL: ML_CHANNEL,
    Step.RESTORE_ATTACHMENT: ML_CHANNEL,
    Step.DELETE_ML_CHANNEL: ML_CHANNEL,
    Step.DELETE_INPUT: INPUT,
    Step.DELETE_SECOND: SECOND,
    Step.DELETE_ENDPOINT: ENDPOINT,
    Step.DELETE_MP_CHANNEL: MP_CHANNEL,
}


def unread_part(claim: Claim, step: Step) -> PartDriver | None:
    """The part whose mark must be read before this step; None if all that matters is known."""
    for part in _changed_for_good(claim.row, step):
        if not _is_fresh(claim, part):
            return part
    if claim.row.handed_over_at is not None:
        return None
    # A list says for the first time that a part is no longer ours: read the part itself.
    return next((part for part in _taken(claim.row) if part.key not in claim.looked_at), None)


def _changed_for_good(row: Channel, step: Step) -> list[PartDriver]:
    if step is Step.RESTORE_INPUT:
        return [PART_DRIVER_OF[slot.part.key] for slot in input_settings.differing_slots(row)]
    return [IRREVERSIBLE[step]] if step in IRREVERSIBLE else []


def _is_fresh(claim: Claim, part: PartDriver) -> bool:
    known = bool(part.of(claim.row).mark)
    return part.key in claim.looked_at or (known and handed_over.mark_is_fresh(claim, part.key))


def read_mark(claim: Claim, step: Step, part: PartDriver) -> None:
    """Read the part, or the whole list if many channels are being deleted at once. Raises `AwsError`.

    A stop is not held back by a read that fails: an encoder costs money, and it was ours when last read.
    """
    if _many_wait_for(part) and _read_in_list(claim, part):
        return
    try:
        describe_part(claim, part)
    except AwsError:
        if step is not Step.STOP:
            raise


def _many_wait_for(part: PartDriver) -> bool:
    """Whether more channels that are being deleted still have this part than its list has pages."""
    columns = part.columns
    present = {columns.gone.attname: False, f"{columns.deleted_at.attname}__isnull": True}
    rows = Channel.objects.filter(desired=Desired.DELETED, **present)
    return rows.exclude(**{columns.aws_id.attname: ""}).count() > pages_of(part.key)


def _read_in_list(claim: Claim, part: PartDriver) -> bool:
    """Read the list for all channels; whether it contains this one, whose columns are then written."""
    polled_list = next(each for each in POLLED_LISTS if each.key == part.key)
    found: list[Any] = []

    def pages() -> Iterator[Any]:
        for page in polled_list.pages():
            found.extend(info for info in page.items if info.id == part.of(claim.row).aws_id)
            yield page

    reading.read_for_all(replace(polled_list, pages=pages))
    if found:
        claim.looked_at.add(part.key)
        claim.save(**part.facts(found[0]))
    return bool(found)


def _taken(row: Channel) -> list[PartDriver]:
    return [part for part in PART_DRIVERS if part.observed(row).handed_over]


def record(claim: Claim) -> None:
    """Show on the row what was handed over, or that it is ours again."""
    row: Channel = claim.row
    taken = _taken(row)
    if not taken:
        if row.handed_over_at is not None:
            handed_over.given_back(claim)
        return
    names = ", ".join(f"{part.label} {part.of(row).aws_id}" for part in taken)
    them = "it" if len(taken) == 1 else "them"
    handed_over.show(
        claim,
        f"No longer marked as StreamHub's: {names}. StreamHub changes nothing of this channel any more.",
        f"If StreamHub should go on with {them}, put these tags on {them} again: {_tags_text(row)}. "
        "StreamHub goes on within minutes, or at once after Retry. "
        f"If others have taken {them} over, leave it so: this row goes once they have deleted {them}. "
        "To stop an encoder that runs, press Stop and type its id.",
    )


def _tags_text(row: Channel) -> str:
    mark = tags_of(row)
    return ", ".join(f"{key}={mark[key]}" for key in (ENVIRONMENT_TAG, RESOURCE_TAG, OWNER_TAG))


def leave_alone(claim: Claim) -> float | None:
    """Wait until the mark is back, which the next complete list shows, or until staff press a verb."""
    claim.save(polled_list="")
    return None
