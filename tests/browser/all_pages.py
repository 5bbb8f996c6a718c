"""Screenshots of every page of the admin, to be looked at: `python -m tests.browser.all_pages [WORD ...]`.

Walks the admin's routes with a site of one of everything whose names are as long as they can be, light and
dark, wide and narrow, and writes `var/screenshots/all/` and sheets of twelve pages each. No test: it says
what did not open. With words it takes the pages whose address has one of them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WIDTHS = {"wide": 1440, "phone": 390}
SCHEMES = ("light", "dark")
# Fragments, actions and documents: no page of their own.
NO_PAGES = re.compile(
    r"/(rows|live|results|bulk|run|export|autocomplete|jsi18n|logout|history|shown|print|csv|json|authenticate|inactive|banner)/|\(\?P<url>|^admin/r/|^admin/dashboard/"
)
UNBROKEN = "Hauptbuehne_Erdgeschoss_Nordfluegel_Eroeffnungsfeier_Livestream1"
WORDS = "The annual general meeting of the friends of the old town museum, second part: questions and answers"


def _pages() -> Iterator[str]:
    """The addresses of all pages: of an object one for each state, and of a verb one."""
    from django.contrib import admin

    from streamhub.console import registry
    from tests.scenarios.routes import addresses

    models = {f"{m._meta.app_label}/{m._meta.model_name}": m for m in admin.site._registry}
    for route in addresses():
        if NO_PAGES.search(route) and route != "admin/live/":
            continue
        model = models.get("/".join(route.split("/")[1:3]))
        verbs = sorted(registry.verbs_of(model)) if model and "<slug:name>" in route else [""]
        keys = _keys(model) if model and "<" in route else [0]
        for pk in keys if verbs == [""] else keys[:1]:
            for verb in verbs:
                address = route.replace("<slug:name>", verb)
                address = re.sub(r"<(int|path|str):[a-z_]*id>|<id>", str(pk), address)
                if "<" not in address and not address.endswith(f"/{pk}/"):
                    yield f"/{address}"


def _keys(model: Any) -> list[int]:
    """One row of each state, and the newest where rows have no state."""
    names = {field.name for field in model._meta.concrete_fields}
    rows = model._default_manager.order_by("-pk")
    if "state" not in names:
        return [row.pk for row in rows[:1]]
    return sorted({row.state: row.pk for row in rows}.values())


def _take(page: Any, address: str, folder: Path) -> str:
    """The page in all four looks; what is wrong with it, or ""."""
    from playwright.sync_api import Error

    name = address.removeprefix("/admin/").strip("/").replace("/", "-") or "dashboard"
    wrong = []
    for scheme in SCHEMES:  # Unfold chooses its colours when the page opens
        page.emulate_media(color_scheme=scheme)
        try:
            answer = page.goto(address)
        except Error as error:  # a document, not a page
            return f"{address}: {error.message.splitlines()[0]}"
        if answer is None or answer.status != 200:
            return f"{address}: {answer and answer.status}"
        if address != "/admin/":  # the dashboard alone shows the alarms of all pages
            page.evaluate("document.getElementById('banner')?.remove()")
        for size, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=folder / f"{size}-{scheme}" / f"{name}.png", full_page=True)
            needed = page.evaluate("document.documentElement.scrollWidth")
            wrong += [f"{address} {size}-{scheme}: {needed} px wide"] * (needed > width)
    return "\n".join(wrong)


def _sheets(folder: Path) -> None:
    """Twelve screenshots to a sheet, each from its top."""
    from PIL import Image, ImageDraw

    for look in sorted(path for path in folder.iterdir() if path.is_dir()):
        columns, width = (4, 600) if look.name.startswith("wide") else (8, 300)
        height = 620
        shots = sorted(look.glob("*.png"))
        many = columns * 3
        for first in range(0, len(shots), many):
            sheet = Image.new("RGB", (columns * (width + 8), 3 * (height + 24)), "#888")
            draw = ImageDraw.Draw(sheet)
            for place, shot in enumerate(shots[first : first + many]):
                picture = Image.open(shot)
                picture = picture.resize((width, picture.height * width // picture.width))
                left, top = place % columns * (width + 8), place // columns * (height + 24)
                draw.text((left + 4, top + 4), shot.stem[:80], fill="#fff")
                sheet.paste(picture.crop((0, 0, width, min(height, picture.height))), (left, top + 20))
            sheet.save(folder / f"sheet-{look.name}-{first // many:02}.png")


def main(*words: str) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases
    from playwright.sync_api import sync_playwright
    from pytest_django.live_server_helper import LiveServer

    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    server = LiveServer("localhost")
    folder = Path(settings.BASE_DIR) / "var" / "screenshots" / "all"
    try:
        with sync_playwright() as playwright:
            return _walk(playwright, server.url, folder, words)
    finally:
        server.stop()
        teardown_databases(databases, verbosity=0)


def _walk(playwright: Any, url: str, folder: Path, words: tuple[str, ...]) -> int:
    from django.contrib.auth.models import User

    from streamhub.alerts import evaluation
    from streamhub.console import roles
    from tests.browser.staff import PASSWORD, Staff
    from tests.scenarios.chromium import launched
    from tests.scenarios.one_of_everything import OneOfEverything

    roles.seed()
    OneOfEverything(channel=UNBROKEN, show=WORDS)
    evaluation.evaluate()
    User.objects.create_superuser("superuser", password=PASSWORD)
    chromium = launched(playwright)
    staff = Staff(chromium, url, url)
    page = staff.page("superuser")
    addresses = [address for address in _pages() if not words or any(word in address for word in words)]
    wrong = [text for address in addresses if (text := _take(page, address, folder))]
    staff.close()
    chromium.close()
    _sheets(folder)
    print("\n".join([f"{len(addresses)} pages in {folder}", *wrong, *sorted(set(staff.problems))]))
    return len(wrong)


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
