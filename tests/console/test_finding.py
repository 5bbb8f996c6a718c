"""The search of lists and sidebar: what it finds, and that it and sorting read no big table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.sorting import indexed_columns
from tests.scenarios import rows

pytestmark = pytest.mark.django_db

BIG = {model: entry for model, entry in admin.site._registry.items() if isinstance(entry, BigReadOnlyAdmin)}


def changelist(client: Client, model: type[Any], **query: str) -> Any:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return client.get(reverse(name), query).context["cl"]


def found(client: Client, model: type[Any], term: str) -> list[str]:
    return sorted(str(row) for row in changelist(client, model, q=term).result_list)


@pytest.fixture
def shows() -> list[Breakout]:
    distribution = rows.distribution(
        aws_distribution_id="EGRAND",
        domain_name="dgrand.cloudfront.net",
        arn="arn:aws:cloudfront::111122223333:distribution/EGRAND",
    )
    channel = rows.channel(name="Grand hall", ml_channel_id="314159", distribution=distribution)
    names = ["Grand opening", "The opening of the hall", "Go", "EGRAND"]
    made = [rows.breakout("completed", channel, name=name) for name in names]
    for breakout in made[:2]:
        for _ in range(2):
            breakout.attachments.create(
                aws_distribution_id="EGRAND",
                domain_name="dgrand.cloudfront.net",
                distribution=distribution,
                ended_at=breakout.created_at,
                started_at=breakout.created_at,
            )
    rows.breakout("idle", rows.channel(name="Small room"), name="Matinee")
    return made


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("opening", ["Grand opening", "The opening of the hall"]),
        ("OPENing  hall", ["Grand opening", "The opening of the hall"]),  # of the name or the channel's
        ("pening of", ["The opening of the hall"]),
        ("go", ["Go"]),
        ("the h", ["The opening of the hall"]),
        ("op", []),
        ("e", ["EGRAND"]),
        ("Small room", ["Matinee"]),
        ("dgrand.cloudfront.net", ["Grand opening", "The opening of the hall"]),
        ("DGRAND.cloudfront.net", ["Grand opening", "The opening of the hall"]),
        ("egrand", ["Grand opening", "The opening of the hall"]),  # an id before a name
        ("zzyzx", []),
        ("100%", []),
        ("x" * 5000, []),
    ],
)
def test_breakouts_are_found_by_name_and_by_whole_id(
    superuser: Client, shows: list[Breakout], term: str, names: list[str]
) -> None:
    assert found(superuser, Breakout, term) == names


@pytest.mark.parametrize(
    ("model", "term"),
    [
        (Channel, "arn:aws:cloudfront::111122223333:distribution/EGRAND"),
        (Channel, "EGRAND"),
        (Channel, "314159"),
        (Channel, "rand ha"),
        (Distribution, "arn:aws:cloudfront::111122223333:distribution/EGRAND"),
        (Distribution, "grand.cloud"),
    ],
)
def test_channels_and_distributions_are_found_by_id_domain_and_arn(
    superuser: Client, shows: list[Breakout], model: type[Any], term: str
) -> None:
    assert len(found(superuser, model, term)) == 1


def test_a_uid_is_found_in_every_kind(superuser: Client, shows: list[Breakout]) -> None:
    for model in (Breakout, Channel, Distribution):
        row = model._default_manager.earliest("pk")
        assert found(superuser, model, row.uid) == [str(row)]


def test_a_security_group_is_found_by_its_channel(superuser: Client) -> None:
    group = SecurityGroup.objects.create(cidrs="10.0.0.0/24", state="ready", aws_id="7")
    rows.channel(name="Grand hall", security_group=group)
    for term in ("grand HALL", "7", "10.0.0"):
        assert found(superuser, SecurityGroup, term) == ["10.0.0.0/24"]
    shown = changelist(superuser, SecurityGroup).result_list[0]
    assert shown.channel_count == 1


# --- order --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", BIG, ids=lambda model: model._meta.label)
def test_a_list_is_sorted_by_indexed_columns_only(superuser: Client, model: type[Any]) -> None:
    listed = changelist(superuser, model)
    indexed = indexed_columns(model)
    for number, name in enumerate(listed.list_display):
        ordering = changelist(superuser, model, o=f"-{number}").get_ordering(listed, listed.root_queryset)
        if name in listed.sortable_by:
            column = ordering[0].lstrip("-")
            assert column in indexed
            assert ordering == [f"-{column}", "-pk"]
        else:
            assert ordering == list(BIG[model].ordering)


def test_of_two_columns_the_one_clicked_last_counts(superuser: Client, shows: list[Breakout]) -> None:
    listed = changelist(superuser, Breakout, o="-6.4")
    assert listed.get_ordering(listed, listed.root_queryset) == ["-usage_bytes_downloaded", "-pk"]


def test_pages_of_a_sorted_list_hold_every_row_once(superuser: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(BIG[Breakout], "list_per_page", 3)
    channel = rows.channel()
    made = [
        rows.breakout("completed", channel, usage_bytes_downloaded=None if n % 2 else n) for n in range(8)
    ]
    for order in ("6", "-6"):
        pages = [changelist(superuser, Breakout, o=order, p=str(number)).result_list for number in (1, 2, 3)]
        assert sorted(row.pk for page in pages for row in page) == [row.pk for row in made]


# --- plans --------------------------------------------------------------------------------------

ROWS = 20_000


@contextmanager
def explained() -> Iterator[list[tuple[str, str]]]:
    """The SELECTs of the block with their plans."""
    plans: list[tuple[str, str]] = []
    with CaptureQueriesContext(connection) as captured:
        yield plans
    for query in captured.captured_queries:
        if query["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + query["sql"].replace("%", "%%"), [])
                plans.append((query["sql"], "\n".join(line for (line,) in cursor.fetchall())))


@pytest.fixture
def many() -> None:
    channel = rows.channel(name="stage")
    Breakout.objects.bulk_create(
        Breakout(
            name=f"show {n} of {n * 7919 % 1009}",
            channel=channel,
            channel_uid=channel.uid,
            channel_name=channel.name,
            state="completed",
            usage_status="final",
            usage_complete=True,
            usage_bytes_downloaded=n * 7919 if n % 4 else None,
        )
        for n in range(ROWS)
    )
    Attachment.objects.bulk_create(
        Attachment(
            breakout_id=pk,
            aws_distribution_id=f"E{pk}",
            domain_name=f"d{pk}.cloudfront.net",
            ended_at="2999-01-01T00:00Z",
        )
        for pk in Breakout.objects.values_list("pk", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE channels_app_breakout, channels_app_attachment")


BREAKOUTS = "/admin/channels_app/breakout/"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans of PostgreSQL")
@pytest.mark.parametrize(
    "url",
    [
        "/admin/",
        BREAKOUTS,
        f"{BREAKOUTS}?p=300",
        *(f"{BREAKOUTS}?q={term}" for term in ("show", "19999", "zzyzx", "qx", "sh", "E500", "x" * 300)),
        *(f"{BREAKOUTS}?o={order}" for order in ("4", "-4", "6", "-6")),
        f"{BREAKOUTS}?o=-6&p=300",
        *(f"{BREAKOUTS}?view={view}" for view in ("live", "soon", "moving", "failed")),
        f"{BREAKOUTS}?curtain_raised__exact=1",
        f"{BREAKOUTS}?usage_status__exact=pending",
        f"{BREAKOUTS}?state__exact=failed&q=show",
        *(f"/admin/search/?extended=1&s={term}" for term in ("show", "19999", "zzyzx", "qx", "E500")),
    ],
)
def test_no_page_reads_the_whole_table_of_breakouts(superuser: Client, many: None, url: str) -> None:
    with explained() as plans:
        assert superuser.get(url).status_code == 200
    assert any("channels_app_breakout" in sql for sql, _plan in plans)
    for sql, plan in plans:
        for table in ("channels_app_breakout", "channels_app_attachment"):
            assert f"Seq Scan on {table}" not in plan, f"{sql}\n{plan}"
            assert not (f'COUNT(*) AS "__count" FROM "{table}"' in sql and "WHERE" not in sql), sql
