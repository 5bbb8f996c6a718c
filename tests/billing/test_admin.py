"""Billing in the admin: a breakout's bytes per minute, and today's bytes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import CollectionWindow, LedgerMinute
from channels_app.models import Breakout
from tests.scenarios import rows


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


def page_of(staff: Client, row: Breakout) -> str:
    return staff.get(reverse("admin:channels_app_breakout_change", args=[row.pk])).content.decode()


def test_a_breakout_shows_its_minutes_and_marks_the_provisional_ones(staff: Client) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    start = now - timedelta(minutes=20)
    distribution = rows.distribution()
    row = rows.breakout("running", usage_complete_until=start + timedelta(minutes=2))
    aws_id = distribution.aws_distribution_id or ""
    attachment = row.attachments.create(
        distribution=distribution, aws_distribution_id=aws_id, started_at=start
    )
    CollectionWindow.objects.create(attachment=attachment, read_at=now)
    for n in range(4):
        LedgerMinute.objects.create(
            aws_distribution_id=aws_id,
            minute=start + timedelta(minutes=n),
            bytes_downloaded=1_000_000 * (n + 1),
            requests=10,
            first_seen_at=now,
            changed_at=now,
        )
    page = page_of(staff, row)
    assert page.count('class="sh-bar"') == 2
    assert page.count('class="sh-bar-open"') == 2
    assert "4.00 MB" in page
    assert "4,000,000" in page
    assert "provisional" in page


def test_nothing_published_is_not_shown_as_zero(staff: Client) -> None:
    row = rows.breakout("running")
    row.attachments.create(aws_distribution_id="E1")
    assert "that is not zero" in page_of(staff, row)


def test_todays_bytes_count_from_midnight_utc(staff: Client) -> None:
    now = timezone.now()
    times = {"first_seen_at": now, "changed_at": now}
    LedgerMinute.objects.create(aws_distribution_id="E1", minute=now, bytes_downloaded=1_230_000_000, **times)
    day = timedelta(days=1)
    LedgerMinute.objects.create(aws_distribution_id="E1", minute=now - day, bytes_downloaded=10**12, **times)
    page = staff.get(reverse("admin:index")).content.decode()
    ledger = reverse("admin:billing_ledgerminute_changelist")
    listed = staff.get(ledger, {"view": "today"}).context["cl"].result_list
    assert [row.bytes_downloaded for row in listed] == [1_230_000_000]
    assert f'href="{ledger}?view=today"' in page
    assert "1.23 GB" in page
    assert 'title="1,230,000,000 bytes"' in page
