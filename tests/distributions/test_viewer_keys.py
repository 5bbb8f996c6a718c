"""The job that looks at the keys: each of its calls may fail, and its worker may die in each."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.models import Breakout
from channels_app.playback_link import breakout_playback
from distributions.models import ViewerKey
from distributions.tasks import observe_viewer_keys
from streamhub.aws import signing_keys
from streamhub.lifecycle.models import Job
from tests.scenarios import signed
from tests.scenarios.actors import TESTER
from tests.scenarios.keys import pem
from tests.scenarios.world import WorldUnderTest, expire_claims

pytestmark = pytest.mark.django_db
CALLS = ["cloudfront:GetKeyGroup", "cloudfront:GetPublicKey", "secretsmanager:GetSecretValue"]
FAULTS = ["throttle", "error500", "access_denied", "not_found", "cut_before", "cut_after"]


@pytest.fixture
def show(world: WorldUnderTest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Breakout:
    """A protected show whose key is a secret that this process has read."""
    row = signed.signed_show(world, settings)
    monkeypatch.setattr(signing_keys, "_read", {})
    settings.CLOUDFRONT_PRIVATE_KEY = world.control.console("secretsmanager", "put_secret", text=pem(0))[
        "arn"
    ]
    assert signing_keys.read_secrets()
    world.control.clear_calls()
    return row


def known() -> tuple[Any, ...]:
    row = ViewerKey.objects.get()
    return row.in_group, row.in_group_since, row.matches


def works(world: WorldUnderTest, row: Breakout) -> bool:
    link = breakout_playback(row, who=TESTER)
    return signed.plays(world, link.url, link.query) == [200, 200, 200]


def test_it_makes_one_call_for_each_fact(world: WorldUnderTest, show: Breakout) -> None:
    observe_viewer_keys()
    assert world.counts() == dict.fromkeys(CALLS, 1)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_fails_changes_nothing_that_was_known(
    world: WorldUnderTest, show: Breakout, call: str
) -> None:
    before = known()
    for kind in FAULTS:
        world.control.fault(call, kind, times=None)
        observe_viewer_keys()
        assert Job.objects.get(name="observe_viewer_keys").error, kind
        assert ViewerKey.objects.get().problem, kind
        assert known() == before, kind
        assert works(world, show), kind
        world.control.clear_faults()
        observe_viewer_keys()
        assert (ViewerKey.objects.get().problem, known()) == ("", before), kind
    assert world.illegal() == []


@pytest.mark.parametrize("call", ["group", "public_key"])
def test_a_worker_that_dies_leaves_the_next_one_free(
    world: WorldUnderTest, show: Breakout, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_given: Any) -> None:
        raise Killed

    before = known()
    with monkeypatch.context() as patch:
        patch.setattr(f"streamhub.aws.cloudfront_keys.CloudFrontKeys.{call}", die)
        with pytest.raises(Killed):
            observe_viewer_keys()
    assert works(world, show)
    expire_claims()
    observe_viewer_keys()
    assert (known(), Job.objects.get(name="observe_viewer_keys").error) == (before, "")


def test_without_keys_it_calls_nothing(world: WorldUnderTest, settings: Any) -> None:
    observe_viewer_keys()
    assert world.counts() == {}
    assert not ViewerKey.objects.exists()
