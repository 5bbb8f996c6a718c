"""Reads the rows of a running StreamHub and moves them in time, from outside its processes."""

from __future__ import annotations

from contextlib import closing

import psycopg
from psycopg import sql

MANAGED = {
    "channel": "channels_app_channel",
    "distribution": "distributions_distribution",
    "security group": "channels_app_securitygroup",
}
CLOCKS = {
    **dict.fromkeys(MANAGED.values(), ("not_before", "queued_until", "claimed_until", "state_since")),
    "lifecycle_heartbeat": ("beat_at",),
    "lifecycle_workerprocess": ("beat_at", "started_at"),
    "lifecycle_job": ("leased_until", "started_at", "finished_at", "failing_since"),
    "lifecycle_listing": ("listed_at", "unread_since"),
}


def an_hour_passes(database: str) -> None:
    """Make every stored time an hour older."""
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        for table, columns in CLOCKS.items():
            # All of a row at once: one of them alone may end before it begins, which constraints refuse.
            older = sql.SQL(", ").join(
                sql.SQL("{0} = {0} - interval '1 hour'").format(sql.Identifier(column)) for column in columns
            )
            connection.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(table), older))


def single_workers(database: str) -> int:
    """How many workers have reported by their own name."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM lifecycle_heartbeat WHERE name LIKE '%@%'").fetchone()
    assert row
    return int(row[0])


def claims(database: str) -> int:
    """How many rows are claimed, by living or dead workers."""
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        counts = [
            connection.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE claim_token IS NOT NULL").format(sql.Identifier(table))
            ).fetchone()
            for table in MANAGED.values()
        ]
    return sum(count[0] for count in counts if count)


def holder(database: str, distribution: str) -> int | None:
    """The process that has claimed this distribution; None if there is no claim on it."""
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        found = connection.execute(
            "SELECT w.pid FROM lifecycle_workerprocess w JOIN distributions_distribution d"
            " ON d.claimed_by = w.token WHERE d.claim_token IS NOT NULL AND d.id = %s",
            [distribution],
        ).fetchone()
    return found[0] if found else None


def half_written(database: str) -> list[str]:
    """Rows whose state differs from their last transition, and transitions that do not follow each other."""
    sentences = []
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        for kind, table in {**MANAGED, "breakout": "channels_app_breakout"}.items():
            rows = connection.execute(
                sql.SQL(
                    "SELECT r.id, r.state, (SELECT t.to_state FROM lifecycle_transition t WHERE"
                    " t.resource_type = %s AND t.resource_id = r.id ORDER BY t.id DESC LIMIT 1) FROM {} r"
                ).format(sql.Identifier(table)),
                [kind],
            )
            sentences += [
                f"{kind} {id} is {state}, last transition {last}" for id, state, last in rows if state != last
            ]
        broken = connection.execute(
            "SELECT resource_type, resource_id, before, from_state FROM (SELECT *, lag(to_state) OVER"
            " (PARTITION BY resource_type, resource_id ORDER BY id) AS before FROM lifecycle_transition) t"
            " WHERE before IS NOT NULL AND before <> from_state"
        )
        sentences += [f"{kind} {id} went to {to}, then from {start}" for kind, id, to, start in broken]
    return sentences
