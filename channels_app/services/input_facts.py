"""What AWS says about the inputs of running channels: the only writer of `InputFacts` and `PipelineStill`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from channels_app.decide.input_health import BLACK_BELOW, Alert
from channels_app.models import Channel, InputFacts, PipelineStill

# MediaLive's states in which a channel takes its input.
LISTENING = ("RUNNING", "RECOVERING")
ALERT_CALLS = 75  # a run; of 200 channels each is asked in every third run


@dataclass(frozen=True)
class Minute:
    """The figures of a pipeline in the last complete minute; None: no datapoint."""

    network_in: int | None
    dropped_frames: int | None


@dataclass(frozen=True)
class SeenStill:
    """A still as AWS gave it. `brightness`: mean luma, 0 to 255; None: it could not be decoded."""

    pipeline: int
    taken_at: datetime
    content_type: str
    body: bytes
    brightness: float | None


def listening() -> Q:
    """The channels that take their input, as far as is known."""
    return Q(ml_channel_state__in=LISTENING, ml_channel_gone=False) & ~Q(ml_channel_id="")


def input_facts_prepare() -> None:
    """A row for each channel that takes its input, and none for the others. Three queries or a few more."""
    InputFacts.objects.exclude(channel__in=Channel.objects.filter(listening())).delete()
    PipelineStill.objects.exclude(channel__in=Channel.objects.filter(listening())).delete()
    new = Channel.objects.filter(listening(), input_facts__isnull=True).values_list("pk", flat=True)
    InputFacts.objects.bulk_create([InputFacts(channel_id=pk) for pk in new], ignore_conflicts=True)


def input_alerts_record(facts: InputFacts, alerts: Iterable[Any], active_inputs: Mapping[int, str]) -> None:
    """Write the alerts that are set, and the `active_inputs` of the pipelines that run."""
    seen = [_entry(alert) for alert in alerts]
    with transaction.atomic():
        row = InputFacts.objects.select_for_update().filter(pk=facts.pk).first()
        if row is None:
            return
        row.alerts, row.problem = seen, ""
        row.pipelines = [
            {
                **entry,
                "running": entry["pipeline"] in active_inputs,
                "active_input": active_inputs.get(entry["pipeline"]) or None,
            }
            for entry in _pipelines(row, active_inputs)
        ]
        if _says_missing(row):
            row.black_since = None
        row.save(update_fields=["alerts", "problem", "pipelines", "black_since"])
        InputFacts.objects.filter(pk=row.pk).update(asked_at=Now(), observed_at=Now())


def input_unread(facts: InputFacts, problem: str) -> None:
    """AWS did not say what the channel's alerts are. What it said before stays."""
    InputFacts.objects.filter(pk=facts.pk).update(asked_at=Now(), problem=problem)


def input_metrics_record(facts: InputFacts, minutes: Mapping[int, Minute], at: datetime | None) -> None:
    """Write the figures by pipeline. `at`: the start of their minute, None: there are none."""
    with transaction.atomic():
        row = InputFacts.objects.select_for_update().filter(pk=facts.pk).first()
        if row is None:
            return
        row.pipelines = [
            {**entry, **asdict(minutes.get(entry["pipeline"], Minute(None, None)))}
            for entry in _pipelines(row, minutes)
        ]
        row.measured_at = at
        row.save(update_fields=["pipelines", "measured_at"])
        InputFacts.objects.filter(pk=row.pk).update(metrics_asked_at=Now())


def still_record(facts: InputFacts, still: SeenStill) -> None:
    """Write the pipeline's still over the one before, and judge whether the picture is black.

    One black still may be a cut; two in a row, while an input is received, count.
    """
    with transaction.atomic():
        row = InputFacts.objects.select_for_update().filter(pk=facts.pk).first()
        if row is None:
            return
        judged = None if _says_missing(row) else still.brightness
        before = (
            PipelineStill.objects.filter(channel_id=row.pk, pipeline=still.pipeline).defer("body").first()
        )
        PipelineStill.objects.update_or_create(
            channel_id=row.pk,
            pipeline=still.pipeline,
            defaults={
                "taken_at": still.taken_at,
                "read_at": Now(),
                "content_type": still.content_type,
                "body": still.body,
                "digest": hashlib.sha256(still.body).hexdigest(),
                "brightness": judged,
            },
        )
        row.black_since = _black_since(row, before, judged)
        row.save(update_fields=["black_since"])


def stills_asked(facts: InputFacts) -> None:
    InputFacts.objects.filter(pk=facts.pk).update(still_asked_at=Now())


def _black_since(row: InputFacts, before: PipelineStill | None, brightness: float | None) -> datetime | None:
    if brightness is None or brightness >= BLACK_BELOW:
        return None
    if before is None or before.brightness is None or before.brightness >= BLACK_BELOW:
        return row.black_since
    return row.black_since or before.taken_at


def _pipelines(row: InputFacts, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """The row's entries, with one for each of the numbers."""
    known = {entry["pipeline"]: entry for entry in row.pipelines}
    unknown: dict[str, Any] = dict.fromkeys(("running", "active_input", "network_in", "dropped_frames"))
    return [known.get(number, {"pipeline": number, **unknown}) for number in sorted({*known, *numbers})]


def _entry(alert: Any) -> dict[str, Any]:
    return {
        "since": alert.since.isoformat(),
        "kind": alert.kind,
        "pipeline": alert.pipeline,
        "message": alert.message,
    }


def _says_missing(row: InputFacts) -> bool:
    alerts = (Alert(row.asked_at or datetime.min, e["kind"], e["pipeline"], "") for e in row.alerts)
    return any(alert.says_missing for alert in alerts)
