"""The mark by which StreamHub knows its own resources (AWS_RULES 30).

Every resource carries three tags, and a distribution carries the same in its `Comment`, because
lists of distributions have no tags. What does not carry this environment's mark is never changed or
deleted. Pure functions of values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ENVIRONMENT_TAG = "streamhub:environment"
RESOURCE_TAG = "streamhub:resource"
OWNER_TAG = "streamhub:owner"

RESERVED_TAG_PREFIXES = ("aws:", "streamhub:")
COMMENT_MAX = 128  # characters of a distribution's Comment ("DistributionConfig")

_COMMENT = re.compile(
    r"streamhub:(?P<environment>[A-Za-z0-9._-]{1,32}):(?P<resource>[a-z-]{1,24}):(?P<owner>[0-9a-f]{32})(?=\s|$)"
)


@dataclass(frozen=True)
class Mark:
    """Whose a resource is: the environment, the kind of resource, and its row's uid (32 hex digits)."""

    environment: str
    resource: str
    owner: str

    def belongs_to(self, environment: str, *, resource: str | None = None, owner: str | None = None) -> bool:
        """Whether what carries this mark may be changed or deleted by `environment`.

        With `resource` and `owner`: and whether it is of that kind, and of the row with that uid.
        """
        return (
            bool(self.environment)
            and self.environment == environment
            and resource in (None, self.resource)
            and owner in (None, self.owner)
        )


# What a resource carries that has no mark, or half of one. It belongs to no environment.
NO_MARK = Mark("", "", "")


def tags(
    environment: str, resource: str, owner: str, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The tags of a new resource: the mark over the people's own tags, which cannot displace it."""
    own = {ENVIRONMENT_TAG: environment, RESOURCE_TAG: resource, OWNER_TAG: owner}
    kept = {k: v for k, v in (extra or {}).items() if not k.lower().startswith(RESERVED_TAG_PREFIXES)}
    return kept | own


def mark_of_tags(found: Mapping[str, str]) -> Mark:
    """The mark that tags carry, `NO_MARK` if it is not all there."""
    try:
        return Mark(found[ENVIRONMENT_TAG], found[RESOURCE_TAG], found[OWNER_TAG])
    except KeyError:
        return NO_MARK


def comment_marker(environment: str, owner: str, label: str, resource: str = "distribution") -> str:
    """A distribution's Comment: the mark, then words for people, cut to what CloudFront takes."""
    words = " ".join(label.split())
    comment = f"streamhub:{environment}:{resource}:{owner} {words}".rstrip()
    if not _COMMENT.match(comment):
        raise ValueError(f"{environment!r}, {resource!r}, {owner!r} do not make a mark")
    return comment[:COMMENT_MAX].rstrip()


def parse_comment(text: str) -> Mark:
    """The mark at the start of a Comment, `NO_MARK` if there is none."""
    found = _COMMENT.match(text or "")
    return Mark(found["environment"], found["resource"], found["owner"]) if found else NO_MARK
