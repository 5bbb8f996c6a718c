"""By what AWS's amounts are shared between breakouts."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from billing.bills.weights import stored_until
from recordings.models import Recording
from tests.scenarios import rows


@pytest.mark.django_db
def test_the_bucket_is_shared_by_what_is_in_it_each_file_once() -> None:
    channel, now = rows.channel(), timezone.now()
    first, second = rows.breakout("completed", channel), rows.breakout("completed", channel)
    file = {"size_bytes": 100, "modified_at": now - timedelta(days=3)}
    Recording.objects.create(breakout=first, key="a", **file)
    Recording.objects.create(breakout=first, key="b", gone_at=now - timedelta(days=1), **file)
    Recording.objects.create(breakout=second, key="a", billed=False, **file)
    Recording.objects.create(breakout=second, key="c", gone_at=now + timedelta(days=1), **file)
    assert stored_until(now, settings.RECORDING_BUCKET) == {first.pk: 100, second.pk: 100}
