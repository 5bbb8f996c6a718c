"""The Chromium of the browser tests."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

_TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_SIZE = """(({scrollWidth: width, scrollHeight: height}) => ({width, height}))(document.documentElement)"""
NAMES = ("chromium", "chromium-browser")


class NotInstalled(Exception):
    """There is no Chromium on this machine."""


def launched(playwright: Playwright) -> Browser:
    """A new process, which the caller closes. Raises NotInstalled."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise NotInstalled("Chromium is not installed.")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def photograph(page: Page, path: Path) -> None:
    """A PNG of the whole page, packed quickly and not tightly: Playwright's own takes half as long again."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    size = page.evaluate(
        "(({scrollWidth: width, scrollHeight: height}) => ({width, height}))(document.documentElement)"
    )
    session = page.context.new_cdp_session(page)
    picture = session.send(
        "Page.captureScreenshot",
        {
            "format": "png",
            "optimizeForSpeed": True,
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "scale": 1, **size},
        },
    )
    session.detach()
    path.write_bytes(base64.b64decode(picture["data"]))
