"""The table at the end: what the tour saw, and whether each promise held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from devstack.demo.show import delivered
from devstack.demo.tour import Tour, left_in_aws

# The calls that make one channel's stack, each exactly once.
CREATES = (
    "mediapackage:CreateChannel",
    "mediapackage:CreateOriginEndpoint",
    "medialive:CreateInputSecurityGroup",
    "medialive:CreateInput",
    "medialive:CreateChannel",
    "cloudfront:CreateDistributionWithTags",
)
# In seconds. Polling is not exact, so a shorter wait counts as none.
NO_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class Promise:
    """One promise: its name, what was seen, and whether it held."""

    name: str
    seen: str
    held: bool


def verdict(tour: Tour) -> list[Promise]:
    """All promises, checked after the tour."""
    counts = tour.control.counts()
    return [
        _created(counts["calls"]),
        _left(tour),
        _rows(tour),
        _illegal(counts["illegal"]),
        _waited(tour),
        _bytes(tour),
    ]


def _created(calls: dict[str, int]) -> Promise:
    made = {name: calls[name] for name in CREATES if name in calls}
    kinds = "MediaPackage channel and endpoint, security group, input, MediaLive channel, distribution"
    if len(made) == 6 and set(made.values()) == {1}:
        return Promise("created", f"1 channel ({kinds}), each once", True)
    return Promise("created", _counted(made) or "nothing", False)


def _left(tour: Tour) -> Promise:
    left = left_in_aws(tour.control)
    return Promise("left in AWS", _counted(left) or "nothing", not left)


def _rows(tour: Tour) -> Promise:
    rows = {kind: len(tour.api.get(kind)["items"]) for kind in ("channels", "distributions")}
    left = {kind: n for kind, n in rows.items() if n}
    return Promise("left in the database", _counted(left) or "nothing", not left)


def _illegal(illegal: dict[str, int]) -> Promise:
    return Promise("illegal calls", _counted(illegal) or "none", not illegal)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


def _waited(tour: Tour) -> Promise:
    """How long the distribution was still missing once the channel could have been started."""
    waited = max(0.0, tour.domain_seen_at - tour.idle_at)
    took = tour.deployed_at - tour.distribution_seen_at
    scale = tour.control.status()["scale"]
    real = f" ({took / scale:.0f} s at AWS's own pace)" if scale else ""
    held = waited < NO_WAIT_SECONDS and took > 0
    shown = "0" if waited < NO_WAIT_SECONDS else f"{waited:.1f}"
    return Promise("waited for the distribution", f"{shown} s, AWS took {took:.1f} s{real}", held)


def _bytes(tour: Tour) -> Promise:
    """The bytes that viewers really got, compared with the breakout's usage."""
    sent, usage = delivered(tour), tour.breakout["usage"]
    billed = usage["bytes_downloaded"] or 0
    held = sent == billed and sent > 0 and usage["status"] == "final"
    sign = "=" if sent == billed else "≠"
    return Promise(
        "bytes", f"viewers {sent:,} bytes {sign} breakout {billed:,} bytes, {usage['status']}", held
    )


def table_of(promises: list[Promise]) -> Table:
    table = Table(title="What the tour promised", title_justify="left", show_header=False)
    for promise in promises:
        mark = "[green]✓[/green]" if promise.held else "[red]✗[/red]"
        table.add_row(mark, promise.name, promise.seen)
    return table


def calls_of(counts: dict[str, Any]) -> Table:
    """AWS calls by operation."""
    table = Table(title=f"AWS calls: {counts['total']}", title_justify="left")
    table.add_column("operation")
    table.add_column("calls", justify="right")
    for name, calls in sorted(counts["calls"].items()):
        table.add_row(name, str(calls))
    return table
