"""Old alarms are deleted when they are resolved, and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streamhub.alerts import retention
from streamhub.alerts.models import Alarm, Notice
from streamhub.alerts.tasks import purge_alarms
from streamhub.clock import database_now
from streamhub.lifecycle.models import Job

pytestmark = pytest.mark.django_db


def alarm(name: str, *, days: int, resolved: bool = True) -> Alarm:
    ago = database_now() - timedelta(days=days)
    return Alarm.objects.create(
        rule="start_late",
        kind="breakout",
        object_id=name,
        name=name,
        severity="critical",
        detail="It starts late.",
        since=ago,
        opened_at=ago,
        resolved_at=ago if resolved else None,
    )


def test_resolved_alarms_go_after_their_time_with_their_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    old = [alarm(f"old {number}", days=401) for number in range(5)]
    alarm("young", days=399)
    alarm("open", days=900, resolved=False)
    Notice.objects.create(alarm=old[0], event="opened", target="other")

    purge_alarms()
    assert set(Alarm.objects.values_list("object_id", flat=True)) == {"young", "open"}
    assert not Notice.objects.exists()
    assert Job.objects.get(name="purge_alarms").outcome == "deleted: 5"
