"""`python -m tests.bench.finding_pages N`: pages of the console with N breakouts, in `DATABASE_URL`.

For each page: the least of three times, and the blocks of 8 KiB that its queries touch, as JSON. The rows are
made by SQL, in a database that has none: a thousand channels, one breakout in a thousand failed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from streamhub.console.paging import MOST_COUNTED  # noqa: E402
from tests.bench.finding_rows import PER_DISTRIBUTION, fill  # noqa: E402

BREAKOUTS = "/admin/channels_app/breakout/"
SEARCH = "/admin/search/?extended=1&s="
TIMES = 3
# PostgreSQL explains these; what writes is not run twice.
READS = ("SELECT", "WITH")


def pages(count: int) -> dict[str, str]:
    """The address of each page by its name, for a list of so many rows on pages of fifty."""
    served_by = count // PER_DISTRIBUTION // 2
    middle, number = count // 2, count // 100
    farthest = min(count, MOST_COUNTED) // 50 - 1
    return {
        "dashboard": "/admin/",
        "sidebar, a name": f"{SEARCH}show {count - 3} of",
        "sidebar, a common word": f"{SEARCH}show",
        "sidebar, nothing": f"{SEARCH}zzyzx",
        "sidebar, two letters": f"{SEARCH}sh",
        "sidebar, two letters of nothing": f"{SEARCH}qx",
        "sidebar, an id": f"{SEARCH}F{served_by}",
        "sidebar, a domain": f"{SEARCH}f{served_by}.cloudfront.net",
        "list": BREAKOUTS,
        "list, a name": f"{BREAKOUTS}?q=show {count - 3} of",
        "list, a common word": f"{BREAKOUTS}?q=show",
        "list, nothing": f"{BREAKOUTS}?q=zzyzx",
        "list, two letters of nothing": f"{BREAKOUTS}?q=qx",
        "list, an id": f"{BREAKOUTS}?q=F{served_by}",
        "list, a domain": f"{BREAKOUTS}?q=f{served_by}.cloudfront.net",
        "list by plan": f"{BREAKOUTS}?o=4",
        "list by plan, latest": f"{BREAKOUTS}?o=-4",
        "list by bytes": f"{BREAKOUTS}?o=7",
        "list by bytes, most": f"{BREAKOUTS}?o=-7",
        "the middle page, by its link": f"{BREAKOUTS}?p={number}&after_row={middle}",
        "the same by bytes": f"{BREAKOUTS}?o=-7&p={number}&after_row={middle}",
        "the farthest page that has a number": f"{BREAKOUTS}?p={farthest}",
        "a page too far for its number": f"{BREAKOUTS}?p={max(number, 100)}",
        "view of failed": f"{BREAKOUTS}?view=failed",
        "view of failed, by bytes": f"{BREAKOUTS}?view=failed&o=-7",
        "view of failed, by plan": f"{BREAKOUTS}?view=failed&o=-4",
        "a breakout": f"{BREAKOUTS}{count // 2}/change/",
    }


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    fill(count)
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.create_superuser("bench"))
    measured = {name: measure(client, url) for name, url in pages(count).items()}
    json.dump(measured, sys.stdout)


def measure(client: Client, url: str) -> dict[str, Any]:
    """Seconds and blocks of one page, and the plan of its query that touches most blocks."""
    client.get(url)
    seconds = []
    for _ in range(TIMES):
        cache.clear()  # Unfold keeps what the sidebar found
        began = time.perf_counter()
        status = client.get(url).status_code
        seconds.append(time.perf_counter() - began)
        assert status == 200, (url, status)
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    reads = [query["sql"] for query in captured.captured_queries if query["sql"].startswith(READS)]
    plans = [explained(sql) for sql in reads]
    most = max(plans, key=lambda plan: plan["blocks"])
    return {
        "seconds": min(seconds),
        "sql_seconds": sum(plan["seconds"] for plan in plans),
        "queries": len(captured.captured_queries),
        "blocks": sum(plan["blocks"] for plan in plans),
        "worst": most,
    }


def explained(sql: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}")
        lines = [line for (line,) in cursor.fetchall()]
    top = next((line for line in lines if "Buffers: shared" in line), "")
    shared = top.partition("shared")[2].partition(",")[0]
    blocks = sum(int(word.partition("=")[2]) for word in shared.split() if word.startswith(("hit=", "read=")))
    (seconds,) = (line.split()[-2] for line in lines if line.startswith("Execution Time"))
    return {"blocks": blocks, "seconds": float(seconds) / 1000, "sql": sql, "plan": lines}


if __name__ == "__main__":
    main(int(sys.argv[1]))
