"""Flows with an alias domain: it moves to another distribution and its record with it; and both end."""

from __future__ import annotations

from django.test import override_settings

from distributions.models import Distribution, ViewerKey
from distributions.tasks import observe_viewer_keys
from tests.matrix.flows import Flow, assert_enabled, assert_left, do_nothing, step_and_observe
from tests.scenarios import alias, signed
from tests.scenarios.keys import pem
from tests.scenarios.prepared import begin_with
from tests.scenarios.stage import delete, distribution, nothing, replace
from tests.scenarios.world import WorldUnderTest


def with_alias(world: WorldUnderTest) -> None:
    with override_settings(**alias.SETTINGS):
        begin_with(world, alias.with_alias)


def replace_aliased(world: WorldUnderTest) -> None:
    with override_settings(**alias.SETTINGS):
        replace(world)


def work_aliased(world: WorldUnderTest) -> None:
    with override_settings(**alias.SETTINGS):
        step_and_observe(world)


def moved() -> bool:
    """Whether the old distribution is gone, and the alias leads to the new one."""
    return alias.serves() and Distribution.objects.count() == 1


def assert_moved(world: WorldUnderTest) -> None:
    assert_enabled(world)
    row = distribution()
    assert alias.on_cloudfront(world) == {row.aws_distribution_id: [alias.ALIAS]}
    assert {kind: alias.records(world)[kind] for kind in ("A", "AAAA")} == {
        "A": row.domain_name,
        "AAAA": row.domain_name,
    }
    assert row.error_code == ""


def assert_ended(world: WorldUnderTest) -> None:
    assert_left({})(world)
    assert alias.records(world) == {}


# --- the keys that sign ----------------------------------------------------------------------

KEYS = {
    "CLOUDFRONT_KEY_GROUP_ID": signed.GROUP,
    "CLOUDFRONT_PUBLIC_KEY_ID": signed.KEY,
    "CLOUDFRONT_PRIVATE_KEY": pem(0),
}


def look_at_keys(world: WorldUnderTest) -> None:
    """The job, as beat starts it."""
    with override_settings(**KEYS):
        world.surviving(observe_viewer_keys)


def keys_seen() -> bool:
    return ViewerKey.objects.filter(key_id=signed.KEY, in_group=True, matches=True, problem="").exists()


def assert_keys(world: WorldUnderTest) -> None:
    row = signed.viewer_key(signed.KEY)
    assert row.in_group_since is not None
    assert row.observed_at is not None


FLOWS = {
    "alias_moves": Flow(with_alias, replace_aliased, moved, assert_moved, round=work_aliased, reaps=True),
    "alias_ends": Flow(with_alias, delete, nothing, assert_ended, round=work_aliased, reaps=True),
    "viewer_keys": Flow(signed.make_keys, do_nothing, keys_seen, assert_keys, round=look_at_keys),
}
