"""MediaLive without a server, in a world whose clock the test sets."""

from __future__ import annotations

import pytest

from emulator.base import Clock, World
from emulator.medialive import MediaLive
from emulator.mediapackage import MediaPackage
from tests.emulator.medialive.resources import Wall


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def world(wall: Wall) -> World:
    return World(clock=Clock(scale=1.0, now=wall))


@pytest.fixture
def ml(world: World) -> MediaLive:
    MediaPackage(world).create_channel({"Id": "main"})
    return MediaLive(world)
