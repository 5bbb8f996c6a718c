"""The verbs on channels, breakouts and their distributions: the only code that writes their intent.

Each verb takes the actor (`who`), locks the channel's row first, checks the guards, writes the intent and
returns at once. Raises `Invalid` for bad input and `NotPossible` if the state does not allow the verb.
"""

from channels_app.services.aliases import alias_of
from channels_app.services.applied_settings import differing as settings_differing
from channels_app.services.applied_settings import origin_closed, origin_switching
from channels_app.services.applied_settings import outdated as settings_outdated
from channels_app.services.apply_settings import channel_apply_settings
from channels_app.services.breakout import (
    breakout_cancel,
    breakout_create,
    breakout_curtain,
    breakout_prepare,
    breakout_retry,
    breakout_start,
    breakout_stop,
    plan_errors,
)
from channels_app.services.breakout_edits import (
    breakout_duplicate,
    breakout_edit,
    breakout_reschedule,
    breakouts_plan,
    copied,
)
from channels_app.services.channel import (
    DISTRIBUTION_GONE,
    channel_create,
    channel_delete,
    channel_intent,
    channel_retry,
    channel_stop,
    channel_stop_unneeded,
    channel_wanted,
    creation_errors,
    locked_channel,
)
from channels_app.services.channel_edits import ENCODER_FIELDS, channel_edit, edit_errors, pending_changes
from channels_app.services.channel_tags import channel_tags_change
from channels_app.services.customers import customer_of, with_customer
from channels_app.services.distribution import (
    channel_of_origin,
    distribution_add,
    distribution_create_and_attach,
    distribution_reattach,
    distribution_replace,
)
from channels_app.services.extension import breakout_extend
from channels_app.services.places import channel_count, creation_refusal, run_refusal, running
from channels_app.services.planning import plan_warnings
from channels_app.services.recordings import (
    RECORDINGS_MISSING,
    RECORDINGS_UNREAD,
    breakout_recordings_record,
)
from channels_app.services.rescue import channel_restart_pipelines, channel_switch_input
from channels_app.services.schedule import (
    breakout_schedule,
    channel_schedule,
    said,
    schedule_errors,
    schedule_of,
    what_is_on,
)
from channels_app.services.security_group import (
    security_group_for,
    security_group_release,
    security_group_retry,
    security_groups_release_unused,
)
from channels_app.services.series import REPEATS, Slot, series_errors, series_slots, zone_names
from channels_app.services.situations import breakout_situation, channel_situation
from channels_app.services.take_over import breakout_take_over
from channels_app.services.usage import Usage, breakout_usage_record, breakout_usages_record
from channels_app.services.validation import UNREAD
from channels_app.services.warmth import channel_cool, channel_warm, warmth_forget

__all__ = [
    "DISTRIBUTION_GONE",
    "ENCODER_FIELDS",
    "RECORDINGS_MISSING",
    "RECORDINGS_UNREAD",
    "REPEATS",
    "UNREAD",
    "Slot",
    "Usage",
    "alias_of",
    "breakout_cancel",
    "breakout_create",
    "breakout_curtain",
    "breakout_duplicate",
    "breakout_edit",
    "breakout_extend",
    "breakout_prepare",
    "breakout_recordings_record",
    "breakout_reschedule",
    "breakout_retry",
    "breakout_schedule",
    "breakout_situation",
    "breakout_start",
    "breakout_stop",
    "breakout_take_over",
    "breakout_usage_record",
    "breakout_usages_record",
    "breakouts_plan",
    "channel_apply_settings",
    "channel_cool",
    "channel_count",
    "channel_create",
    "channel_delete",
    "channel_edit",
    "channel_intent",
    "channel_of_origin",
    "channel_restart_pipelines",
    "channel_retry",
    "channel_schedule",
    "channel_situation",
    "channel_stop",
    "channel_stop_unneeded",
    "channel_switch_input",
    "channel_tags_change",
    "channel_wanted",
    "channel_warm",
    "copied",
    "creation_errors",
    "creation_refusal",
    "customer_of",
    "distribution_add",
    "distribution_create_and_attach",
    "distribution_reattach",
    "distribution_replace",
    "edit_errors",
    "locked_channel",
    "origin_closed",
    "origin_switching",
    "pending_changes",
    "plan_errors",
    "plan_warnings",
    "run_refusal",
    "running",
    "said",
    "schedule_errors",
    "schedule_of",
    "security_group_for",
    "security_group_release",
    "security_group_retry",
    "security_groups_release_unused",
    "series_errors",
    "series_slots",
    "settings_differing",
    "settings_outdated",
    "warmth_forget",
    "what_is_on",
    "with_customer",
    "zone_names",
]
