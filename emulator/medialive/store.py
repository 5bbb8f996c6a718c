"""What the parts of MediaLive share: records, quotas, ids, pages and used request ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from emulator.base import Refusal, Service, World
from emulator.medialive.records import (
    GONE,
    Channel,
    Input,
    Params,
    Record,
    SecurityGroup,
    bad_request,
    conflict,
    missing,
    over_quota,
)
from emulator.paged_store import BadToken, PagedStore

R = TypeVar("R", bound=Record)

PAGE = 50  # AWS does not document its default page size
MAX_PAGE = 1000
MAX_TAGS = 50
QUICK = (1.0, 3.0)  # AWS seconds
DELETED_KEPT = (300.0, 300.0)  # AWS seconds for which a deleted resource can still be described


class Store(Service):
    """The state and the common parts of the operations. `quotas` may change at any time."""

    name = "medialive"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.quotas = {
            "channels": 100,
            "push_inputs": 100,
            "pull_inputs": 100,
            "input_security_groups": 100,
        }
        self._channels: PagedStore[Channel] = PagedStore()
        self._inputs: PagedStore[Input] = PagedStore()
        self._groups: PagedStore[SecurityGroup] = PagedStore()
        self._used_tokens: dict[tuple[str, str], str] = {}
        self._input_counts = {"push_inputs": 0, "pull_inputs": 0}

    def _retire(self, store: PagedStore[R], record: R) -> None:
        """Mark as DELETED: not listed any more, describable for a while, then unknown."""
        record.state = "DELETED"
        store.hide(record.id)
        self.world.after(DELETED_KEPT, lambda: store.drop(record.id))

    def _known(self, store: PagedStore[R], label: str, record_id: str | None) -> R:
        """The record, deleted or not; 404 if it is unknown."""
        return store.find(record_id or "") or missing(f"{label} with id {record_id} not found")

    def _alive(self, store: PagedStore[R], label: str, record_id: str | None) -> R:
        """The record unless it is DELETED; 404 otherwise."""
        record = self._known(store, label, record_id)
        return record if record.state != "DELETED" else missing(f"{label} with id {record_id} not found")

    def _page(self, key: str, store: PagedStore[Any], params: Params) -> Params:
        limit = params.get("MaxResults") or PAGE
        if not 1 <= limit <= MAX_PAGE:
            bad_request(f"maxResults must be between 1 and {MAX_PAGE}")
        try:
            records, token = store.page(limit, params.get("NextToken"))
        except BadToken:
            bad_request("Invalid nextToken")
        return {key: [record.listed() for record in records], **({"NextToken": token} if token else {})}

    def _once(self, store: PagedStore[R], label: str, token: str | None, make: Callable[[], R]) -> R:
        """The result of `make()`, or the record that was created with this request id.

        AWS does not document request ids of deleted resources. Here the id of a deleted channel is a
        conflict. CreateInput has none in MediaLive's model: it gives the deleted input for as long as it
        can be described.
        """
        known_id = self._used_tokens.get((label, token)) if token else None
        if known_id is None or (label == "input" and store.find(known_id) is None):
            record = make()
            if token:
                self._used_tokens[label, token] = record.id
            return record
        known = store.find(known_id)
        if known is None or (known.state in GONE and label != "input"):
            conflict(f"Request id {token} was used for {label} {known_id}, which is deleted", illegal=False)
        return known

    # Tags

    def create_tags(self, params: Params) -> Params:
        """Add or replace tags of a channel, an input or a security group."""
        record, tags = self._tagged(params), params.get("Tags") or {}
        if len(record.tags | tags) > MAX_TAGS:
            bad_request(f"A resource can carry at most {MAX_TAGS} tags")
        record.tags = record.tags | tags
        return {}

    def delete_tags(self, params: Params) -> Params:
        """Remove tags by their keys; one that is not there is no error."""
        record = self._tagged(params)
        record.tags = {key: value for key, value in record.tags.items() if key not in params["TagKeys"]}
        return {}

    def _tagged(self, params: Params) -> Record:
        """The resource of an ARN, which is not deleted; 404 otherwise."""
        arn = params.get("ResourceArn") or ""
        stores: tuple[PagedStore[Any], ...] = (self._channels, self._inputs, self._groups)
        found = [store.find(arn.rpartition(":")[2]) for store in stores]
        records: list[Record] = [record for record in found if record is not None and record.arn == arn]
        if not records or records[0].state == "DELETED":
            missing(f"Resource {arn} not found")
        return records[0]

    def _console_set_quota(self, params: Params) -> Params:
        unknown = set(params) - set(self.quotas)
        if unknown:
            raise Refusal("InvalidConsoleParameters", f"There is no quota {', '.join(sorted(unknown))}.")
        self.quotas |= {name: int(value) for name, value in params.items()}
        return dict(self.quotas)

    def _check_quota(self, name: str, count: int) -> None:
        if count >= self.quotas[name]:
            over_quota(name.replace("_", " "), self.quotas[name])

    def _new_id(self, store: PagedStore[Any]) -> str:
        while store.find(new_id := self.world.number(7)):
            pass
        return new_id

    def _arn(self, kind: str, key: str) -> str:
        return f"arn:aws:medialive:{self.world.region}:{self.world.account}:{kind}:{key}"

    def _address(self) -> str:
        """An address from the range reserved for benchmarks, which is not routed on the internet."""
        draw = self.world.random.randrange
        return f"198.{draw(18, 20)}.{draw(256)}.{draw(1, 255)}"
