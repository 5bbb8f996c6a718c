"""Tear down one surplus resource: describe it, then take one step in AWS's order (AWS_RULES 1, 14, 17).

`resolutions` decides whether a resource may be deleted; this module does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from channels_app.driver import input_settings, security_group
from channels_app.driver.parts import live, package
from channels_app.models import Channel
from distributions.driver import cloudfront, naming
from distributions.models import Desired, Distribution
from drift.aws_lists import ResourceKind
from streamhub.aws.ownership import NO_MARK, Mark, mark_of_tags, parse_comment
from streamhub.errors import NotFound

ON = ("STARTING", "RUNNING", "RECOVERING")
# The kind that the mark must name; for kinds not listed here it is the channel's.
MARK_KIND = {ResourceKind.DISTRIBUTION: Distribution.KIND, ResourceKind.GROUP: security_group.RESOURCE}


@dataclass(frozen=True)
class DescribedResource:
    """A resource as AWS describes it now. `owner`: the uid in our environment's mark, "" without one.

    `part`: of an input, which of its channel's two it is.
    """

    kind: ResourceKind
    aws_id: str
    owner: str
    info: Any
    part: str = ""


@dataclass(frozen=True)
class TeardownStep:
    """The next step: a `sentence` for people and the call. `writes`: the call changes AWS."""

    sentence: str
    do: Callable[[], Any]
    writes: bool = True


def describe(kind: ResourceKind, aws_id: str) -> DescribedResource | None:
    """Describe it; None if AWS says that it does not exist."""
    try:
        info = DESCRIBE[kind](aws_id)
        mark = _mark(kind, info)
    except NotFound:
        return None
    if getattr(info, "gone", False):
        return None
    owner = mark.owner if _belongs(kind, mark) else ""
    part = input_settings.slot_of(info).part.key if kind is ResourceKind.INPUT else ""
    return DescribedResource(kind, aws_id, owner, info, part)


def _belongs(kind: ResourceKind, mark: Mark) -> bool:
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=MARK_KIND.get(kind, Channel.KIND))


def _is_ours(kind: ResourceKind, info: Any) -> bool:
    return _belongs(kind, _mark(kind, info))


def _mark(kind: ResourceKind, info: Any) -> Mark:
    """The mark in the tags. A distribution's Comment must say the same, because either may be a copy."""
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
    """Whether an enabled distribution pulls from this endpoint."""
    url = package().describe_endpoint(endpoint_id).url
    return Distribution.objects.filter(origin_url=url, desired=Desired.ENABLED).exists()


def next_step(resource: DescribedResource) -> TeardownStep:
    """The next step towards its deletion."""
    return STEPS[resource.kind](resource)


def _distribution(resource: DescribedResource) -> TeardownStep:
    id, info = resource.aws_id, resource.info
    if id == settings.MEDIAMANAGER_DISTRIBUTION_ID:
        return wait(f"{id} is the MediaManager distribution; StreamHub never changes it.")
    if info.enabled:
        return TeardownStep(
            f"{id} is disabled; another step deletes it.",
            lambda: cloudfront().set_enabled(id, False, is_ours=lambda now: _is_ours(resource.kind, now)),
        )
    if not info.deployed:
        return wait(f"CloudFront is still deploying the disable of {id}; another step deletes it then.")
    if name := naming.left_behind(info.domain_name, info.aliases):
        # A record that leads to a deleted distribution could be taken over by others (ADR 0028).
        return TeardownStep(
            f"The DNS record {name}, which leads to {id}, is removed; another step deletes {id}.",
            lambda: naming.clear_left(name, info.domain_name),
        )
    return TeardownStep(f"{id} is deleted.", lambda: cloudfront().delete(id, info.etag or ""))


def _ml_channel(resource: DescribedResource) -> TeardownStep:
    id, state = resource.aws_id, resource.info.state
    if state in ON:
        return TeardownStep(f"{id} is stopped; another step deletes it.", lambda: live().stop_channel(id))
    if state in ("STOPPING", "CREATING", "UPDATING", "DELETING"):
        return wait(f"{id} is {state}; another step continues after that.")
    return TeardownStep(f"{id} is deleted.", lambda: live().delete_channel(id))


def _input(resource: DescribedResource) -> TeardownStep:
    id, info = resource.aws_id, resource.info
    if info.attached_channels or info.state != "DETACHED":
        return wait(f"{id} is {info.state}; delete its MediaLive channel first.")
    return TeardownStep(f"{id} is deleted.", lambda: live().delete_input(id))


def _group(resource: DescribedResource) -> TeardownStep:
    id = resource.aws_id
    inputs = len(resource.info.inputs)
    if inputs:
        users, them = ("1 input", "it") if inputs == 1 else (f"{inputs} inputs", "them")
        return wait(f"{id} is used by {users}; delete {them} first.")
    return TeardownStep(f"{id} is deleted.", lambda: live().delete_security_group(id))


def _endpoint(resource: DescribedResource) -> TeardownStep:
    return TeardownStep(f"{resource.aws_id} is deleted.", lambda: package().delete_endpoint(resource.aws_id))


def _mp_channel(resource: DescribedResource) -> TeardownStep:
    id = resource.aws_id
    endpoints = sum(len(page.items) for page in package().endpoint_pages(channel_id=id))
    if endpoints:
        parts, them = ("1 endpoint", "it") if endpoints == 1 else (f"{endpoints} endpoints", "them")
        return wait(f"{id} still has {parts}; delete {them} first.")
    return TeardownStep(f"{id} is deleted.", lambda: package().delete_channel(id))


def wait(sentence: str) -> TeardownStep:
    """A step that does nothing now."""
    return TeardownStep(sentence, lambda: None, writes=False)


STEPS: Mapping[ResourceKind, Callable[[DescribedResource], TeardownStep]] = {
    ResourceKind.DISTRIBUTION: _distribution,
    ResourceKind.ML_CHANNEL: _ml_channel,
    ResourceKind.INPUT: _input,
    ResourceKind.GROUP: _group,
    ResourceKind.ENDPOINT: _endpoint,
    ResourceKind.MP_CHANNEL: _mp_channel,
}
