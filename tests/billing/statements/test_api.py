"""The API of statements."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from billing.models import DailySeries
from billing.statement_rows import Statement
from billing.statements import services
from channels_app.models import Breakout
from streamhub.access.models import AuditEntry
from streamhub.access.services import token_issue
from tests.scenarios.billed_month import PERIOD, BilledMonth

pytestmark = pytest.mark.django_db
URL = "/api/v1/statements"


class Caller:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token_issue('finance', ['usage:read', 'usage:write'])[1]}"}

    def get(self, path: str = "", **headers: str) -> Any:
        return self.client.get(URL + path, headers={**self.headers, **headers})

    def post(self, path: str = "", body: Any = None, **headers: str) -> Any:
        return self.client.post(
            URL + path, body or {}, content_type="application/json", headers={**self.headers, **headers}
        )

    def delete(self, path: str) -> Any:
        return self.client.delete(URL + path, headers=self.headers)


@pytest.fixture
def api(client: Client) -> Caller:
    return Caller(client)


def test_a_statement_is_drafted_issued_and_voided(api: Caller) -> None:
    BilledMonth()
    made = api.post("", {"period": PERIOD, "customer": "acme"}, **{"Idempotency-Key": "1"})
    assert made.status_code == 201, made.content
    draft = made.json()
    assert draft["state"] == "draft"
    assert (draft["number"], draft["sha256"], draft["complete"]) == (None, None, True)
    assert api.post("", {"period": PERIOD, "customer": "acme"}).status_code == 409
    again = api.post("", {"period": PERIOD, "customer": "acme"}, **{"Idempotency-Key": "1"})
    assert (again.status_code, again.json()["id"]) == (201, draft["id"])

    issue = api.post(f"/{draft['id']}/issue", **{"Idempotency-Key": "2"}).json()
    assert (issue["state"], issue["number"], len(issue["sha256"])) == ("issued", 1, 64)
    assert api.post(f"/{draft['id']}/issue", **{"Idempotency-Key": "2"}).json() == issue
    assert api.post(f"/{draft['id']}/issue").status_code == 409
    assert api.delete(f"/{draft['id']}").status_code == 409
    void = api.post(f"/{draft['id']}/void", {"reason": "wrong address"}).json()
    assert (void["state"], void["void_reason"], void["sha256"]) == ("void", "wrong address", issue["sha256"])
    assert [row["id"] for row in api.get("?state=void").json()["items"]] == [draft["id"]]
    verbs = list(AuditEntry.objects.filter(outcome="done").order_by("pk").values_list("verb", flat=True))
    assert verbs[-3:] == ["add_statement", "issue_statement", "void_statement"]


def test_issuing_is_refused_with_what_is_missing(api: Caller) -> None:
    BilledMonth()
    Breakout.objects.filter(name="talk 0").update(usage_complete=False)
    draft = api.post("", {"period": PERIOD, "customer": "acme"}).json()
    wanted = ["Breakouts whose days are still read again: 1 (talk 0)."]
    assert (draft["complete"], draft["missing"]) == (False, wanted)
    refused = api.post(f"/{draft['id']}/issue")
    assert (refused.status_code, refused.json()["missing"]) == (409, wanted)
    assert Statement.objects.get().state == "draft"


@pytest.mark.parametrize("verb", ["discard", "recompute", "issue", "void"])
def test_a_verb_on_a_statement_that_was_deleted_while_it_waited_is_404(
    api: Caller, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    BilledMonth()
    draft = api.post("", {"period": PERIOD, "customer": "acme"}).json()
    # The other request has the ledger's lock, and deletes it.
    monkeypatch.setattr(services, "ledger_lock", lambda: Statement.objects.all().delete())
    path = f"/{draft['id']}"
    answer = api.delete(path) if verb == "discard" else api.post(f"{path}/{verb}", {"reason": "x"})
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "It was deleted in the meantime."


def test_the_house_is_null(api: Caller) -> None:
    month = BilledMonth()
    month.outside()
    draft = api.post("", {"period": PERIOD}).json()
    assert draft["customer"] is None
    assert draft["bytes_downloaded"] == 500_000_000
    assert api.delete(f"/{draft['id']}").status_code == 204
    assert api.get(f"/{draft['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"period": "2026-13"}, "period"),
        ({"period": "2199-01"}, "period"),
        ({"period": PERIOD, "customer": "nobody"}, "customer"),
        ({"period": PERIOD, "customer": ""}, "customer"),
    ],
    ids=["no month", "not begun", "unknown customer", "empty customer"],
)
def test_what_cannot_be_stated_is_422(api: Caller, body: dict[str, str], field: str) -> None:
    refused = api.post("", body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].endswith(field)


def test_lines_come_in_pages_in_their_order_and_as_csv(api: Caller) -> None:
    BilledMonth()
    Breakout.objects.filter(name="talk 2").update(name='=HYPERLINK("http://evil")', channel_name="@SUM(1)")
    Breakout.objects.filter(name="talk 4").update(name="+1", channel_name="\t-1")
    row = api.post("", {"period": PERIOD, "customer": "acme"}).json()
    first = api.get(f"/{row['id']}/lines?limit=7").json()
    rest = api.client.get(first["next"], headers=api.headers).json()
    lines = first["items"] + rest["items"]
    assert [line["position"] for line in lines] == list(range(1, row["lines"] + 1))
    assert sum(line["bytes_downloaded"] for line in lines) == row["bytes_downloaded"]
    assert {line["estimate"] for line in lines} == {True}

    answer = api.get(f"/{row['id']}/lines", Accept="text/csv")
    assert answer.streaming
    table = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    *read, total = table
    assert [each["name"].removeprefix("'") for each in read] == [line["name"] for line in lines]
    texts = [each[column] for each in read for column in ("name", "channel")]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t"))]
    assert (total["kind"], total["estimate"]) == ("sum", row["total"])
    assert sum(int(float(each["estimate"]) * 100 + 0.5) for each in read) == round(float(row["total"]) * 100)


def test_a_month_that_runs_has_a_draft_that_says_so(api: Caller) -> None:
    BilledMonth()
    DailySeries.objects.all().delete()
    draft = api.post("", {"period": PERIOD, "customer": "acme"}).json()
    assert "never read as a whole" in draft["missing"][0]
