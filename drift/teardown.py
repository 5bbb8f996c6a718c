"""Taking down one surplus resource: look at it, then one step in the order that AWS asks for
(AWS_RULES 1, 14, 17). Nothing here decides whether it may go; `acts` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from channels_app.driver import security_group
from channels_app.driver.parts import live, package
from channels_app.models import Channel
from distributions.driver import cloudfront
from distributions.models import Distribution
from drift.aws_lists import ResourceKind
from streamhub.aws.ownership import NO_MARK, Mark, mark_of_tags, parse_comment
from streamhub.errors import NotFound

ON = ("STARTING", "RUNNING", "RECOVERING")
# What the mark must say that it was made for; all others are parts of a channel.
RESOURCE = {ResourceKind.DISTRIBUTION: Distribution.KIND, ResourceKind.GROUP: security_group.RESOURCE}


@dataclass(frozen=True)
class Seen:
    """A resource as described just now. `owner`: the uid in our environment's mark, "" if it has none."""

    kind: ResourceKind
    aws_id: str
    owner: str
    info: Any


@dataclass(frozen=True)
class TeardownStep:
    """What comes next, in a sentence; `writes`: it is a call that changes AWS, not a wait."""

    said: str
    do: Callable[[], Any]
    writes: bool = True


def look(kind: ResourceKind, aws_id: str) -> Seen | None:
    """Describe it; None if AWS says that it does not exist (any more)."""
    try:
        info = DESCRIBE[kind](aws_id)
        mark = _mark(kind, info)
    except NotFound:
        return None
    if getattr(info, "gone", False):
        return None
    ours = mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=RESOURCE.get(kind, Channel.KIND))
    owner = mark.owner if ours else ""
    return Seen(kind, aws_id, owner, info)


def _mark(kind: ResourceKind, info: Any) -> Mark:
    """For a distribution both Comment and tags must agree: either alone may have been copied."""
    if kind is not ResourceKind.DISTRIBUTION:
        return mark_of_tags(info.tags)
    by_comment, by_tags = parse_comment(info.comment), mark_of_tags(cloudfront().tags(info.arn))
    return by_comment if by_comment == by_tags else NO_MARK


DESCRIBE: Mapping[ResourceKind, Callable[[str], Any]] = {
    ResourceKind.DISTRIBUTION: lambda id: cloudfront().get(id),
    ResourceKind.ML_CHANNEL: lambda id: live().describe_channel(id),
    ResourceKind.INPUT: lambda id: live().describe_input(id),
    ResourceKind.GROUP: lambda id: live().describe_security_group(id),
    ResourceKind.ENDPOINT: lambda id: package().describe_endpoint(id),
    ResourceKind.MP_CHANNEL: lambda id: package().describe_channel(id),
}


def is_origin(endpoint_id: str) -> bool:
    """Whether a distribution that we want pulls from this endpoint."""
    url = package().describe_endpoint(endpoint_id).url
    return Distribution.objects.filter(origin_url=url, desired="enabled").exists()


def next_step(seen: Seen) -> TeardownStep:
    """The one step that brings it nearer to its end."""
    return STEPS[seen.kind](seen)


def _distribution(seen: Seen) -> TeardownStep:
    id, info = seen.aws_id, seen.info
    if id == settings.MEDIAMANAGER_DISTRIBUTION_ID:
        return wait(f"{id} is the MediaManager distribution; it is never touched.")
    if info.enabled:
        return TeardownStep(
            f"{id} is disabled; another step deletes it.", lambda: cloudfront().set_enabled(id, False)
        )
    if not info.deployed:
        return wait(f"CloudFront still deploys the disable of {id}; another step deletes it then.")
    return TeardownStep(f"{id} is deleted.", lambda: cloudfront().delete(id, info.etag or ""))


def _ml_channel(seen: Seen) -> TeardownStep:
    id, state = seen.aws_id, seen.info.state
    if state in ON:
        return TeardownStep(f"{id} is stopped; another step deletes it.", lambda: live().stop_channel(id))
    if state in ("STOPPING", "CREATING", "UPDATING", "DELETING"):
        return wait(f"{id} is {state}; another step goes on when that is over.")
    return TeardownStep(f"{id} is deleted.", lambda: live().delete_channel(id))


def _input(seen: Seen) -> TeardownStep:
    id, info = seen.aws_id, seen.info
    if info.attached_channels or info.state != "DETACHED":
        return wait(f"{id} is {info.state}; its MediaLive channel goes first.")
    return TeardownStep(f"{id} is deleted.", lambda: live().delete_input(id))


def _group(seen: Seen) -> TeardownStep:
    id = seen.aws_id
    if seen.info.inputs:
        return wait(f"{id} is used by {len(seen.info.inputs)} inputs; they go first.")
    return TeardownStep(f"{id} is deleted.", lambda: live().delete_security_group(id))


def _endpoint(seen: Seen) -> TeardownStep:
    return TeardownStep(f"{seen.aws_id} is deleted.", lambda: package().delete_endpoint(seen.aws_id))


def _mp_channel(seen: Seen) -> TeardownStep:
    id = seen.aws_id
    left = sum(len(page.items) for page in package().endpoint_pages(channel_id=id))
    if left:
        return wait(f"{id} still has {left} endpoints; they go first.")
    return TeardownStep(f"{id} is deleted.", lambda: package().delete_channel(id))


def wait(said: str) -> TeardownStep:
    """There is nothing to do now."""
    return TeardownStep(said, lambda: None, writes=False)


STEPS: Mapping[ResourceKind, Callable[[Seen], TeardownStep]] = {
    ResourceKind.DISTRIBUTION: _distribution,
    ResourceKind.ML_CHANNEL: _ml_channel,
    ResourceKind.INPUT: _input,
    ResourceKind.GROUP: _group,
    ResourceKind.ENDPOINT: _endpoint,
    ResourceKind.MP_CHANNEL: _mp_channel,
}
