"""The search of lists and sidebar: what it finds, and that it and sorting read no big table."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_app.models import Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.console import paging
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.pasted import MOST_WORDS
from streamhub.console.sorting import indexed_columns
from tests.scenarios import rows

pytestmark = pytest.mark.django_db

BREAKOUTS = "/admin/channels_app/breakout/"

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


LONG_TEXTS = {
    "words": "word of a mail " * 500,
    "short words": "a " * 3000,
    "more short words": "a " * 50_000,
    "one word": "x" * 100_000,
}
SEARCHES = (
    f"{BREAKOUTS}?q=",
    "/admin/alerts/alarm/?q=",
    "/admin/access/apitoken/?q=",
    "/admin/auth/user/?q=",
    "/admin/lifecycle/transition/?q=",
    "/admin/search/?extended=1&s=",
)


@pytest.mark.parametrize("term", LONG_TEXTS.values(), ids=LONG_TEXTS)
@pytest.mark.parametrize("url", SEARCHES)
def test_a_long_text_is_answered(superuser: Client, shows: list[Breakout], url: str, term: str) -> None:
    assert superuser.get(url + term).status_code == 200


@pytest.mark.parametrize(
    ("number", "names"),
    [(MOST_WORDS - 1, []), (MOST_WORDS, ["Grand opening", "The opening of the hall"])],
)
def test_of_many_words_only_the_first_count(
    superuser: Client, shows: list[Breakout], number: int, names: list[str]
) -> None:
    words = (["opening", "grand"] * MOST_WORDS)[:number]
    assert found(superuser, Breakout, " ".join([*words, "zzyzx"])) == names


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
        clicked = changelist(superuser, model, o=f"-{number}")
        ordering = clicked.get_ordering(RequestFactory().get("/"), listed.root_queryset)
        if name in listed.sortable_by:
            column = ordering[0].lstrip("-")
            assert column in indexed
            assert ordering == [f"-{column}", "-pk"]
        else:
            assert ordering == list(BIG[model].get_ordering(RequestFactory().get("/")))


def test_of_two_columns_the_one_clicked_last_counts(superuser: Client, shows: list[Breakout]) -> None:
    columns = (changelist(superuser, Breakout, o="1")).list_display
    delivered, planned = columns.index("delivered"), columns.index("planned")
    listed = changelist(superuser, Breakout, o=f"-{delivered}.{planned}")
    assert listed.get_ordering(RequestFactory().get("/"), listed.root_queryset) == [
        "-usage_bytes_downloaded",
        "-pk",
    ]


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> list[Breakout]:
    """Eight rows on pages of three: some bytes are equal, some are not known."""
    monkeypatch.setattr(BIG[Breakout], "list_per_page", 3)
    amounts = (None, 5, 0, None, 5, 7, None, 5)
    channel = rows.channel()
    return [rows.breakout("completed", channel, usage_bytes_downloaded=amount) for amount in amounts]


@pytest.mark.parametrize(
    ("order", "column"),
    [("", "-id"), ("o=7&", "usage_bytes_downloaded"), ("o=-7&", "-usage_bytes_downloaded")],
    ids=["newest", "bytes", "most-bytes"],
)
def test_the_links_lead_through_every_row_once_and_back(
    superuser: Client, eight: list[Breakout], order: str, column: str
) -> None:
    shown = superuser.get(f"{BREAKOUTS}?{order}").context["cl"].queryset
    assert shown.query.order_by[0] == column
    urls = [f"{BREAKOUTS}?{order}"]
    forth = [_shown(superuser, urls[0])]
    while url := _link(superuser, urls[-1], "next"):
        urls.append(url)
        forth.append(_shown(superuser, url))
    by_number = [_shown(superuser, f"{BREAKOUTS}?{order}p={number}") for number in (1, 2, 3)]
    assert forth == by_number
    assert sorted(pk for page in forth for pk in page) == [row.pk for row in eight]
    back, url = [forth[-1]], _link(superuser, urls[-1], "prev")
    while url:
        back.insert(0, _shown(superuser, url))
        url = _link(superuser, url, "prev")
    assert back == forth


def test_a_row_that_comes_meanwhile_moves_none_to_the_next_page(
    superuser: Client, eight: list[Breakout]
) -> None:
    following = _link(superuser, BREAKOUTS, "next")
    expected = _shown(superuser, following)
    rows.breakout("idle", eight[0].channel)
    assert _shown(superuser, following) == expected
    eight[5].delete()  # the row that the link names: in the order of the ids its place is still known
    assert _shown(superuser, following) == expected
    by_bytes = _link(superuser, f"{BREAKOUTS}?o=7", "next")
    eight[_shown(superuser, f"{BREAKOUTS}?o=7")[-1] - eight[0].pk].delete()
    assert len(_shown(superuser, by_bytes)) == 3  # by another column the number counts


def test_a_page_too_far_to_be_counted_says_so_and_reads_no_rows(
    superuser: Client, eight: list[Breakout], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", 5)
    linked = _link(superuser, _link(superuser, BREAKOUTS, "next"), "next")
    assert len(_shown(superuser, linked)) == 2  # a link leads there
    with CaptureQueriesContext(connection) as captured:
        page = superuser.get(f"{BREAKOUTS}?view=&p=3")
    assert page.context["cl"].result_list == []
    assert "too far back to be found by its number" in page.content.decode()
    assert not any("OFFSET" in query["sql"] for query in captured.captured_queries)
    assert _link(superuser, f"{BREAKOUTS}?p=3", "first") == f"{BREAKOUTS}?"


def test_the_row_of_a_page_is_no_filter_of_the_other_links(superuser: Client, eight: list[Breakout]) -> None:
    page = superuser.get(_link(superuser, BREAKOUTS, "next"))
    assert "after_row" not in page.context["cl"].get_query_string()
    for odd in ("after_row=x", "before_row=-1", f"after_row={2**70}", "after_row=1&before_row=2"):
        assert superuser.get(f"{BREAKOUTS}?p=2&{odd}").status_code == 200


def _shown(client: Client, url: str) -> list[int]:
    return [row.pk for row in client.get(url).context["cl"].result_list]


def _link(client: Client, url: str, rel: str) -> str:
    found = re.search(f'rel="{rel}" href="([^"]*)"', client.get(url).content.decode())
    return BREAKOUTS + found[1].replace("&amp;", "&") if found else ""


# --- plans --------------------------------------------------------------------------------------

ROWS = 5_000
DIFFERENT = {
    "uid": "md5(n::text)",
    "name": "'show ' || n || ' of ' || n * 7919 % 1009",
    "state": "CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'completed' END",
    "usage_status": "'final'",
    "usage_bytes_downloaded": "CASE WHEN n % 4 > 0 THEN n * 7919 END",
}


def fill(first: Breakout) -> None:
    """Copies of a breakout with other names, and a distribution for each."""
    columns = [column.column for column in Breakout._meta.local_concrete_fields if not column.primary_key]
    values = [DIFFERENT.get(column, f"first.{column}") for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO channels_app_breakout ({', '.join(columns)}) SELECT {', '.join(values)} "
            f"FROM channels_app_breakout first, generate_series(1, {ROWS}) n WHERE first.id = {first.pk}"
        )
        cursor.execute(
            "INSERT INTO channels_app_attachment"
            " (breakout_id, aws_distribution_id, domain_name, ended_at, tail) "
            "SELECT id, 'E' || id, 'd' || id || '.cloudfront.net', now() + '1 day', '2 minutes'"
            " FROM channels_app_breakout"
        )
        cursor.execute("ANALYZE channels_app_breakout, channels_app_attachment")


WHOLE = r"Seq Scan on (channels_app_breakout|channels_app_attachment)"
BIG_TABLES = ("channels_app_breakout", "channels_app_attachment")
# Each page, and the index that its query of breakouts must use ("": any).
PAGES = {
    "/admin/": "breakout_newest_in_state",
    BREAKOUTS: "channels_app_breakout_pkey",
    f"{BREAKOUTS}?p=40": "channels_app_breakout_pkey",
    f"{BREAKOUTS}?q=show": "channels_app_breakout_pkey",
    **{f"{BREAKOUTS}?q={term}": "breakout_search" for term in ("4999", "zzyzx", "qx", "x" * 300)},
    f"{BREAKOUTS}?q=E500": "attachment_delivery",
    f"{BREAKOUTS}?q=d500.cloudfront.net": "attachment_domain",
    **{f"{BREAKOUTS}?o={order}": "breakout_by_start" for order in ("4", "-4")},
    **{f"{BREAKOUTS}?o={order}": "breakout_by_bytes" for order in ("7", "-7", "-7&p=40")},
    **{f"{BREAKOUTS}?o={order}&p=90&after_row=300": "breakout_by_bytes" for order in ("7", "-7")},
    **{f"{BREAKOUTS}?view={view}": "" for view in ("live", "soon", "moving", "failed")},
    **{f"{BREAKOUTS}?view=failed&o={order}": "breakout_nothing_by_bytes" for order in ("7", "-7")},
    **{f"{BREAKOUTS}?view=failed&o={order}": "breakout_nothing_by_start" for order in ("4", "-4")},
    f"{BREAKOUTS}?usage_status__exact=pending": "breakout_usage_status",
    **{f"/admin/search/?extended=1&s={term}": "breakout_search" for term in ("4999", "zzyzx", "qx")},
}


def plan_of(sql: str, *, bitmaps: bool) -> str:
    """The plan without reading a table whole: by an index, with `bitmaps` only by one that has the condition.

    Reading a table as small as a test's would be cheaper than any index. What is forbidden has a cost for
    which PostgreSQL would compile each later query of the transaction, for seconds: so it must not.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"SET LOCAL enable_indexscan = {'off' if bitmaps else 'on'}")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans of PostgreSQL")
def test_no_page_reads_a_whole_big_table(superuser: Client) -> None:
    fill(rows.breakout("completed", rows.channel(name="stage")))
    wrong = []
    for url, index in PAGES.items():
        with CaptureQueriesContext(connection) as captured:
            assert superuser.get(url).status_code == 200, url
        selects = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
        read = [sql for sql in selects if any(f'"{table}"' in sql for table in BIG_TABLES)]
        plans = [plan_of(sql, bitmaps=index == "breakout_search") for sql in read]
        wrong += [f"{url}: {plan}" for plan in plans if re.search(WHOLE, plan)]
        if not any(index in plan for plan in plans):
            wrong.append("\n".join([f"{url} does not use {index}:", *plans]))
    assert wrong == [], "\n\n".join(wrong)
