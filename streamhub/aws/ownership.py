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
MARK_TEXT_MAX = 120  # characters of `text_of`; our own marks have at most 90
_SEPARATOR = "|"
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


def is_marked(tags: Mapping[str, str]) -> bool:
    """Whether any of the tags says whose it is, ours or others'."""
    return any(tags.get(key) for key in (ENVIRONMENT_TAG, RESOURCE_TAG, OWNER_TAG))


def mark_of_tags(tags: Mapping[str, str]) -> Mark:
    """The mark in these tags, or `NO_MARK` if it is missing or incomplete."""
    try:
        return Mark(tags[ENVIRONMENT_TAG], tags[RESOURCE_TAG], tags[OWNER_TAG])
    except KeyError:
        return NO_MARK


def text_of(mark_tags: Mapping[str, str]) -> str:
    """What these tags say about ownership, for a column: environment, resource and owner, "" if missing.

    At most `MARK_TEXT_MAX` characters. Never empty: an empty column means that no mark was read yet.
    """
    named = (mark_tags.get(key, "") for key in (ENVIRONMENT_TAG, RESOURCE_TAG, OWNER_TAG))
    return _SEPARATOR.join(named)[:MARK_TEXT_MAX]


def text_of_comment(comment: str) -> str:
    """What a distribution's Comment says about ownership, in the form of `text_of`."""
    mark = parse_comment(comment)
    return _SEPARATOR.join((mark.environment, mark.resource, mark.owner))


def is_still(text: str, own: Mark) -> bool:
    """Whether a resource that a row created, and whose id it knows, is still the row's own.

    `text` is what its tags say now (`text_of`), `own` the mark with which it was created. It is still ours
    with one of the two marks that name us, the environment or the owner, as long as no tag names another:
    a tag that somebody removed is a slip, a tag with another value gives it away. To *adopt* a resource
    takes more: the whole mark (`Mark.belongs_to`).
    """
    said = tuple(text.split(_SEPARATOR, 2))
    expected = (own.environment, own.resource, own.owner)
    if len(said) != len(expected):
        return False
    if any(value not in ("", ours) for value, ours in zip(said, expected, strict=True)):
        return False
    environment, _resource, owner = said
    return bool(environment or owner)


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
