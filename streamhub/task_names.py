"""The names of all Celery tasks and queues, for the modules that define a task and those that send it.

Tasks are sent by name, so a package can send a task of a package that it may not import.
"""

from enum import StrEnum


class QueueName(StrEnum):
    """The queues, in a worker's order: it takes from the second only while the first is empty."""

    URGENT = "urgent"
    BULK = "bulk"


class TaskName(StrEnum):
    """`app.task`."""

    RECONCILE = "lifecycle.reconcile"
    SWEEP = "lifecycle.sweep"
    OBSERVE = "lifecycle.observe"
    CHECK_ALARMS = "alerts.check_alarms"
    SEND_NOTICES = "alerts.send_notices"
    CALL_HEARTBEAT_URL = "alerts.call_heartbeat_url"
    PURGE_ALARMS = "alerts.purge_alarms"
    SEND_WEBHOOKS = "webhooks.send_webhooks"
    SEND_TO_ENDPOINT = "webhooks.send_to_endpoint"
    PURGE_EVENTS = "webhooks.purge_events"
    IDEMPOTENCY_PURGE = "access.idempotency_purge"
    READ_QUOTAS = "quotas.read_quotas"
    DELETE_STALE_DISTRIBUTIONS = "distributions.delete_stale_distributions"
    WATCH_ROTATION = "distributions.watch_rotation"
    OBSERVE_MEDIAMANAGER = "distributions.observe_mediamanager"
    OBSERVE_VIEWER_KEYS = "distributions.observe_viewer_keys"
    RELEASE_UNUSED_SECURITY_GROUPS = "channels_app.release_unused_security_groups"
    CHECK_COSTS = "channels_app.check_costs"
    WATCH_INPUTS = "channels_app.watch_inputs"
    RUN_SCHEDULE = "channels_app.run_schedule"
    CHECK_RECORDING_BUCKET = "channels_app.check_recording_bucket"
    LIST_RECORDINGS = "recordings.list_recordings"
    COLLECT_METRICS = "billing.collect_metrics"
    REREAD_DAYS = "billing.reread_days"
    LEDGER_ROLLUP = "billing.ledger_rollup"
    MAKE_DRAFTS = "billing.make_drafts"
    HAND_OVER_USAGE = "billing.hand_over_usage"
    FETCH_BILLS = "billing.fetch_bills"
    IMPORT_BILLS = "billing.import_bills"
    ESTIMATE_COSTS = "billing.estimate_costs"
    COLLECT_USAGE = "billing.collect_usage"
    READ_PRICE_LIST = "billing.read_price_list"
    READ_DRIFT = "drift.read"
