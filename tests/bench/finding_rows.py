"""Many breakouts by SQL: copies of one, with other names, on a thousand channels."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Model

from channels_app.models import Attachment, Breakout, Channel
from distributions.models import Distribution
from tests.scenarios import rows

CHANNELS = 1_000
# How many breakouts each distribution has served; most of them are gone long since.
PER_DISTRIBUTION = 50
# What differs from the copied row, as SQL of the number `n`.
DISTRIBUTION = {
    "uid": "md5('d' || n)",
    "aws_distribution_id": "'E' || n",
    "domain_name": "'d' || n || '.cloudfront.net'",
    "arn": "'arn:aws:cloudfront::111122223333:distribution/E' || n",
    "caller_reference": "md5('r' || n)",
    "owner_label": "'stage ' || n",
}
CHANNEL = {
    "uid": "md5('c' || n)",
    "name": "'stage ' || n",
    "name_key": "'stage ' || n",
    "distribution_id": "n",
    "ml_channel_id": "'m' || n",
}


def fill(count: int) -> None:
    """So many breakouts, each with an attachment of a distribution that fifty of them had."""
    on = f"(2 + n % {CHANNELS})"
    served_by = f"(n / {PER_DISTRIBUTION})"
    first = rows.breakout(
        "completed",
        rows.channel(name="first", distribution=rows.distribution()),
        usage_status="final",
        curtain_raised=False,
    )
    first.attachments.create(
        aws_distribution_id="E", domain_name="d", started_at=first.created_at, ended_at=first.created_at
    )
    _copies(Distribution, CHANNELS, DISTRIBUTION)
    _copies(Channel, CHANNELS, CHANNEL)
    _copies(
        Breakout,
        count,
        {
            "uid": "md5('b' || n)",
            "name": "'show ' || n || ' of ' || n::bigint * 7919 % 1009",
            "channel_id": on,
            "channel_uid": f"md5('c' || {on})",
            "channel_name": f"'stage ' || {on}",
            "state": "CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'completed' END",
            "starts_at": "now() - n * interval '1 minute'",
            "usage_bytes_downloaded": "CASE WHEN n % 4 > 0 THEN n::bigint * 7919 END",
        },
    )
    _copies(
        Attachment,
        count,
        {
            "breakout_id": "n",
            "aws_distribution_id": f"'F' || {served_by}",
            "domain_name": f"'f' || {served_by} || '.cloudfront.net'",
            "distribution_id": on,
        },
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _copies(model: type[Model], count: int, different: dict[str, str]) -> None:
    """Make rows with the ids 2 to `count` + 1: copies of the only row, whose id is 1."""
    fields: list[Any] = list(model._meta.local_concrete_fields)
    table, names = model._meta.db_table, [f'"{field.column}"' for field in fields]
    own = zip(fields, names, strict=True)
    values = ["n" if field.primary_key else different.get(field.column, name) for field, name in own]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
            f"FROM {table}, generate_series(2, {count + 1}) n"
        )
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {count + 1})")
