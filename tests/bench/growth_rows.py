"""`python -m tests.bench.growth_rows N ...`: queries of periodic work on N distributions, in `DATABASE_URL`.

As JSON: by number and by what is done.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models.functions import Now  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from distributions.driver import POLLED_LIST  # noqa: E402
from distributions.models import Desired, Distribution, State  # noqa: E402
from distributions.stale import stale  # noqa: E402
from streamhub.lifecycle import wake  # noqa: E402
from streamhub.lifecycle.models import Listing  # noqa: E402
from streamhub.lifecycle.observe import observe  # noqa: E402
from streamhub.lifecycle.sweep import sweep  # noqa: E402

PAGE = 100
LIST, REAPER = "/admin/distributions/distribution/", "/admin/distributions/reaper/"


@dataclass(frozen=True)
class Item:
    id: str
    etag: str = "changed"


@dataclass(frozen=True)
class ListPage:
    items: tuple[Item, ...]


def pages(count: int) -> Iterator[ListPage]:
    for start in range(0, count, PAGE):
        yield ListPage(tuple(Item(f"E{n}") for n in range(start, min(count, start + PAGE))))


def main(sizes: list[int]) -> None:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    settings.ALLOWED_HOSTS = ["*"]
    settings.AWS_QUOTAS = "cloudfront:distributions=100000"
    wake.send = lambda task, args, queue, countdown=0: None
    client = Client()
    client.force_login(User.objects.create_superuser("bench"))
    for url in (LIST, REAPER):
        client.get(url)  # what is read once for ever
    json.dump({size: measure(client, size) for size in sizes}, sys.stdout)


def measure(client: Client, count: int) -> dict[str, int]:
    """The queries with so many stale distributions, all of which the list shows changed."""
    Distribution.objects.all().delete()
    Listing.objects.all().delete()
    Distribution.objects.bulk_create(
        Distribution(
            origin_url="https://origin.example.com/a",
            aws_distribution_id=f"E{n}",
            polled_list="distribution",
            state=State.DISABLED,
            desired=Desired.DELETED,
            attached=False,
            enabled=False,
            status="Deployed",
        )
        for n in range(count)
    )
    listed = replace(
        POLLED_LIST, pages=lambda: pages(count), facts=lambda item: {"etag": item.etag}, watch=None
    )
    counted = {"observe": queries(lambda: observe(listed))}
    assert Distribution.objects.filter(etag="changed").count() == stale().count() == count
    counted["list"] = queries(lambda: page(client, LIST))
    counted["reaper's plan"] = queries(lambda: page(client, REAPER))
    Distribution.objects.update(not_before=Now())
    counted["sweep"] = queries(sweep)
    return counted


def page(client: Client, url: str) -> None:
    status = client.get(url).status_code
    assert status == 200, (url, status)


def queries(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured.captured_queries)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
