"""What a page says is of one moment, and the database is asked for it once."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from streamhub.clock import database_now, one_moment
from tests.scenarios import rows

pytestmark = pytest.mark.django_db
CLOCKS = ("STATEMENT_TIMESTAMP()", "STRFTIME('%Y-%m-%d %H:%M:%f', 'now')")


def test_in_one_moment_time_stands_still_and_goes_on_afterwards() -> None:
    with one_moment():
        first = database_now()
        time.sleep(0.01)
        assert database_now() == first
        with one_moment():
            assert database_now() == first
    assert database_now() > first


@pytest.mark.parametrize("url", ["/admin/distributions/reaper/", "/admin/"], ids=["reaper", "dashboard"])
def test_a_page_asks_for_the_time_once(superuser: Client, url: str) -> None:
    rows.distribution(desired="deleted", state="disabled", attached=False, status="Deployed")
    rows.breakout("running", rows.channel(state="running"))
    with CaptureQueriesContext(connection) as captured:
        assert superuser.get(url).status_code == 200
    asked = [query["sql"] for query in captured.captured_queries if query["sql"].endswith(CLOCKS)]
    assert len(asked) == 1
