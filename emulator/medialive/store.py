"""What the parts of MediaLive share: its shelves, quotas, ids, pages and spent request ids."""

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
MOST_A_PAGE = 1000
QUICK = (1.0, 3.0)  # AWS seconds for what takes "a moment"
DELETED_KEPT = (300.0, 300.0)  # how long a deleted thing stays describable


class Store(Service):
    """State and small verbs under the operations. `quotas` may be changed at any time."""

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
        self._spent: dict[tuple[str, str], str] = {}
        self._input_counts = {"push_inputs": 0, "pull_inputs": 0}

    def _retire(self, shelf: PagedStore[R], record: R) -> None:
        """DELETED: out of lists at once, describable for a while, then unknown."""
        record.state = "DELETED"
        shelf.hide(record.id)
        self.world.after(DELETED_KEPT, lambda: shelf.drop(record.id))

    def _known(self, shelf: PagedStore[R], label: str, wanted: str | None) -> R:
        """The record, deleted or not, or 404."""
        return shelf.find(wanted or "") or missing(f"{label} with id {wanted} not found")

    def _alive(self, shelf: PagedStore[R], label: str, wanted: str | None) -> R:
        """The record if it may still be worked on: what is DELETED counts as missing."""
        record = self._known(shelf, label, wanted)
        return record if record.state != "DELETED" else missing(f"{label} with id {wanted} not found")

    def _page(self, key: str, shelf: PagedStore[Any], params: Params) -> Params:
        limit = params.get("MaxResults") or PAGE
        if not 1 <= limit <= MOST_A_PAGE:
            bad_request(f"maxResults must be between 1 and {MOST_A_PAGE}")
        try:
            found, token = shelf.page(limit, params.get("NextToken"))
        except BadToken:
            bad_request("Invalid nextToken")
        return {key: [one.listed() for one in found], **({"NextToken": token} if token else {})}

    def _once(self, shelf: PagedStore[R], label: str, token: str | None, make: Callable[[], R]) -> R:
        """`make()`, or what it made when this request id was last used.

        AWS does not document what a request id does once its resource is deleted; here it stays spent.
        """
        made_before = self._spent.get((label, token)) if token else None
        if made_before is None:
            record = make()
            if token:
                self._spent[label, token] = record.id
            return record
        found = shelf.find(made_before)
        if found is None or found.state in GONE:
            conflict(
                f"Request id {token} was used for {label} {made_before}, which is deleted", illegal=False
            )
        return found

    def _console_set_quota(self, params: Params) -> Params:
        unknown = set(params) - set(self.quotas)
        if unknown:
            raise Refusal("InvalidConsoleParameters", f"There is no quota {', '.join(sorted(unknown))}.")
        self.quotas |= {name: int(value) for name, value in params.items()}
        return dict(self.quotas)

    def _check_quota(self, name: str, count: int) -> None:
        if count >= self.quotas[name]:
            over_quota(name.replace("_", " "), self.quotas[name])

    def _new_id(self, shelf: PagedStore[Any]) -> str:
        while shelf.find(new := self.world.number(7)):
            pass
        return new

    def _arn(self, kind: str, key: str) -> str:
        return f"arn:aws:medialive:{self.world.region}:{self.world.account}:{kind}:{key}"

    def _address(self) -> str:
        """An address out of the range set aside for benchmarks: nobody can push to it by mistake."""
        draw = self.world.random.randrange
        return f"198.{draw(18, 20)}.{draw(256)}.{draw(1, 255)}"
