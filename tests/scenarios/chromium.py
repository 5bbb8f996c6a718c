"""The Chromium of the browser tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser")


class NotInstalled(Exception):
    """There is no Chromium on this machine."""


def launched(playwright: Playwright) -> Browser:
    """A new process, which the caller closes. Raises NotInstalled."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise NotInstalled("Chromium is not installed.")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
