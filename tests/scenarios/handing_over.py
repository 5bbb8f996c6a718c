"""Resources of ours that somebody gives to another team in the AWS console, and gets back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import F

from streamhub.lifecycle.models import Listing
from tests.scenarios.world import WorldUnderTest

THEIRS = {"team": "weather"}

# Each kind of resource: its service, its kind in the inventory, the console's action that replaces its tags.
KINDS: Mapping[str, tuple[str, str, str]] = {
    "distribution": ("cloudfront", "distributions", "set_tags"),
    "ml_channel": ("medialive", "channels", "set_channel_tags"),
    "ml_input": ("medialive", "inputs", "set_input_tags"),
    "security_group": ("medialive", "input_security_groups", "set_input_security_group_tags"),
    "mp_endpoint": ("mediapackage", "origin_endpoints", "set_endpoint_tags"),
    "mp_channel": ("mediapackage", "channels", "set_channel_tags"),
}


@dataclass(frozen=True)
class Taken:
    """A resource whose mark was taken away, with the tags and the Comment that it had."""

    kind: str
    aws_id: str
    tags: dict[str, str]
    comment: str = ""


def resources(world: WorldUnderTest, kind: str) -> list[dict[str, Any]]:
    """All resources of a kind that exist now."""
    service, group, _ = KINDS[kind]
    return list(world.control.inventory()[service][group])


def hand_over(world: WorldUnderTest, *kinds: str, tags: Mapping[str, str] | None = None) -> list[Taken]:
    """Replace tags (and Comment) of all resources of these kinds, or of all kinds."""
    taken = []
    for kind in kinds or KINDS:
        for item in resources(world, kind):
            if item.get("deleting") or item.get("state") == "DELETING":
                continue
            held = Taken(
                kind,
                item.get("Id") or item["id"],
                dict(item.get("Tags") or item.get("tags") or {}),
                item.get("Comment", ""),
            )
            taken.append(held)
            set_tags(world, held, dict(THEIRS if tags is None else tags))
            if kind == "distribution":
                set_comment(world, held, "the weather team's")
    return taken


def give_back(world: WorldUnderTest, taken: list[Taken]) -> None:
    """Put the tags back, and the Comment."""
    for held in taken:
        set_tags(world, held, held.tags)
        if held.kind == "distribution":
            set_comment(world, held, held.comment)


def lists_grow_old() -> None:
    """The last lists are a minute old: what they said of a mark is to be read again before a step."""
    Listing.objects.update(listed_at=F("listed_at") - timedelta(minutes=1))


def set_tags(world: WorldUnderTest, held: Taken, tags: dict[str, str]) -> None:
    service, _, action = KINDS[held.kind]
    key = "Id" if service == "cloudfront" else "id"
    world.control.console(service, action, **{key: held.aws_id, "tags": tags})


def set_comment(world: WorldUnderTest, held: Taken, comment: str) -> None:
    world.control.console("cloudfront", "edit_comment", Id=held.aws_id, Comment=comment)
