"""The columns that hold one AWS resource of a channel. A channel has five such parts at most.

They are columns of the channel's row, not rows of another table: a step writes a part, the channel's state
and its claim in one UPDATE that depends on the claim (`Claim.change_state`). For the same reason a page of an
AWS list costs one query, and the rows that it changed one UPDATE.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db import models
from django.db.models.functions import Now

# MediaLive's states of an input or channel that is on its way out. One that is DELETED is still described.
DELETING, DELETED = "DELETING", "DELETED"

Column: TypeAlias = "models.Field[Any, Any]"
Columns: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class StoredPart:
    """What the row knows of a part.

    `sent_at`: when a create was sent that may have taken effect; `deleted_at`: when AWS accepted our delete;
    `gone`: proven not to exist any more; `state`: MediaLive's state name ("" for MediaPackage's parts).
    `mark`: what its tags say about ownership, as last read ("": not read yet, as with `arn`).
    """

    aws_id: str
    sent_at: datetime | None
    deleted_at: datetime | None
    gone: bool
    state: str
    mark: str
    arn: str

    @property
    def lost(self) -> bool:
        """Whether it does not exist any more."""
        return self.gone or self.state == DELETED


@dataclass(frozen=True)
class PartColumns:
    """The columns of a channel that hold a part. Apart from `of`, the methods return columns and new values.

    `key` names the part in `polled_list` and `suspect_part`. `serial` numbers the idempotency tokens.
    MediaPackage's parts have neither a serial nor a state.
    """

    key: str
    aws_id: Column
    sent_at: Column
    deleted_at: Column
    gone: Column
    mark: Column
    arn: Column
    state: Column | None = None
    serial: Column | None = None

    def of(self, row: models.Model) -> StoredPart:
        return StoredPart(
            aws_id=self.aws_id.value_from_object(row),
            sent_at=self.sent_at.value_from_object(row),
            deleted_at=self.deleted_at.value_from_object(row),
            gone=self.gone.value_from_object(row),
            state=self.state.value_from_object(row) if self.state else "",
            mark=self.mark.value_from_object(row),
            arn=self.arn.value_from_object(row),
        )

    def create_sent(self) -> Columns:
        return {self.sent_at.attname: Now()}

    def never_created(self) -> Columns:
        """The create that was sent did not take effect."""
        return {self.sent_at.attname: None}

    def known_as(self, aws_id: str) -> Columns:
        return {self.aws_id.attname: aws_id}

    def delete_accepted(self) -> Columns:
        return {self.deleted_at.attname: Now()}

    def proven_gone(self) -> Columns:
        return {self.gone.attname: True}

    def renewed(self, row: models.Model) -> Columns:
        """Reset a lost part, so that it is created again with a new token."""
        fields = {self.aws_id.attname: "", self.gone.attname: False, self.mark.attname: ""}
        fields |= {self.arn.attname: ""}
        fields |= {self.sent_at.attname: None, self.deleted_at.attname: None}
        if self.serial is not None:
            fields[self.serial.attname] = self.serial.value_from_object(row) + 1
        if self.state is not None:
            fields[self.state.attname] = ""
        return fields
