"""One role after the other has a clock that is five minutes ahead, then behind, and a show takes place."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import Any

from tests.drills.clocks_support import ROLES, now, sent, shift, swept_since

TITLE = "web, workers and beat in turn are five minutes ahead and behind; a show takes place each time"
SHIFT = 300
SHOW_SECONDS = 20.0
BYTES = 1_200_000_000
# The window is whole minutes with a tail; figures are final some time after it.
FINAL_SECONDS = 300.0
ALARM_SECONDS = 30.0
# How much later than the database's clock said an attachment may begin or end.
SLACK = timedelta(seconds=20)
# Messages that the schedule of a drill asks for in a second: SWEEP, OBSERVE, REAPER, METRICS and the rest.
SENT_PER_SECOND = 3.2


def drill(world: Any, roles: tuple[str, ...] = ROLES) -> None:
    """Two shows for each role, which is shifted. The bytes are compared when all are final."""
    world.open()
    cases = [(role, sign * SHIFT) for role in roles for sign in (1, -1)]
    channels = {case: channel(world, f"{case[0]} {case[1]:+d}") for case in cases}
    for id in channels.values():
        world.wait(lambda id=id: deployed(world, id), f"channel {id} is deployed", 180)
    shows = {}
    for (role, seconds), id in channels.items():
        world.say(f"{role} is {seconds:+d} s off")
        shift(world, role, seconds)
        alarm(world, role, seconds)
        shows[role, seconds] = show(world, f"{role} {seconds:+d}", id)
        tokens(world, f"{role} {seconds:+d}")
        shift(world, role, 0)
    for (role, seconds), id in shows.items():
        final(world, f"{role} {seconds:+d}", id)


def channel(world: Any, name: str) -> str:
    body = {"name": name, "allowed_cidrs": ["203.0.113.0/24"]}
    return str(world.api().post("channels", body)["id"])


def deployed(world: Any, id: str) -> bool:
    row = world.api().get(f"channels/{id}")
    distribution = row["distribution"]
    return bool(row["state"] == "idle" and distribution and distribution["state"] == "deployed")


def alarm(world: Any, role: str, seconds: int) -> None:
    """The shifted clock is noticed, with the right offset."""
    query = (
        "SELECT offset_ms FROM lifecycle_clockoffset"
        " WHERE role = %s AND beyond_since IS NOT NULL AND abs(offset_ms - %s) < 2000"
    )
    noticed = f"an alarm about {role} {seconds:+d}"
    waited = world.wait(lambda: bool(world.rows(query, role, seconds * 1000)), noticed, ALARM_SECONDS)
    world.note(f"{role} {seconds:+d}: alarm after", waited)


def show(world: Any, name: str, channel: str) -> str:
    """A show with an exact number of bytes; its id. Its times must be the database's, and the jobs go on."""
    api, began = world.api(), now(world)
    id = str(api.post("breakouts", {"channel": channel, "name": name})["id"])
    api.post(f"breakouts/{id}/start")
    world.wait(lambda: api.get(f"breakouts/{id}")["state"] == "running", f"{name} is on air", 120)
    running = now(world)
    domain = api.get(f"channels/{channel}")["distribution"]["domain_name"]
    world.control.deliver(domain, BYTES)
    before = sent(world)
    time.sleep(SHOW_SECONDS)
    after = sent(world)
    world.check(swept_since(world, running) == 1, f"{name}: no sweep for {SHOW_SECONDS:.0f} s")
    stopped = now(world)
    api.post(f"breakouts/{id}/stop")
    world.wait(lambda: api.get(f"breakouts/{id}")["state"] == "completed", f"{name} is over", 120)
    ended = now(world)
    interval(world, name, id, (began, running), (stopped, ended))
    rate = float(after[0] - before[0]) / (after[1] - before[1]).total_seconds()
    world.note(f"{name}: messages of beat a second", f"{rate:.1f}")
    world.check(0.3 * SENT_PER_SECOND < rate < 1.5 * SENT_PER_SECOND, f"{name}: {rate:.1f} messages a second")
    return id


Moments = tuple[datetime, datetime]


def interval(world: Any, name: str, id: str, start: Moments, end: Moments) -> None:
    """The attachment began and ended when it did, by the database's clock."""
    query = "SELECT started_at, ended_at FROM channels_app_attachment WHERE breakout_id = %s"
    ((started_at, ended_at),) = world.rows(query, int(id))
    if ended_at is None:
        world.check(False, f"{name}: its attachment has not ended")
        return
    world.note(f"{name}: attachment", f"{(ended_at - started_at).total_seconds():.1f} s")
    for what, at, (earliest, latest) in (("began", started_at, start), ("ended", ended_at, end)):
        off = max(earliest - at, at - latest, timedelta()).total_seconds()
        world.check(earliest - SLACK <= at <= latest + SLACK, f"{name}: it {what} {off:.0f} s off")


def tokens(world: Any, name: str) -> None:
    """A token is accepted while it is valid and refused as soon as it is not."""
    for minutes, accepted in ((4, True), (-1, False)):
        token = world.processes.run("issue_token", "clocks", "--scope", "channels:read").strip()
        query = "UPDATE access_apitoken SET expires_at = now() + %s WHERE prefix = %s RETURNING id"
        world.rows(query, timedelta(minutes=minutes), token[:6])
        world.check(answers(world, token) is accepted, f"{name}: a token of {minutes} minutes")


def answers(world: Any, token: str) -> bool:
    request = urllib.request.Request(
        f"{world.url}/api/v1/channels", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise
        return False


def final(world: Any, name: str, id: str) -> None:
    """All the bytes of the show are booked on it."""
    api = world.api()
    waited = world.wait(
        lambda: api.get(f"breakouts/{id}")["usage"]["status"] == "final", f"{name}: final", FINAL_SECONDS
    )
    usage = api.get(f"breakouts/{id}")["usage"]
    world.note(f"{name}: bytes", f"{usage['status']} {usage['bytes_downloaded'] or 0:,} of {BYTES:,}")
    world.check(usage["bytes_downloaded"] == BYTES, f"{name}: {usage} after {waited:.0f} s")
