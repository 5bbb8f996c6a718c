"""From where the bucket is listed: only what is new, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from recordings.positions import Span, positions_after, spans
from streamhub.aws.s3 import ObjectInfo

NOW = datetime(2026, 3, 1, 14, tzinfo=UTC)
SETTLE = timedelta(minutes=6)
RUN, NEXT = "u1/20260301T120000", "u1/20260301T133000"


def item(key: str, minutes_ago: float) -> ObjectInfo:
    return ObjectInfo(key, 1, NOW - timedelta(minutes=minutes_ago), None)


def single(number: int, minutes_ago: float, run: str = RUN) -> ObjectInfo:
    return item(f"{run}/main_archive.{number:06}.m2ts", minutes_ago)


def after(*items: ObjectInfo, before: dict[str, str] | None = None) -> dict[str, str]:
    return positions_after(before or {}, {each.key: each.last_modified for each in items}, NOW, SETTLE)


def test_the_position_is_the_last_file_that_none_can_overtake() -> None:
    files = [single(0, 60), single(1, 55), single(2, 5), single(3, 1)]
    assert after(*files) == {f"{RUN}/main_": files[1].key}


def test_a_file_that_was_closed_late_is_still_behind_the_position() -> None:
    """File 2 takes minutes to be uploaded: 3 is there before it."""
    before = after(single(1, 20), single(3, 3))
    [span] = spans("u1", "", before)
    assert span.start_after < single(2, 0).key


def test_each_pipeline_has_its_own_position_also_one_that_is_not_seen_yet() -> None:
    second = item(f"{RUN}/main-1_archive.000004.m2ts", 30)
    positions = after(second)
    assert positions == {f"{RUN}/main-0_": f"{RUN}/main-0_", f"{RUN}/main-1_": second.key}
    assert spans("u1", "", positions) == [Span(f"{RUN}/main-0_", f"{RUN}/main-0_"), Span("u1/", second.key)]


def test_a_new_run_takes_over_once_its_first_file_is_settled() -> None:
    before = after(single(7, 40))
    assert after(single(0, 5, NEXT), before=before) == before
    assert after(single(0, 7, NEXT), before=before) == {f"{NEXT}/main_": single(0, 7, NEXT).key}


def test_without_a_position_the_list_begins_at_the_floor() -> None:
    assert spans("u1", RUN, {}) == [Span("u1/", RUN)]
    assert single(0, 1).key > RUN


def test_other_keys_are_no_position() -> None:
    assert after(item("u1/notes.txt", 60), item(f"{RUN}/main.m2ts", 60)) == {}
