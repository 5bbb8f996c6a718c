"""What axe-core finds on a page: nothing critical or serious may be left."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = {"critical", "serious"}


def load_axe(page: Page) -> None:
    """Put axe-core into the page that is open; once is enough for all its sizes."""
    page.evaluate(Axe().axe_script)


def findings(page: Page) -> list[str]:
    """The same as `grave_findings`, of a page that axe-core is in already."""
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(results => results.violations)")
    return [
        f"{each['impact']} {each['id']}: {each['help']}\n"
        + "\n".join(f"    {node['html'][:200]}\n    {node['failureSummary']}" for node in each["nodes"][:3])
        for each in found
        if each["impact"] in GRAVE
    ]


def grave_findings(page: Page) -> list[str]:
    """One line for each grave violation: the rule, and the first elements that break it."""
    load_axe(page)
    return findings(page)
