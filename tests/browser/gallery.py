"""Screenshots of pages in every size, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.accessibility import load_axe, violations_of
from tests.browser.opened import landmark_faults, violations_when_opened
from tests.browser.staff import PHONE, WIDE

Shoot = Callable[[Page, str], None]
Step = Callable[[Page], Any]

UNFOLD = """document.querySelectorAll('main details:not([open])').forEach(
  each => { each.open = true; each.dataset.folded = ''; })"""
FOLD = "document.querySelectorAll('main details[data-folded]').forEach(each => { each.open = false; })"

# axe-core is asked in each scheme and at each width, and not in every pair of both: what a page is made of
# does not depend on the scheme, nor its colours on the width.
ASKED_AT = {"light": WIDE, "dark": PHONE}

SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def assert_nothing_wrong(*galleries: Gallery) -> None:
    """Every page had the expected status, and axe-core reported nothing critical or serious."""
    problems = [text for gallery in galleries for text in (*gallery.unexpected, *gallery.violations)]
    assert problems == [], "\n".join(problems)


class Gallery:
    """Takes screenshots of pages in both sizes and collects what is wrong with them."""

    def __init__(self, page: Page, shoot: Shoot, scheme: str) -> None:
        self.page, self.scheme, self._shoot = page, scheme, shoot
        self.violations: list[str] = []
        self.unexpected: list[str] = []
        self._asked: set[str] = set()

    def visit(self, name: str, path: str, step: Step | None = None, status: int = 200) -> None:
        """Open the page, take the step if there is one, and capture the page wide and narrow."""
        self.page.set_viewport_size(WIDE)
        answer = self.page.goto(f"/admin/{path}")
        if answer is None or answer.status != status:
            self.unexpected.append(f"{name}: {answer and answer.status}")
        if step is not None:
            step(self.page)
        self.capture(name)
        if step is None and status == 200:
            self.open_parts(name)

    def open_parts(self, name: str) -> None:
        """What is closed on the page as it stands, opened: axe-core is loaded, and the page need not be."""
        wrong = violations_when_opened(self.page, self._asked, names=self.scheme == "light")
        wrong += landmark_faults(self.page)
        self.violations += [f"{name}: {text}" for text in wrong]

    def capture(self, name: str) -> None:
        self.page.evaluate("document.fonts.ready")
        load_axe(self.page)
        for size in (WIDE, PHONE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self._shoot(self.page, f"{name}-{self.scheme}")
            if size == ASKED_AT[self.scheme]:
                self._ask(f"{name} {size['width']}")

    def _ask(self, where: str) -> None:
        """What axe-core says of the page, with what is folded on it unfolded."""
        self.page.evaluate(UNFOLD)
        self.violations += [f"{where}: {text}" for text in violations_of(self.page)]
        self.page.evaluate(FOLD)
