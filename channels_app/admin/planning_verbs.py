"""The verbs with which staff change what is planned: edit, reschedule and duplicate a breakout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import services
from channels_app.admin.now import breakout_now
from channels_app.admin.planning_forms import BreakoutEditForm, DuplicateForm, RescheduleForm
from channels_app.guards import breakout as guards
from channels_app.models import Breakout
from streamhub.console.verbs import Verb, guarded


def _editable(row: Breakout) -> dict[str, Any]:
    """The fields that can change now, with their values."""
    situation = services.breakout_situation(row)
    fields = ("name", "starts_at", "time_zone", "duration_minutes", "customer", "note")
    rules = guards.plan_rules()
    return {
        name: getattr(row, name)
        for name in fields
        if name not in rules or guards.PLAN_TABLE.refusal(name, situation) is None
    }


def _warnings(row: Breakout, data: Mapping[str, Any]) -> list[str]:
    """About the new slot, if the slot changes."""
    slot = {name: data.get(name, getattr(row, name)) for name in ("name", "starts_at", "duration_minutes")}
    if all(value == getattr(row, name) for name, value in slot.items()):
        return []
    return services.plan_warnings(row.channel, **slot, besides=row)


def _duplicate_warnings(row: Breakout, data: Mapping[str, Any]) -> list[str]:
    return services.plan_warnings(row.channel, data["name"], data["starts_at"], row.duration_minutes)


def _edit_consequences(row: Breakout) -> list[str]:
    kept = [] if "starts_at" in _editable(row) else [gettext("Its start is no plan any more, and stays.")]
    return [gettext("Nothing of it is on AWS: URLs and stream stay."), *kept]


PLANNING = (
    Verb(
        name="reschedule",
        label=_("Reschedule"),
        icon="edit_calendar",
        permission="channels_app.edit_breakout",
        run=lambda row, who, **given: services.breakout_reschedule(row, who=who, **given),
        refusal=guarded(guards.refusal, "reschedule"),
        form=RescheduleForm,
        initial=lambda row: {"starts_at": row.starts_at, "duration_minutes": row.duration_minutes},
        warnings=_warnings,
        consequences=lambda row: [
            gettext("It is planned for another time. What its schedule says is ahead of it again.")
        ],
        done=_("it is planned for the new time."),
        now=breakout_now,
        bulk=False,
        order=50,
    ),
    Verb(
        name="edit",
        label=_("Edit"),
        icon="edit",
        permission="channels_app.edit_breakout",
        run=lambda row, who, **given: services.breakout_edit(row, who=who, **given),
        refusal=guarded(guards.refusal, "edit"),
        form=BreakoutEditForm,
        initial=_editable,
        warnings=_warnings,
        consequences=_edit_consequences,
        done=_("it is changed."),
        now=breakout_now,
        bulk=False,
        order=52,
    ),
    Verb(
        name="duplicate",
        label=_("Duplicate"),
        icon="content_copy",
        permission="channels_app.add_breakout",
        run=lambda row, who, **given: services.breakout_duplicate(row, who=who, **given),
        refusal=guarded(guards.refusal, "duplicate"),
        form=DuplicateForm,
        initial=lambda row: {"name": row.name},
        warnings=_duplicate_warnings,
        consequences=lambda row: [
            gettext(
                "A new breakout is planned on the same channel, with the same duration, customer, note and "
                "schedule."
            )
        ],
        done=_("it is planned once more."),
        bulk=False,
        order=54,
    ),
)
