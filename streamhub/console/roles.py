"""Who may do what: three groups, each verb one permission. Superusers may do everything.

viewer looks; operator runs the day: creates, starts, stops, retries, deletes channels; engineer also
deletes distributions, mends drift, edits the schedule and gives out API tokens. Nobody but a superuser
makes users: who may edit users could make oneself one.
"""

from __future__ import annotations

from streamhub.access.roles import ENGINEER, OPERATOR, VIEWER, seed_groups

LOOKS = [
    "channels_app.view_channel",
    "channels_app.view_breakout",
    "channels_app.view_securitygroup",
    "channels_app.view_attachment",
    "drift.view_driftsighting",
    "distributions.view_distribution",
    "lifecycle.view_transition",
    "lifecycle.view_job",
    "lifecycle.view_heartbeat",
]

RUNS_THE_DAY = [
    "channels_app.add_channel",
    "channels_app.retry_channel",
    "channels_app.stop_channel",
    "channels_app.delete_channel",
    "channels_app.add_breakout",
    "channels_app.prepare_breakout",
    "channels_app.start_breakout",
    "channels_app.stop_breakout",
    "channels_app.cancel_breakout",
    "channels_app.retry_breakout",
    "channels_app.curtain_breakout",
    "drift.read_drift",
    "distributions.add_distribution",
    "distributions.detach_distribution",
    "distributions.reattach_distribution",
    "distributions.keep_distribution",
    "distributions.sync_distribution",
    "distributions.retry_distribution",
]

KEEPS_THE_HOUSE = [
    "distributions.delete_distribution",
    "drift.mend_drift",
    "access.view_apitoken",
    "access.add_apitoken",
    "access.revoke_apitoken",
    "auth.view_user",
    "auth.view_group",
    *(
        f"django_celery_beat.{verb}_{model}"
        for model in ("periodictask", "intervalschedule", "crontabschedule", "clockedschedule")
        for verb in ("view", "add", "change", "delete")
    ),
    "django_celery_beat.view_solarschedule",
]

TABLE: dict[str, list[str]] = {
    VIEWER: [*LOOKS],
    OPERATOR: [*LOOKS, *RUNS_THE_DAY],
    ENGINEER: [*LOOKS, *RUNS_THE_DAY, *KEEPS_THE_HOUSE],
}


def grant(role: str, *permissions: str) -> None:
    """For apps above the console: what a role and all above it may do with theirs."""
    order = [VIEWER, OPERATOR, ENGINEER]
    for name in order[order.index(role) :]:
        TABLE[name].extend(permission for permission in permissions if permission not in TABLE[name])


def seed() -> list[str]:
    """Give the three groups exactly these permissions; may run at every deploy. The groups' names."""
    seed_groups(TABLE)
    return list(TABLE)
