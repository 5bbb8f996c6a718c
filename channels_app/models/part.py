"""The columns that hold one AWS resource of a channel, declared once with the fields themselves.

A channel has four such parts. They are columns of the channel's row and not rows of a table of their
own, because a step writes a part together with the channel's state, its claim and its watch: that is
one conditional UPDATE now (`Claim.change_state`), and would be two, of which the second could not be
conditional on the claim. A page of a list of AWS is matched to its rows by one query on the id's column
and answered by one UPDATE a changed row; rows of parts would add a join and a write to each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db import models
from django.db.models.functions import Now

Column: TypeAlias = "models.Field[Any, Any]"
Columns: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class StoredPart:
    """What the row knows of a part.

    `sent_at`: when a create was sent that AWS has not surely refused; `deleted_at`: when AWS accepted our
    delete; `gone`: proven not to exist any more; `state`: MediaLive's word ("" for MediaPackage's parts).
    """

    aws_id: str
    sent_at: datetime | None
    deleted_at: datetime | None
    gone: bool
    state: str


@dataclass(frozen=True)
class PartColumns:
    """Which columns of a channel hold a part. The methods that write give columns and their values.

    `key` names the part in `polled_list`, in `suspect_part` and as the key of its list. `serial` draws the
    next idempotency token; MediaPackage, which takes ids instead, has neither that nor a state.
    """

    key: str
    aws_id: Column
    sent_at: Column
    deleted_at: Column
    gone: Column
    state: Column | None = None
    serial: Column | None = None

    def of(self, row: models.Model) -> StoredPart:
        return StoredPart(
            aws_id=self.aws_id.value_from_object(row),
            sent_at=self.sent_at.value_from_object(row),
            deleted_at=self.deleted_at.value_from_object(row),
            gone=self.gone.value_from_object(row),
            state=self.state.value_from_object(row) if self.state else "",
        )

    def create_sent(self) -> Columns:
        return {self.sent_at.attname: Now()}

    def never_created(self) -> Columns:
        """AWS surely did nothing with the create that was sent."""
        return {self.sent_at.attname: None}

    def known_as(self, aws_id: str) -> Columns:
        return {self.aws_id.attname: aws_id}

    def delete_accepted(self) -> Columns:
        return {self.deleted_at.attname: Now()}

    def proven_gone(self) -> Columns:
        return {self.gone.attname: True}

    def renewed(self, row: models.Model) -> Columns:
        """Forget a lost part, so that it is created anew (with a new token)."""
        fields = {self.aws_id.attname: "", self.gone.attname: False}
        fields |= {self.sent_at.attname: None, self.deleted_at.attname: None}
        if self.serial is not None:
            fields[self.serial.attname] = self.serial.value_from_object(row) + 1
        if self.state is not None:
            fields[self.state.attname] = ""
        return fields
