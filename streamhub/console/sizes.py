"""Readable byte counts. Units are decimal, as AWS bills them: 1 GB is 10^9 bytes."""

from __future__ import annotations

from django.utils.translation import ngettext

UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def human_bytes(count: int) -> str:
    """Up to three significant digits and a unit: 999 bytes, 1.23 GB, 45.6 GB, 789 GB, -7.00 MB."""
    size, power = float(abs(count)), 0
    while size >= 999.5 and power < len(UNITS) - 1:
        size, power = size / 1000, power + 1
    if power == 0:
        return exact_bytes(count)
    places = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{'-' if count < 0 else ''}{size:.{places}f} {UNITS[power]}"


def exact_bytes(count: int) -> str:
    """The exact number with separators: 1,234,567,890 bytes."""
    return ngettext("%(count)s byte", "%(count)s bytes", count) % {"count": f"{count:,}"}
