"""A statement as PDF: its printable page through WeasyPrint, where that and its system packages are there."""

from __future__ import annotations

import importlib
from typing import Any

from django.contrib.staticfiles import finders

MISSING = (
    "PDF needs WeasyPrint, which is not installed here. Install it beside StreamHub: "
    "pip install weasyprint, and on Debian: apt install libpango-1.0-0 libpangoft2-1.0-0. "
    "Until then print the page, and save it as PDF from the browser."
)
# A page takes some hundredths of a second; more lines than these would keep a browser waiting for minutes.
MOST_LINES = 2000


class NotInstalled(Exception):
    """The message says what to install."""


def library() -> Any:
    """WeasyPrint. Raises NotInstalled without it or without the libraries of the system that it loads."""
    try:
        return importlib.import_module("weasyprint")
    except (ImportError, OSError) as error:
        raise NotInstalled(MISSING) from error


def pdf_of(html: str) -> bytes:
    """The page as PDF. Nothing that it names is fetched: its one style sheet is ours."""
    weasyprint = library()
    sheet = weasyprint.CSS(filename=finders.find("console/statement.css"))
    document = weasyprint.HTML(string=html, url_fetcher=_refuse)
    written: bytes = document.write_pdf(stylesheets=[sheet], media_type="print")
    return written


def _refuse(url: str, *_args: Any, **_options: Any) -> dict[str, Any]:
    raise ValueError(f"{url} is not fetched")
