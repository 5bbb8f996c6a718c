"""Staff can state what is to be stated for every customer, also for one that no breakout has any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.statement_rows import Statement
from billing.statements import services
from channels_app.models import Breakout
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import MONTH, PERIOD, BilledMonth

pytestmark = pytest.mark.django_db
NEXT = "2026-10"
HOUR = timedelta(hours=1)


def drafted(staff: Client, customer: str, period: str = NEXT) -> Statement:
    """The draft that staff make on the page."""
    page = reverse("admin:billing_statement_add")
    answer = staff.post(page, {"period": period, "customer": customer})
    assert answer.status_code == 302, answer.content.decode()
    return Statement.objects.get(customer=customer, state="draft")


def test_who_was_renamed_is_given_back_what_was_stated(superuser: Client) -> None:
    BilledMonth()
    first = services.statement_issue(services.statement_draft(PERIOD, "acme", who=TESTER), who=TESTER)
    Breakout.objects.filter(customer="acme").update(customer="Acme Ltd")
    back, there = drafted(superuser, "acme"), drafted(superuser, "Acme Ltd")
    assert back.total_cents == -first.total_cents
    assert back.bytes_downloaded + there.bytes_downloaded == 0
    for page in (reverse("admin:customers"), reverse("admin:customer")):
        answer = superuser.get(page, {"name": "acme", "month": PERIOD})
        assert answer.status_code == 200
        assert "acme" in answer.content.decode()


def test_what_no_breakout_explains_can_be_stated_for_who_has_none(superuser: Client, settings: Any) -> None:
    settings.UNATTRIBUTED_CUSTOMER = "overheads"
    BilledMonth().outside(123_456_789)
    assert drafted(superuser, "overheads", PERIOD).bytes_downloaded == 123_456_789
    assert superuser.get(reverse("admin:customer"), {"name": "overheads"}).status_code == 200


@pytest.mark.parametrize("hours", [1, -1], ids=["over the end of a month", "before it"])
def test_a_months_page_names_the_shows_that_delivered_in_it(superuser: Client, hours: int) -> None:
    month = BilledMonth(count=1)
    row = month.breakouts[0]
    row.attachments.update(started_at=MONTH - 2 * HOUR, ended_at=MONTH + hours * HOUR)
    answer = superuser.get(reverse("admin:customer"), {"name": "acme", "month": PERIOD})
    assert list(answer.context["breakouts"]) == ([row] if hours > 0 else [])


def test_nobodys_name_is_no_customer(superuser: Client) -> None:
    BilledMonth()
    assert superuser.get(reverse("admin:customer"), {"name": "initech"}).status_code == 404
    given = {"period": NEXT, "customer": "initech"}
    assert superuser.post(reverse("admin:billing_statement_add"), given).status_code == 422
    assert not Statement.objects.exists()
