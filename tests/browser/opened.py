"""Opens what a page keeps closed, one after the other, and asks axe-core about each while it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.browser.accessibility import violations_in
from tests.browser.staff import PHONE, WIDE

# On an open part: names, roles and contrast. The page's structure is the business of its closed state.
RULES = (
    "aria-allowed-attr",
    "aria-allowed-role",
    "aria-dialog-name",
    "aria-hidden-focus",
    "aria-input-field-name",
    "aria-required-attr",
    "aria-required-children",
    "aria-required-parent",
    "aria-roles",
    "aria-valid-attr-value",
    "button-name",
    "color-contrast",
    "duplicate-id-aria",
    "input-button-name",
    "label",
    "link-name",
    "list",
    "listitem",
    "nested-interactive",
    "scrollable-region-focusable",
    "select-name",
    "summary-name",
)
LANDMARKS = """() => ({
  banner: document.querySelectorAll("header:not(main header)").length,
  menu: document.querySelectorAll("#nav-sidebar").length,
  main: document.querySelectorAll("main").length,
  unnamed: [...document.querySelectorAll("nav:not([aria-label])")].map(nav => nav.outerHTML.slice(0, 80)),
})"""


@dataclass(frozen=True)
class Part:
    """`shown` is there once `open` was done, and gone after `close`."""

    name: str
    wanted: str  # a selector: the page has it
    shown: str
    open: Callable[[Page], Any]
    close: Callable[[Page], Any]
    phone: bool = False


def _escape(page: Page) -> None:
    page.keyboard.press("Escape")


def _click(selector: str) -> Callable[[Page], Any]:
    return lambda page: page.locator(selector).first.click()


def _ask_for_keys(page: Page) -> None:
    """Outside of a field: in one, what was closed before may have left the focus."""
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("?")


def _open_menu(page: Page) -> None:
    page.locator("#header-inner [aria-label=Menu]:visible").click()


def _open_user_menu_on_a_phone(page: Page) -> None:
    _open_menu(page)
    page.locator("#user-menu > summary").click()


def _close_both(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")


SEARCH = "[role=dialog][aria-label=Search]"


def _search_in_vain(page: Page) -> None:
    page.locator(".sh-find:visible").click()
    # It sends what was typed when the typing ends.
    page.locator("#search-input-command").press_sequentially("no such show")


def _end_search(page: Page) -> None:
    """Escape empties the field first, and then closes it."""
    page.locator("#search-input-command").fill("")
    page.keyboard.press("Escape")
    page.locator(SEARCH).wait_for(state="hidden")


PARTS = (
    Part("user menu", "#user-menu", ".sh-user-menu", _click("#user-menu > summary"), _escape),
    Part(
        "bulk bar",
        "input.action-select",
        "#changelist-actions-wrapper",
        _click("input.action-select"),
        lambda page: page.locator("input.action-select").first.uncheck(),
    ),
    Part(
        "filters", "#changelist-filter", "#changelist-filter", _click("main a:has-text('Filters')"), _escape
    ),
    Part("choice", ".select2-selection", ".select2-dropdown", _click(".select2-selection"), _escape),
    Part(
        "calendar",
        ".datetimeshortcuts .date-icon",
        ".calendarbox.module",
        _click(".datetimeshortcuts .date-icon"),
        _escape,
    ),
    Part(
        "search",
        ".sh-find",
        SEARCH,
        lambda page: page.keyboard.press("Control+k"),
        _end_search,
    ),
    Part("search without a hit", ".sh-find", "#command-results a", _search_in_vain, _end_search),
    Part("keys", "#sh-main", "#sh-keys", _ask_for_keys, _escape),
    Part(
        "menu",
        "#nav-sidebar",
        "#nav-sidebar",
        _open_menu,
        _escape,
        phone=True,
    ),
    Part(
        "user menu on a phone",
        "#user-menu",
        ".sh-user-menu",
        _open_user_menu_on_a_phone,
        _close_both,
        phone=True,
    ),
)
# The same on every page: asked once for each scheme. The names in the others are the same in both schemes.
SHARED = {
    "user menu",
    "user menu on a phone",
    "bulk bar",
    "search",
    "search without a hit",
    "keys",
    "menu",
}


def violations_when_opened(page: Page, done: set[str], *, names: bool) -> list[str]:
    """What axe-core says of each part of this page while it is open.

    `done`: shared parts, asked before. `names`: ask also about the parts that are each page's own.
    """
    found: list[str] = []
    for part in PARTS:
        asked = part.name in done if part.name in SHARED else not names
        if asked or not page.locator(part.wanted).count():
            continue
        if part.name in SHARED:
            done.add(part.name)
        page.set_viewport_size(PHONE if part.phone else WIDE)  # type: ignore[arg-type]
        part.open(page)
        page.locator(part.shown).first.wait_for(timeout=15_000)  # a busy machine answers a search late
        found += [f"{part.name} open: {text}" for text in violations_in(page, part.shown, RULES)]
        part.close(page)
    return found


def landmark_faults(page: Page) -> list[str]:
    """One main, one banner where there is a menu, and every navigation with a name."""
    seen = page.evaluate(LANDMARKS)
    wanted = ("main", "banner") if seen["menu"] else ("main",)
    wrong = [f"{seen[name]} landmarks {name}" for name in wanted if seen[name] != 1]
    return wrong + [f"a navigation without a name: {nav}" for nav in seen["unnamed"]]
