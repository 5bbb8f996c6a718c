"""Shows whose viewers need a signature: keys in CloudFront, and the product's settings for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from channels_app import services
from channels_app.models import Breakout
from distributions.models import ViewerKey
from distributions.tasks import observe_viewer_keys
from tests.scenarios import stage
from tests.scenarios.actors import TESTER
from tests.scenarios.keys import pem, public_pem
from tests.scenarios.prepared import begin_with
from tests.scenarios.world import WorldUnderTest


def key_in_cloudfront(world: WorldUnderTest, number: int = 0) -> str:
    """Upload the public half of a key pair; returns its id."""
    return str(world.control.console("cloudfront", "create_public_key", EncodedKey=public_pem(number))["Id"])


def key_group(world: WorldUnderTest, *key_ids: str, id: str | None = None) -> str:
    """Make a key group, or replace the keys of one; returns its id."""
    same = {"Id": id} if id else {}
    return str(world.control.console("cloudfront", "create_key_group", Items=list(key_ids), **same)["Id"])


KEY, GROUP = "KSIGNED00000", "signed-group"


def trust(settings: Any) -> None:
    """The product's settings for key pair 0."""
    settings.CLOUDFRONT_KEY_GROUP_ID = GROUP
    settings.CLOUDFRONT_PUBLIC_KEY_ID = KEY
    settings.CLOUDFRONT_PRIVATE_KEY = pem(0)


def make_keys(world: WorldUnderTest) -> None:
    """Key pair 0 and its group in CloudFront."""
    world.control.console("cloudfront", "create_public_key", Id=KEY, EncodedKey=public_pem(0))
    key_group(world, KEY, id=GROUP)


def signed_show(world: WorldUnderTest, settings: Any) -> Breakout:
    """A running show with a raised curtain, whose viewers need a signature."""
    trust(settings)
    begin_with(world, _prepared)
    return stage.breakout()


def _prepared(world: WorldUnderTest) -> None:
    make_keys(world)
    stage.create()
    world.settle()
    services.breakout_create(stage.channel(), "keynote", who=TESTER)
    stage.start(world)
    world.settle(until=lambda: stage.state_is("running"))
    services.breakout_curtain(stage.breakout(), True, who=TESTER)
    observe_viewer_keys()


def plays(
    world: WorldUnderTest, url: str, query: str = "", cookies: dict[str, str] | None = None
) -> list[int]:
    """The statuses of the master playlist, of a playlist that it names, and of a segment of that.

    A player adds `query` to each request. It ends at the first that is refused.
    """
    statuses, at = [], url
    for _ in range(3):
        status, body = world.control.fetch(f"{at}?{query}" if query else at, cookies)
        statuses.append(status)
        names = [line for line in body.decode(errors="ignore").splitlines() if line and line[0] != "#"]
        if status != 200 or not names:
            break
        at = urljoin(at, names[-1])
    return statuses


def viewer_key(key_id: str) -> ViewerKey:
    return ViewerKey.objects.get(key_id=key_id)
