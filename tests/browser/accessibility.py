"""Checks of pages with axe-core for critical and serious violations."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SEVERE = {"critical", "serious"}


def load_axe(page: Page) -> None:
    """Load axe-core into the open page; once is enough for all its sizes."""
    page.evaluate(Axe().axe_script)


def violations_of(page: Page) -> list[str]:
    """Like `severe_violations`, for a page into which axe-core is already loaded."""
    violations = page.evaluate(
        "() => axe.run({resultTypes: ['violations']}).then(results => results.violations)"
    )
    return [_text(violation) for violation in violations if violation["impact"] in SEVERE]


def violations_in(page: Page, selector: str, rules: tuple[str, ...]) -> list[str]:
    """What these rules say of the parts of the page that match, for a page with axe-core loaded."""
    violations = page.evaluate(
        "([within, values]) => axe.run({include: [within]}, "
        "{resultTypes: ['violations'], runOnly: {type: 'rule', values}}).then(results => results.violations)",
        [selector, rules],
    )
    return [_text(violation) for violation in violations if violation["impact"] in SEVERE]


def _text(violation: dict[str, Any]) -> str:
    nodes = [f"    {node['html'][:200]}\n    {node['failureSummary']}" for node in violation["nodes"][:3]]
    return "\n".join([f"{violation['impact']} {violation['id']}: {violation['help']}", *nodes])


def severe_violations(page: Page) -> list[str]:
    """A text for each severe violation: the rule, and the first elements that break it."""
    load_axe(page)
    return violations_of(page)
