"""Watch the preview as a person does: press Play, and look at the picture for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from channels_app.models import Breakout

Shoot = Callable[[Page, str], None]
PLAYS = 30_000  # milliseconds until a picture is there; generous for a busy machine
# A digest of the picture that is seen now, drawn on a canvas as a person would see it.
FRAME = """video => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [96, 54];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 96, 54);
  const pixels = context.getImageData(0, 0, 96, 54).data;
  let digest = 0, light = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    digest = (digest * 31 + pixels[i] + 7 * pixels[i + 1] + 13 * pixels[i + 2]) >>> 0;
    light += pixels[i] + pixels[i + 1] + pixels[i + 2];
  }
  return { digest, light: light / (96 * 54 * 3), time: video.currentTime,
           frames: video.getVideoPlaybackQuality().totalVideoFrames };
}"""


def page_of(page: Page, row: Breakout) -> None:
    page.goto(f"/admin/channels_app/breakout/{row.pk}/change/")


def play(page: Page) -> Any:
    """Press Play and wait until the video runs; returns the video."""
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("[data-sh-preview-note]")).to_contain_text("Playing, muted", timeout=PLAYS)
    return page.locator("#preview video")


def seen(page: Page, seconds: float) -> list[dict[str, Any]]:
    """What is seen now and after each of four parts of a time."""
    frames = [page.locator("#preview video").evaluate(FRAME)]
    for _ in range(4):
        page.wait_for_timeout(seconds * 250)
        frames.append(page.locator("#preview video").evaluate(FRAME))
    return frames
