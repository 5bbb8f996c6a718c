"""What AWS last said about the input of a channel that runs, and the last still of each pipeline's picture.

The job `watch_inputs` writes both and deletes them once the channel does not run any more.
"""

from __future__ import annotations

from typing import Any

from django.db import models


class InputFacts(models.Model):
    """One row for each channel that runs. `channels_app.input_health` says what it means.

    `alerts`: those that are set, each `{"since", "kind", "pipeline", "message"}`, the oldest first.
    `pipelines`: of each `{"pipeline", "running", "active_input", "network_in", "dropped_frames"}`; null where
    it was not read. `network_in` is in bits a second, `dropped_frames` of the last complete minute.
    """

    channel = models.OneToOneField(
        "channels_app.Channel", on_delete=models.CASCADE, primary_key=True, related_name="input_facts"
    )
    # When AWS was last asked for the alerts, whether it answered or not: whoever waits longest is next.
    asked_at = models.DateTimeField(null=True, blank=True)
    # When it answered; and what kept it from that since ("": nothing).
    observed_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True, default="")
    alerts: models.Field[Any, Any] = models.JSONField(default=list, blank=True)
    pipelines: models.Field[Any, Any] = models.JSONField(default=list, blank=True)
    # When CloudWatch was last asked, and the start of the last minute whose metrics are in `pipelines`.
    metrics_asked_at = models.DateTimeField(null=True, blank=True)
    measured_at = models.DateTimeField(null=True, blank=True)
    # Since when the picture is black although an input is received.
    black_since = models.DateTimeField(null=True, blank=True)
    # When AWS was last asked for a still.
    still_asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "input facts"
        verbose_name_plural = "input facts"

    def __str__(self) -> str:
        return f"input of {self.channel}"


class PipelineStill(models.Model):
    """The last still of a pipeline's input, which the next one overwrites."""

    channel = models.ForeignKey("channels_app.Channel", on_delete=models.CASCADE, related_name="stills")
    pipeline = models.PositiveSmallIntegerField()
    # When MediaLive took it, by AWS's clock; and when it was read, by the database's.
    taken_at = models.DateTimeField()
    read_at = models.DateTimeField()
    content_type = models.CharField(max_length=64)
    body = models.BinaryField()
    digest = models.CharField(max_length=64)
    # The mean luma of its pixels, 0 (black) to 255; null: it could not be decoded.
    brightness = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "pipeline"], name="one_still_of_a_pipeline")
        ]

    def __str__(self) -> str:
        return f"pipeline {self.pipeline} of {self.channel}"
