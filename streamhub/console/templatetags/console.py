"""The console's components: times, bytes, copy buttons, facts, saved views, pollers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils import dateformat
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from streamhub.console import aws_console, browser_texts, paging, personal_views, sizes
from streamhub.console.badges import Badge
from streamhub.console.derived_names import in_words
from streamhub.console.saved_views import PARAMETER

register = template.Library()

MINUTE = 60  # seconds


def utc_text(moment: datetime) -> str:
    """A time in UTC to the second, for sentences."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@register.simple_tag
def when(moment: datetime | None, otherwise: str = "") -> SafeString:
    """A time to the second: local with its zone, how long ago, and UTC; without scripts UTC alone."""
    if moment is None:
        return format_html('<span class="sh-none">{}</span>', otherwise or _("not yet"))
    return _time(moment, "full", utc_text(moment))


def _time(moment: datetime, how: str, text: str) -> SafeString:
    """The element that the browser completes. `how`: "full", "plan" or "short", and the two that count."""
    return format_html(
        '<time class="sh-time" datetime="{}" data-sh-time="{}">{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        how,
        text,
    )


@register.simple_tag
def clock(moment: datetime | None) -> SafeString:
    """A planned time to the minute: local with its zone, how far away, and UTC."""
    if moment is None:
        return mark_safe('<span class="sh-none">-</span>')
    return _time(moment, "plan", dateformat.format(moment.astimezone(UTC), r"D d M H:i \U\T\C"))


@register.simple_tag
def since(moment: datetime | None) -> SafeString:
    """How long ago a time was, and its local minute; UTC to the second is its tooltip. For narrow places."""
    if moment is None:
        return mark_safe('<span class="sh-none">-</span>')
    return _time(moment, "short", dateformat.format(moment.astimezone(UTC), r"d M H:i \U\T\C"))


@register.simple_tag
def elapsed(moment: datetime) -> SafeString:
    """How long something has lasted, counted by the browser; without scripts since when."""
    return _time(moment, "elapsed", _("since %(time)s UTC") % {"time": f"{moment.astimezone(UTC):%H:%M:%S}"})


@register.simple_tag
def left(moment: datetime) -> SafeString:
    """How long until then, counted down by the browser, and how long over; without scripts until when."""
    return _time(moment, "left", _("until %(time)s UTC") % {"time": f"{moment.astimezone(UTC):%H:%M}"})


@register.simple_tag
def size(count: int | None) -> SafeString:
    """A readable byte count with the exact number."""
    if count is None:
        return format_html('<span class="sh-none">{}</span>', _("not known yet"))
    return format_html(
        '<data class="sh-size" value="{}" title="{}">{}</data> <span class="sh-exact">{}</span>',
        count,
        sizes.exact_bytes(count),
        sizes.human_bytes(count),
        sizes.exact_bytes(count),
    )


@register.inclusion_tag("console/copy.html")
def copy(value: Any, what: str = "") -> dict[str, Any]:
    """A button that copies `value` to the clipboard."""
    return {"value": value, "what": what or _("value")}


@register.simple_tag
def aws_id(service: str, kind: str, id: str) -> str:
    """An id of AWS; where AWS has a console, a link to its page there."""
    href = aws_console.address(service, kind, id)
    link = '<a class="sh-link" href="{}" target="_blank" rel="noopener" title="{}">{}</a>'
    return format_html(link, href, _("AWS console"), id) if href else id


@register.simple_tag(name="browser_texts")
def texts_of_scripts() -> SafeString:
    """What the console's scripts show, for them to read from the page."""
    return json_script(browser_texts.texts(), "sh-texts")


@register.simple_tag
def icon(name: str, spin: bool = False) -> SafeString:
    """A Material symbol, hidden from screen readers because the text beside it says the same."""
    moving = " sh-spin" if spin else ""
    symbol = '<span class="material-symbols-outlined sh-icon{}" aria-hidden="true">{}</span>\n'
    return format_html(symbol, moving, name)


@register.inclusion_tag("console/fact.html")
def fact(item: Any) -> dict[str, Any]:
    return {"fact": item}


@register.simple_tag
def badge(badge: Badge, word: str) -> SafeString:
    """A state's badge."""
    return format_html(
        '<span class="sh-badge sh-tone-{}">{}<span>{}</span></span>\n',
        badge.tone,
        icon(badge.icon, badge.spins),
        badge.word or in_words(word),
    )


@register.inclusion_tag("console/saved_views.html", takes_context=True)
def saved_views(context: Any, cl: Any) -> dict[str, Any]:
    """The links above a list, with the current one marked, and the person's own views."""
    selected = cl.params.get(PARAMETER) or cl.filter_params.get(PARAMETER, [""])[-1]
    return {
        "views": cl.model_admin.views(),
        "selected": selected,
        "name": cl.opts.verbose_name_plural,
        "personal": personal_views.shown(context["request"], cl.opts.label_lower),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("console/list_poller.html", takes_context=True)
def list_poller(context: Any, cl: Any) -> dict[str, Any]:
    """Refreshes the rows of this list."""
    return {"poller": cl.model_admin.poller(cl, context["request"])}


@register.simple_tag
def row_keys(cl: Any) -> str:
    """The ids of the rows in their order, by which the browser knows each row again."""
    return " ".join(str(row.pk) for row in cl.result_list)


@register.inclusion_tag("console/bar_chart.html")
def bar_chart(chart: Any, unit: str, title: str) -> dict[str, Any]:
    """A chart with its axes and units. `unit`: "bytes", in readable sizes, or another word."""
    return {
        "chart": chart,
        "unit": unit,
        "unit_word": _("bytes") if unit == "bytes" else unit,
        "title": title,
    }


@register.simple_tag
def pager(cl: Any) -> paging.Place:
    """The place of this page in the list."""
    return paging.place(cl)


@register.simple_tag
def filters_of(cl: Any) -> str:
    """The query string of the list without the place of its page."""
    return paging.first_page(cl)


@register.filter
def pretty_json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, default=str)


register.filter(in_words)


@register.filter
def spaced(name: str) -> str:
    """`first_step` becomes "First step"."""
    return name.replace("_", " ").capitalize()


@register.filter
def thousands(number: int | None) -> str:
    """The number with separators: 1,234,567."""
    return "" if number is None else f"{number:,}"


@register.filter
def lasting(span: timedelta) -> str:
    """A length of time in its two largest units: "0.4 s", "5 min", "1 h 30 min"."""
    seconds = span.total_seconds()
    if seconds < MINUTE:
        return f"{seconds:.3g} s"
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", MINUTE), ("s", 1)):
        count, seconds = divmod(round(seconds), length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


@register.filter(name="bytes")
def bytes_filter(count: int) -> str:
    """A readable byte count without the exact number, for narrow places."""
    return sizes.human_bytes(count)


@register.filter
def amount(number: int, unit: str) -> str:
    """A number of these units on an axis: bytes in readable sizes, others with separators."""
    return sizes.human_bytes(number) if unit == "bytes" else f"{number:,}"


@register.filter
def bit_rate(bits: int) -> str:
    """Bits a second in Mbit/s: 5.0 Mbit/s."""
    return f"{bits / 1_000_000:.1f} Mbit/s"


@register.filter
def unlocalized(number: float) -> str:
    """A number in SVG's format, regardless of the language."""
    return f"{number:g}"
