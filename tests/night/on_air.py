"""The failover, seen in the picture: Chromium plays the show of the grand hall while its encoders die."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image
from playwright.sync_api import Page, expect

from emulator import picture
from tests.night.house import House
from tests.night.pages import Desk

NAME = "picture"
GRID = (16, 9)
PLAYS = 60_000  # milliseconds until a picture is there
SEEN_WITHIN = 60.0  # seconds: a segment of 6 s, and as many as a player stays behind
PIXELS = f"""video => {{
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = {list(GRID)};
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
}}"""


@dataclass
class Seen:
    """What was seen after something happened, and how many seconds later."""

    what: str
    picture: str
    seconds: float
    as_it_should: bool


def play(house: House, desk: Desk) -> list[Seen]:
    """The main encoder dies, then the second one too; both are back, and the operator switches back."""
    page = desk.open("player", f"/admin/channels_app/breakout/{house.grand_show}/control/")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("[data-sh-preview-note]")).to_contain_text("Playing, muted", timeout=PLAYS)
    main, second = house.input_ids(house.grand)

    def unplug(id: str) -> Callable[[], None]:
        return lambda: house.medialive("unplug", id=id)

    def switch_back() -> None:
        for id in (second, main):
            house.medialive("plug", id=id)
        house.api.post(f"channels/{house.grand}/switch-input", {"to": "main"})

    return [
        _happens(desk, page, "two encoders send", lambda: None, "pattern"),
        _happens(desk, page, "the main encoder dies", unplug(main), "second"),
        _happens(desk, page, "the second encoder dies too", unplug(second), "slate"),
        _happens(desk, page, "both are back, and *Switch input* to the main one", switch_back, "pattern"),
    ]


def _happens(desk: Desk, page: Page, what: str, cause: Callable[[], None], wanted: str) -> Seen:
    began = time.monotonic()
    cause()
    while (shown := _shown(page)) != wanted and time.monotonic() - began < SEEN_WITHIN:
        page.wait_for_timeout(300)
    seen = Seen(what, shown, round(time.monotonic() - began, 1), shown == wanted)
    page.wait_for_timeout(1000)
    desk.shoot("player", f"picture-{shown}")
    print(f"{what}: {shown} after {seen.seconds:.0f} s", flush=True)
    return seen


def _shown(page: Page) -> str:
    """Which of the emulator's pictures the player shows."""
    data = page.locator("#preview video").evaluate(PIXELS)
    return nearest([value for number, value in enumerate(data) if number % 4 < 3])


def nearest(pixels: list[int]) -> str:
    """The name of the loop of whose stills one is most like these pixels."""

    def distance(still: tuple[int, ...]) -> int:
        return sum(abs(mine - theirs) for mine, theirs in zip(pixels, still, strict=True))

    return min(_stills(), key=lambda name: min(map(distance, _stills()[name])))


@cache
def _stills() -> dict[str, list[tuple[int, ...]]]:
    return {name: [pixels_of(still) for still in loop().stills] for name, loop in picture.LOOPS.items()}


def pixels_of(still: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(still)) as image:
        return tuple(image.convert("RGB").resize(GRID, Image.Resampling.BOX).tobytes())
