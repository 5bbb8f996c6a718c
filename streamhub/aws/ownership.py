"""The mark by which StreamHub recognises its own resources (AWS_RULES 30).

Every resource has three tags. A distribution has the same mark in its `Comment`, because lists of
distributions contain no tags. StreamHub never changes or deletes a resource without this environment's
mark. Pure functions of values.
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
    """The owner of a resource: the environment, the kind of resource, and its row's uid (32 hex digits)."""

    environment: str
    resource: str
    owner: str

    def belongs_to(self, environment: str, *, resource: str | None = None, owner: str | None = None) -> bool:
        """Whether `environment` may change or delete a resource with this mark.

        With `resource` and `owner`, the resource must also have that kind and belong to that row's uid.
        """
        return (
            bool(self.environment)
            and self.environment == environment
            and resource in (None, self.resource)
            and owner in (None, self.owner)
        )


# The mark of a resource with no mark or an incomplete one. It belongs to no environment.
NO_MARK = Mark("", "", "")


def tags(
    environment: str, resource: str, owner: str, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The tags of a new resource: `extra` without reserved keys, and the mark."""
    mark = {ENVIRONMENT_TAG: environment, RESOURCE_TAG: resource, OWNER_TAG: owner}
    custom = {k: v for k, v in (extra or {}).items() if not k.lower().startswith(RESERVED_TAG_PREFIXES)}
    return custom | mark


def mark_of_tags(tags: Mapping[str, str]) -> Mark:
    """The mark in these tags, or `NO_MARK` if it is missing or incomplete."""
    try:
        return Mark(tags[ENVIRONMENT_TAG], tags[RESOURCE_TAG], tags[OWNER_TAG])
    except KeyError:
        return NO_MARK


def comment_marker(environment: str, owner: str, label: str, resource: str = "distribution") -> str:
    """A distribution's Comment: the mark, then the label, cut to `COMMENT_MAX`. Raises ValueError."""
    words = " ".join(label.split())
    comment = f"streamhub:{environment}:{resource}:{owner} {words}".rstrip()
    if not _COMMENT.match(comment):
        raise ValueError(f"{environment!r}, {resource!r} and {owner!r} are not a valid mark.")
    return comment[:COMMENT_MAX].rstrip()


def parse_comment(text: str) -> Mark:
    """The mark at the start of a Comment, or `NO_MARK`."""
    match = _COMMENT.match(text or "")
    return Mark(match["environment"], match["resource"], match["owner"]) if match else NO_MARK
