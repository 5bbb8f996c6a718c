"""What a refresh weighs with fifty shows on air, and what is never in a compressed answer."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import LedgerMinute
from channels_app.models import Breakout
from streamhub.console.pages.fragments import HIDING_BYTES
from tests.scenarios.live_shows import live_show
from tests.scenarios.well import all_well

pytestmark = pytest.mark.django_db

SHOWS = 50
MOST = 30_000  # bytes on the wire
HTMX = {"HX-Request": "true", "Accept-Encoding": "gzip"}


@pytest.fixture
def fifty_shows() -> list[Breakout]:
    all_well()
    return [live_show(n, viewers=n, minutes=6) for n in range(SHOWS)]


def refresh(client: Client, url: str, seen: str = "") -> Any:
    """As the browser asks: compressed, and only if it differs from the version `seen`."""
    return client.get(url, headers={**HTMX, **({"If-None-Match": seen} if seen else {})})


def fragments() -> dict[str, str]:
    show = Breakout.objects.earliest("pk")
    return {
        "live now": reverse("admin:live_now_rows"),
        "breakouts": f"{reverse('admin:channels_app_breakout_rows')}?view=live",
        "channels": reverse("admin:channels_app_channel_rows"),
        "dashboard": reverse("admin:dashboard"),
        "banner": reverse("admin:banner"),
        "control room": reverse("admin:channels_app_breakout_control_live", args=[show.pk]),
        "breakout": reverse("admin:channels_app_breakout_live", args=[show.pk]),
        "health": reverse("admin:health_live"),
    }


def text(response: HttpResponse) -> str:
    packed = response.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(response.content) if packed else response.content).decode()


def test_refreshes_with_fifty_shows_are_below_30_kb_and_empty_if_nothing_changed(
    operator: Client, fifty_shows: list[Breakout]
) -> None:
    sizes, tokens = {}, []
    for name, url in fragments().items():
        first = refresh(operator, url)
        sizes[name] = len(first.content)
        tokens += [name for word in ("csrfmiddlewaretoken", "sessionid") if word in text(first)]
        unchanged = refresh(operator, url, first["ETag"])
        assert (unchanged.status_code, len(unchanged.content)) == (304, 0), name
    assert max(sizes.values()) < MOST, sizes
    assert tokens == [], "a form's token in a compressed answer can be guessed from its length"
    # A minute of an open page: CloudFront publishes one minute of each show meanwhile.
    url, seen, wire = reverse("admin:live_now_rows"), "", []
    for number in range(12):
        if number == 6:
            LedgerMinute.objects.update(requests=77)
        response = refresh(operator, url, seen)
        seen = response["ETag"]
        wire.append(len(response.content))
    assert [number for number, size in enumerate(wire) if size] == [0, 6]
    assert sum(wire) < 2 * MOST


def test_a_show_that_begins_or_ends_is_in_the_next_refresh(operator: Client) -> None:
    url = reverse("admin:live_now_rows")
    seen = refresh(operator, url)["ETag"]
    show = live_show(1, minutes=5)
    came = refresh(operator, url, seen)
    assert show.name in text(came)
    Breakout.objects.update(state="completed", state_since=timezone.now() - timedelta(seconds=1))
    assert show.name not in text(refresh(operator, url, came["ETag"]))


def test_only_the_consoles_own_requests_are_answered_compressed(operator: Client) -> None:
    live_show(1, minutes=5)
    url = reverse("admin:live_now_rows")
    assert "Content-Encoding" in refresh(operator, url).headers
    # Another site cannot send htmx's header in the name of a user.
    assert "Content-Encoding" not in operator.get(url, headers={"Accept-Encoding": "gzip"}).headers
    assert "Content-Encoding" not in operator.get(url, headers={"HX-Request": "true"}).headers
    page = operator.get(reverse("admin:live_now"), headers=HTMX)
    assert "Content-Encoding" not in page.headers, "pages have forms with tokens"


def test_the_length_of_a_compressed_answer_is_random(operator: Client) -> None:
    live_show(1, minutes=5)
    sizes = {len(refresh(operator, reverse("admin:live_now_rows")).content) for _ in range(12)}
    assert len(sizes) > 3
    assert max(sizes) - min(sizes) <= HIDING_BYTES + 1
