"""The reaper: what it hands over, its runs, its page and its calls of the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from distributions import feeding, jobs, reaper_rate, services
from distributions import forecast as forecasting
from distributions.driver import observing
from distributions.forecast import Pace, Reason, forecast
from distributions.models import Distribution, ReaperRun
from distributions.owners import Ownership
from distributions.reaper_rate import Pace as HandingOver
from distributions.stale import STALE, is_stale, stale
from streamhub.access.services import token_issue
from streamhub.aws.call_queue import LocalQueues, QueueState
from streamhub.aws.cloudfront import CloudFront
from streamhub.aws.ratelimit import Limiter, step_of
from streamhub.clock import database_now
from streamhub.errors import NotSent
from streamhub.lifecycle import reading, wake
from streamhub.lifecycle.models import Heartbeat, Job, Listing, Transition
from streamhub.lifecycle.reconcile import reconcile
from streamhub.lifecycle.sweep import sweep
from streamhub.quotas import places
from streamhub.token_bucket import Rate
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.staff import As
from tests.scenarios.world import WorldUnderTest

URL = "https://origin.example.com/out/v1/index.m3u8"
DELETE = "cloudfront:DeleteDistribution"


def stale_rows(world: WorldUnderTest, count: int) -> None:
    made = [services.distribution_create(URL, owner_label=f"stage {n}", who=TESTER) for n in range(count)]
    world.settle()
    for row in made:
        services.distribution_detach(row, who=TESTER)
    world.settle()
    world.control.clear_calls()


@pytest.fixture
def limited(world: WorldUnderTest) -> Iterator[Limiter]:
    """A world in which two deletions a second are allowed."""
    limiter = Limiter(LocalQueues(), {"*": Rate(2, 10)})
    world.session._limiter = limiter
    yield limiter
    world.session._limiter = None


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    log: list[int] = []
    monkeypatch.setattr(wake, "send", lambda task, args, queue, countdown=0: log.append(args[1]))
    return log


def turns() -> list[float]:
    """When the rows that were handed over take their turn, in seconds from now."""
    now = database_now()
    handed_over = Distribution.objects.filter(state="deleting").order_by("not_before")
    return [(row.not_before - now).total_seconds() for row in handed_over if row.not_before]


def reap_limited(world: WorldUnderTest, limited: Limiter, settings: Any, count: int) -> None:
    """A run of the reaper over so many stale rows, at the limited rate; the rows are made without it."""
    world.session._limiter = None
    stale_rows(world, count)
    world.session._limiter = limited
    settings.SWEEP_SECONDS = 5
    world.reap()


def test_a_run_hands_over_what_the_rate_allows_turn_by_turn(
    world: WorldUnderTest, limited: Limiter, sent: list[int], settings: Any
) -> None:
    reap_limited(world, limited, settings, 12)
    handed_over = Distribution.objects.filter(state="deleting").order_by("not_before")
    waits = turns()
    # Two a second and a little more, for three seconds. Each has its message already.
    assert len(waits) == 7
    assert waits[-1] - waits[0] == pytest.approx(6 / 2.2, abs=0.01)
    assert set(handed_over.values_list("pk", flat=True)) <= set(sent)
    handed_over.update(not_before=database_now() + timedelta(seconds=60))
    assert feeding.feed() == 0  # enough is under way
    handed_over.update(delete_accepted_at=database_now())
    assert feeding.feed() == 5
    assert ReaperRun.objects.get().under_way


@pytest.mark.parametrize(
    ("ceiling", "throttled", "ahead"),
    [(100, False, 99), (100, True, 132), (40, False, 132)],
)
def test_while_the_limit_is_not_known_fewer_rows_are_ahead(
    monkeypatch: pytest.MonkeyPatch, ceiling: float, throttled: bool, ahead: int
) -> None:
    """The next throttle may lower the rate to a fraction, and each row ahead would ask in vain."""
    state = QueueState(DELETE, ceiling, per_second=40, waiting=0, throttled=throttled)
    monkeypatch.setattr(reaper_rate, "deletions", lambda: state)
    pace = reaper_rate.handing_over()
    assert pace is not None
    assert pace.ahead == ahead


def test_rows_that_are_late_make_room_for_others_but_not_without_end(
    world: WorldUnderTest, limited: Limiter, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their worker may be dead. If it is only slow, more rows would bury it."""
    reap_limited(world, limited, settings, 12)
    late = database_now() - timedelta(seconds=5)
    Distribution.objects.filter(state="deleting").update(not_before=late)
    monkeypatch.setattr(feeding, "MOST_LATE", 0)
    assert feeding.feed() == 0
    monkeypatch.undo()
    assert feeding.feed() == 5


def test_a_run_goes_on_while_rows_that_another_process_handed_over_are_deleted(
    world: WorldUnderTest, limited: Limiter, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are handed over after this process has read what is under way."""
    reap_limited(world, limited, settings, 3)
    rows = Distribution.objects.filter(pk__in=list(Distribution.objects.values_list("pk", flat=True)))
    rows.update(state="disabled")

    def another_was_faster(*about: object) -> int:
        rows.update(state="deleting")
        return 0

    monkeypatch.setattr(feeding, "_hand_over", another_was_faster)
    feeding.feed()
    assert ReaperRun.objects.get().under_way


def test_a_deletion_hands_over_the_next_rows_but_not_each(
    world: WorldUnderTest, limited: Limiter, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reap_limited(world, limited, settings, 12)
    monkeypatch.setattr(feeding.reaper_rate, "AHEAD_SECONDS", 1.5)  # 4 rows
    run = ReaperRun.objects.get()
    deleting = Distribution.objects.filter(state="deleting")

    def delete(count: int) -> int:
        """Let rows be deleted by another process each; how many are stale then."""
        for pk in deleting.filter(delete_accepted_at=None).values_list("pk", flat=True)[:count]:
            monkeypatch.setattr(feeding, "_fed", float("-inf"))
            a_moment_ago = database_now() - timedelta(seconds=1)
            Distribution.objects.filter(pk=pk).update(not_before=a_moment_ago, queued_until=None)
            world.session._limiter = None
            with suppress(NotSent):
                reconcile("distributions.distribution", pk)
            world.session._limiter = limited
        return stale().count()

    deleting.update(not_before=database_now() + timedelta(seconds=60))
    ReaperRun.objects.update(fed_at=database_now() + timedelta(seconds=60))
    assert delete(5) == 5
    ReaperRun.objects.update(fed_at=database_now() - timedelta(seconds=5))
    monkeypatch.setattr(feeding.reaper_rate, "handing_over", lambda: HandingOver(2.2, 3.0))
    assert delete(1) < 5
    run.refresh_from_db()
    assert run.deleted == 6


def test_every_sweep_goes_on_with_the_run(
    world: WorldUnderTest, limited: Limiter, sent: list[int], settings: Any
) -> None:
    reap_limited(world, limited, settings, 12)
    sent.clear()
    Distribution.objects.filter(state="deleting").update(delete_accepted_at=database_now(), not_before=None)
    sweep()
    left = Distribution.objects.filter(state="deleting", delete_accepted_at=None)
    assert left.count() == 5
    assert sorted(sent) == sorted(left.values_list("pk", flat=True))


def test_what_a_list_proves_gone_goes_without_a_step_for_each(world: WorldUnderTest, sent: list[int]) -> None:
    """Not the row that a step holds, nor the one whose DNS record is still there."""
    stale_rows(world, 4)
    world.reap()
    world.step_all()
    held, named, *gone = Distribution.objects.order_by("pk")
    in_a_minute = database_now() + timedelta(seconds=60)
    Distribution.objects.filter(pk=held.pk).update(claim_token="other", claimed_until=in_a_minute)
    Distribution.objects.filter(pk=named.pk).update(alias_record="live.example.com CNAME")
    sent.clear()
    reading.read_list(observing.POLLED_LIST)
    assert set(Distribution.objects.all()) == {held, named}
    assert not {row.pk for row in gone} & set(sent)
    last = Transition.objects.filter(resource_type="distribution", to_state="deleted")
    assert {(line.resource_id, line.from_state, line.why) for line in last} == {
        (row.pk, "deleting", "gone from CloudFront") for row in gone
    }


def test_a_row_that_was_lost_with_its_worker_is_queued_again(world: WorldUnderTest, sent: list[int]) -> None:
    stale_rows(world, 2)
    world.reap()
    lost, waiting = Distribution.objects.all()
    mark = database_now() + timedelta(seconds=50)
    ago = database_now() - timedelta(seconds=feeding.LOST_SECONDS + 5)
    Distribution.objects.filter(pk=lost.pk).update(not_before=ago, queued_until=mark)
    Distribution.objects.filter(pk=waiting.pk).update(queued_until=mark)
    sent.clear()
    sweep()
    assert sent == [lost.pk]


def test_a_run_counts_what_its_deletions_did(world: WorldUnderTest) -> None:
    stale_rows(world, 3)
    failing = Distribution.objects.earliest("pk")
    world.control.fault(DELETE, "access_denied", times=None, where={"Id": failing.aws_distribution_id})
    world.reap()
    world.step_all()
    run = ReaperRun.objects.get()
    assert (run.who, run.seen, run.deleted, run.calls) == ("reaper", 3, 2, 3)
    feeding.feed()
    run.refresh_from_db()
    assert (run.under_way, run.failed, run.waiting) == (None, 1, 0)
    assert run.ended_at is not None
    failing.refresh_from_db()
    assert run.reasons == {failing.error_message: 1}


def test_a_run_whose_rows_fail_does_not_starve_the_others(
    world: WorldUnderTest, limited: Limiter, settings: Any
) -> None:
    reap_limited(world, limited, settings, 16)
    Distribution.objects.filter(state="deleting").update(error_code="AccessDenied")
    assert feeding.feed() == 7


def test_a_throttled_deletion_takes_its_turn_again_and_is_not_described(world: WorldUnderTest) -> None:
    stale_rows(world, 1)
    world.control.fault(DELETE, "throttle", times=2)
    world.reap()
    world.control.clear_calls()
    for _ in range(3):
        world.step_all()
        row = Distribution.objects.get()
        assert (row.attempts, row.error_code) == (0, "")
    assert world.counts() == {DELETE: 3}
    assert ReaperRun.objects.get().calls == 3


def test_a_changed_distribution_is_read_once_and_then_deleted(world: WorldUnderTest) -> None:
    stale_rows(world, 1)
    world.reap()
    aws_id = Distribution.objects.get().aws_distribution_id
    world.control.console("cloudfront", "edit", Id=aws_id, changes={"HttpVersion": "http2"})
    world.settle()
    counts = world.counts()
    assert counts[DELETE] == 2
    assert counts["cloudfront:GetDistribution"] == 1
    assert not Distribution.objects.exists()
    assert world.illegal() == []


@pytest.mark.parametrize(
    ("listed", "observed", "lists"),
    [(500, 700, 0), (700, 500, 0), (700, 700, 1)],
    ids=["list", "row", "none"],
)
def test_a_list_is_read_first_only_if_rows_were_not_read_for_long(
    world: WorldUnderTest, settings: Any, listed: int, observed: int, lists: int
) -> None:
    """Within two complete lists; what changed since costs a refused call and a read."""
    settings.FULL_OBSERVE_SECONDS = 300
    stale_rows(world, 2)
    now = database_now()
    Listing.objects.update(listed_at=now - timedelta(seconds=listed))
    Distribution.objects.update(observed_at=now - timedelta(seconds=observed))
    world.reap()
    assert world.counts().get("cloudfront:ListDistributions", 0) == lists
    assert Distribution.objects.filter(state="deleting").count() == 2


def test_a_deletion_during_a_list_is_proven_by_the_next_one(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is absent from the list, which began before CloudFront accepted it: no reason to describe it."""
    stale_rows(world, 2)
    world.reap()
    world.control.clear_calls()
    pages = observing.cloudfront().pages

    def deleting_meanwhile() -> Iterator[Any]:
        world.step_all()
        yield from pages()

    monkeypatch.setattr(CloudFront, "pages", lambda self: deleting_meanwhile())
    reading.read_list(observing.POLLED_LIST)
    monkeypatch.undo()
    world.step_all()
    assert world.counts() == {DELETE: 2, "cloudfront:ListDistributions": 1}
    world.observe()
    world.step_all()
    assert not Distribution.objects.exists()
    assert world.counts() == {DELETE: 2, "cloudfront:ListDistributions": 2}


def test_a_list_is_read_for_deletions_only_now_and_then(world: WorldUnderTest, settings: Any) -> None:
    """For ten a page, no more than one page in each `OBSERVE_SECONDS`; fewer wait for the complete list."""
    stale_rows(world, 10)
    world.reap()
    world.step_all()
    settings.OBSERVE_SECONDS, settings.FULL_OBSERVE_SECONDS = 15, 300
    for pages, age, read in ((2, 31, 0), (2, 299, 0), (1, 10, 0), (1, 16, 1)):
        ago = database_now() - timedelta(seconds=age)
        Listing.objects.filter(key="distribution").update(pages=pages, listed_at=ago)
        world.control.clear_calls()
        world.watch()
        assert world.counts().get("cloudfront:ListDistributions", 0) == read, (pages, age)
        assert set(world.counts()) <= {"cloudfront:ListDistributions"}


@pytest.mark.parametrize("waits", [False, True])
def test_one_deletion_is_proven_at_once_only_if_somebody_waits_for_its_place(
    world: WorldUnderTest, settings: Any, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    stale_rows(world, 1)
    world.reap()
    world.step_all()
    settings.OBSERVE_SECONDS, settings.FULL_OBSERVE_SECONDS = 15, 300
    Listing.objects.update(listed_at=database_now() - timedelta(seconds=20))
    monkeypatch.setattr(places, "waits_for", lambda key: waits)
    world.watch()
    assert Distribution.objects.exists() is not waits


# --- forecasts -------------------------------------------------------------------------------


def pace(now: datetime | None = None, **changes: Any) -> Pace:
    now = now or database_now()
    fields: dict[str, Any] = {
        "now": now,
        "per_second": 2.0,
        "next_run_at": now + timedelta(seconds=100),
        "tick_at": now + timedelta(seconds=100),
        "every": timedelta(seconds=300),
        "listed_at": now - timedelta(seconds=250),
        "listing": timedelta(seconds=300),
        "ahead": 0,
        "confirming": timedelta(seconds=15),
        "disabling": (150.0, 300.0),
    }
    return Pace(**{**fields, **changes})


def a_row(state: str = "disabled", **fields: Any) -> Distribution:
    wanted = {"attached": False, "desired": "deleted", "enabled": False, "status": "Deployed"}
    return rows.distribution(state, **{**wanted, **fields})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "holds", "reason", "seconds"),
    [
        ({}, (), Reason.READY, 100 + 40 / 2 + 15),
        ({}, ("keynote",), Reason.HELD, None),
        # Deployed after 300 s, which the list of second 350 shows; the run of second 400 takes it.
        ({"state": "disabling", "status": "InProgress"}, (), Reason.DISABLING, 400 + 15),
        ({"state": "failed"}, (), Reason.NEEDS_PERSON, None),
        ({"error_code": "AccessDenied", "error_needs_person": True}, (), Reason.NEEDS_PERSON, None),
        ({"state": "deleting"}, (), Reason.QUEUED, 15),
    ],
)
def test_each_row_says_why_it_waits_and_when_it_will_be_gone(
    fields: dict[str, Any], holds: tuple[str, ...], reason: Reason, seconds: float | None
) -> None:
    row = a_row(**fields)
    row.refresh_from_db()
    present = pace(row.state_since)
    found = forecast(row, present, Ownership(holds=holds), 40)
    assert found.reason == reason
    assert found.detail
    expected = seconds and row.state_since + timedelta(seconds=seconds)
    assert found.expected_gone_at == expected


@pytest.mark.parametrize(
    ("deployed", "listed", "changes", "gone"),
    [
        (0, -250, {}, 100 + 15),
        (50, -250, {}, 100 + 15),
        (51, -250, {}, 400 + 15),
        (300, -250, {}, 400 + 15),
        (900, -250, {}, 1000 + 15),
        (-3600, -250, {}, 100 + 15),
        (0, None, {}, 100 + 15),
        # The run that is under way has begun without it.
        (300, -250, {"next_run_at": 0}, 400 + 15),
        (300, -250, {"tick_at": None}, None),
    ],
)
def test_a_disable_is_seen_by_a_list_and_its_row_taken_by_a_run_after_it(
    deployed: float, listed: float | None, changes: dict[str, float | None], gone: float | None
) -> None:
    start = datetime(2026, 11, 28, tzinfo=UTC)

    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else start + timedelta(seconds=seconds)

    moments = {name: at(seconds) for name, seconds in {"listed_at": listed, **changes}.items()}
    present = pace(start, **moments)
    assert present.gone_after_disable(start + timedelta(seconds=deployed)) == at(gone)


@pytest.mark.django_db
@pytest.mark.parametrize(("waits", "seconds"), [(False, 300), (True, 15)])
def test_a_place_that_others_wait_for_is_promised_sooner(
    monkeypatch: pytest.MonkeyPatch, settings: Any, waits: bool, seconds: int
) -> None:
    settings.OBSERVE_SECONDS, settings.FULL_OBSERVE_SECONDS = 15, 300
    monkeypatch.setattr(places, "waits_for", lambda key: waits)
    present = forecasting.pace()
    assert (present.listing, present.confirming) == (timedelta(seconds=seconds),) * 2


@pytest.mark.django_db
def test_a_reaper_that_is_switched_off_promises_nothing() -> None:
    off = pace(next_run_at=None, tick_at=None)
    found = forecast(a_row(), off, Ownership(), 0)
    assert found.expected_gone_at is None
    assert "Run now" in found.detail
    assert forecast(a_row("disabling", status="InProgress"), off, Ownership(), 0).expected_gone_at is None


@pytest.mark.django_db
def test_the_rule_of_a_row_and_that_of_the_query_agree() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"state": "deleting"},
        {"desired": "disabled"},
        {"enabled": True},
        {"enabled": None},
        {"status": "InProgress"},
        {"handed_over_at": database_now()},
        {"attached": True, "desired": "enabled"},
    ]
    for n, fields in enumerate(changes):
        row = a_row(**{"aws_distribution_id": f"E{n}", **fields})
        assert is_stale(row) == Distribution.objects.filter(STALE, pk=row.pk).exists(), fields


# --- page and API ----------------------------------------------------------------------------


@pytest.fixture
def reads_and_writes(db: None) -> Client:
    token = token_issue("ops", ["distributions:read", "distributions:write"])[1]
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_the_api_says_what_is_stale_and_what_the_last_runs_did(reads_and_writes: Client) -> None:
    ReaperRun.objects.create(who="reaper", under_way=None, seen=3, deleted=2, failed=1, reasons={"no": 1})
    held = a_row(aws_distribution_id="E1", state="failed")
    ready = a_row(aws_distribution_id="E2")
    rows.distribution("deployed", aws_distribution_id="E3")
    answer = reads_and_writes.get("/api/v1/reaper").json()
    assert [(item["distribution"]["id"], item["reason"]) for item in answer["stale"]] == [
        (str(ready.pk), "ready"),
        (str(held.pk), "needs_person"),
    ]
    assert answer["last_runs"][0] | {"started_at": "", "id": ""} == {
        "id": "",
        "who": "reaper",
        "started_at": "",
        "ended_at": None,
        "seen": 3,
        "deleted": 2,
        "waiting": 0,
        "failed": 1,
        "calls": 0,
        "reasons": {"no": 1},
    }


def test_what_is_stale_comes_page_by_page(reads_and_writes: Client) -> None:
    made = [a_row(aws_distribution_id=f"E{n}").pk for n in range(5)]
    seen, url = [], "/api/v1/reaper?limit=2"
    while url:
        answer = reads_and_writes.get(url).json()
        seen += [int(item["distribution"]["id"]) for item in answer["stale"]]
        url = answer["next"]
    assert seen == made[::-1]


def test_a_dry_run_says_what_it_would_delete_and_changes_nothing(
    reads_and_writes: Client, sent: list[int]
) -> None:
    ready = a_row(aws_distribution_id="E1")
    a_row(aws_distribution_id="E2", state="disabling")
    answer = reads_and_writes.post("/api/v1/reaper/run", {"dry_run": True}, content_type="application/json")
    assert answer.status_code == 200
    assert [item["distribution"]["id"] for item in answer.json()["would_delete"]] == [str(ready.pk)]
    assert answer.json()["total"] == 1
    assert not ReaperRun.objects.exists()
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_a_run_is_begun_once_and_says_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[str] = []
    monkeypatch.setattr(wake, "send", lambda task, args, queue, countdown=0: tasks.append(task))
    token = token_issue("ops", ["distributions:write"])[1]
    client = Client(headers={"Authorization": f"Bearer {token}"})
    answers = [client.post("/api/v1/reaper/run", {}, content_type="application/json") for _ in "ab"]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert ReaperRun.objects.get().who == "service:ops"
    assert set(tasks) == {"distributions.delete_stale_distributions"}


@pytest.mark.django_db(transaction=True)
def test_a_run_needs_no_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "send", lambda *_, **__: None)
    client = Client(headers={"Authorization": f"Bearer {token_issue('ops', ['distributions:write'])[1]}"})
    assert client.post("/api/v1/reaper/run", content_type="application/json", data="").status_code == 202


def test_the_page_shows_what_waits_and_a_dry_run_only_what_would_go(as_role: As) -> None:
    a_row(aws_distribution_id="EREADY")
    a_row(aws_distribution_id="EBROKEN", state="failed", error_code="x", error_message="Broken <here>")
    ReaperRun.objects.create(who="anna", under_way=None, seen=7, reasons={"No permission": 2})
    page = as_role("viewer").get("/admin/distributions/reaper/").content.decode()
    for text in ("EREADY", "EBROKEN", "Broken &lt;here&gt;", "needs a person", "2: No permission", "anna"):
        assert text in page
    assert "Run now</button>" not in page
    dry = as_role("operator").get("/admin/distributions/reaper/?dry=1").content.decode()
    assert "EREADY" in dry
    assert "EBROKEN" not in dry
    assert "Run now</button>" in dry


def test_a_run_that_found_nothing_is_not_taken_for_no_run(as_role: As) -> None:
    client = as_role("viewer")
    assert "The reaper has not run yet." in client.get("/admin/distributions/reaper/").content.decode()
    Job.objects.create(name=jobs.DELETE_STALE_DISTRIBUTIONS.name, started_at=database_now())
    page = client.get("/admin/distributions/reaper/").content.decode()
    assert "The reaper has not run yet." not in page
    assert "Those that found nothing to delete are not listed." in page


@pytest.mark.parametrize("silent", ["beat", "worker"])
def test_the_page_promises_no_run_while_a_process_is_silent(as_role: As, silent: str) -> None:
    every = IntervalSchedule.objects.create(every=300, period="seconds")
    job = jobs.DELETE_STALE_DISTRIBUTIONS
    PeriodicTask.objects.create(name=job.name, task=job.task, interval=every)
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, beat_at=database_now())
    client = as_role("viewer")
    assert "The next run begins by itself" in client.get("/admin/distributions/reaper/").content.decode()
    Heartbeat.objects.filter(name=silent).update(beat_at=database_now() - timedelta(minutes=10))
    Job.objects.create(name=job.name, started_at=database_now() - timedelta(minutes=10))
    page = client.get("/admin/distributions/reaper/").content.decode()
    assert f"No run begins without {silent}" in page
    assert "or begins now" not in page


def test_only_who_may_runs_the_reaper(as_role: As, sent: list[int]) -> None:
    url = "/admin/distributions/reaper/run/"
    assert as_role("viewer").post(url).status_code == 403
    assert not ReaperRun.objects.exists()
    operator = as_role("operator")
    assert operator.get(url).status_code == 405
    assert operator.post(url).status_code == 302
    assert ReaperRun.objects.get().who == "staff:operator"


def test_the_page_costs_the_same_however_much_is_stale(
    as_role: As, django_assert_max_num_queries: Any
) -> None:
    client = as_role("viewer")
    for n in range(30):
        a_row(aws_distribution_id=f"E{n}")
    client.get("/admin/distributions/reaper/")
    with django_assert_max_num_queries(54):
        client.get("/admin/distributions/reaper/")


def test_a_distribution_says_when_it_will_be_gone(superuser: Client) -> None:
    for job in (jobs.DELETE_STALE_DISTRIBUTIONS,):
        every = IntervalSchedule.objects.create(every=300, period="seconds")
        PeriodicTask.objects.create(name=job.name, task=job.task, interval=every)
    unwanted, wanted = a_row(aws_distribution_id="E1"), rows.distribution(aws_distribution_id="E2")
    pages = [
        superuser.get(reverse("admin:distributions_distribution_change", args=[row.pk])).content.decode()
        for row in (unwanted, wanted)
    ]
    assert ["expected to be gone" in page for page in pages] == [True, False]


def test_the_health_page_shows_the_rates_of_aws_calls(
    superuser: Client, world: WorldUnderTest, limited: Limiter
) -> None:
    for n in range(20):
        with suppress(NotSent), step_of(f"row {n}", urgent=False):
            limited.acquire(DELETE)
    limited.throttled("cloudfront:GetDistribution")
    page = superuser.get("/admin/health/").content.decode()
    assert "DeleteDistribution" in page
    assert "waiting" in page
    # A bucket of 10, of which a third is for urgent calls: 6 of 20 went.
    assert '<td class="sh-number">14</td>' in page
