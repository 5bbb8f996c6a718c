from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from tests.access.dummy import GROUPS

pytestmark = pytest.mark.django_db


def groups(count: int, prefix: str = "g") -> list[str]:
    made = [Group.objects.create(name=f"{prefix}{number}") for number in range(count)]
    return [group.name for group in reversed(made)]


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["name"] for item in answer.json()["items"]]


def walk(service, **query) -> list[list[str]]:
    pages, answer = [], service.get(**query)
    while True:
        pages.append(names(answer))
        following = answer.json()["next"]
        if following is None:
            return pages
        answer = service.get(following)


def test_a_list_is_newest_first_and_cut_into_pages(service):
    newest_first = groups(5)
    assert walk(service, limit=2) == [newest_first[:2], newest_first[2:4], newest_first[4:]]


def test_a_full_last_page_has_no_next(service):
    assert walk(service, limit=2) == [[]]
    groups(4)
    assert [len(page) for page in walk(service, limit=2)] == [2, 2]


def test_the_default_page_has_fifty_rows(service):
    Group.objects.bulk_create(Group(name=f"g{number}") for number in range(201))
    assert len(names(service.get())) == 50
    assert len(names(service.get(limit=200))) == 200


def test_next_is_a_url_that_keeps_the_filters(service):
    groups(3, "a&b ")
    groups(3, "other")
    answer = service.get(name="a&b", limit=2)
    assert answer.json()["next"].startswith(f"http://testserver{GROUPS}?")
    assert [len(page) for page in walk(service, name="a&b", limit=2)] == [2, 1]


def test_rows_that_arrive_while_paging_do_not_shift_the_pages(service):
    newest_first = groups(4)
    following = service.get(limit=2).json()["next"]
    groups(3, "late")
    assert names(service.get(following)) == newest_first[2:]


def test_a_page_needs_one_query_and_no_count(service, django_assert_num_queries):
    groups(3)
    service.get()  # records the token's use
    with django_assert_num_queries(2) as queries:  # the token and the page
        service.get(limit=2)
    assert not any("COUNT(" in query["sql"] for query in queries.captured_queries)


@pytest.mark.parametrize("limit", ["0", "-1", "201", "x", ""])
def test_a_limit_out_of_range_is_422(service, limit):
    answer = service.get(limit=limit)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"


@pytest.mark.parametrize(
    "cursor", ["", "x", "5", "aWQ6", "aWQ6eA", "aWQ6LTE", "é", "aWQ6OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
)
def test_a_bad_cursor_is_422(service, cursor):
    answer = service.get(cursor=cursor)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_ids_are_strings_and_times_end_in_z(service):
    group = Group.objects.create(name="a")
    assert service.get(f"{GROUPS}/{group.pk}").json() == {"id": str(group.pk), "name": "a"}
    assert service.get(f"{GROUPS}/times").json() == {
        "utc": "2026-11-22T18:30:00Z",
        "elsewhere": "2026-11-22T18:30:00Z",
    }
