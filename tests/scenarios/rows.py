"""Rows in any state, made directly in the database without any work on AWS."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.apps import apps

from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.access.models import AuditEntry
from streamhub.lifecycle.models import HasError

_serial = count(1)


def distribution(state: str = "deployed", **fields: Any) -> Distribution:
    n = next(_serial)
    columns = {
        "state": state,
        "origin_url": f"https://{n}.mediapackage.eu-central-1.amazonaws.com/out/v1/{n}/index.m3u8",
        "owner_label": f"channel {n}",
    }
    if state != "pending":
        columns |= {"aws_distribution_id": f"E{n:012}", "domain_name": f"d{n}.cloudfront.net"}
    return Distribution.objects.create(**{**columns, **fields})


def channel(state: str = "idle", **fields: Any) -> Channel:
    n = next(_serial)
    columns = {"state": state, "name": f"stage {n}"}
    if state not in ("pending", "provisioning"):
        columns |= {"endpoint_url": f"https://{n}.mediapackage.example/out/v1/{n}/index.m3u8"}
    if state in ("starting", "running"):
        columns["desired"] = "running"
    if state == "deleting":
        columns["desired"] = "deleted"
    return Channel.objects.create(**{**columns, **fields})


def breakout(state: str = "idle", on: Channel | None = None, **fields: Any) -> Breakout:
    on = on or channel()
    columns = {"state": state, "name": f"talk {next(_serial)}", "channel": on}
    return Breakout.objects.create(**{**columns, "channel_uid": on.uid, "channel_name": on.name, **fields})


ERROR = {
    "error_code": "ThrottlingException",
    "error_message": "Rate exceeded.",
    "error_hint": "StreamHub continues automatically.",
    "error_request_id": "0f9b3c1e-7d4a-4b0e-9f38-7c2d1a6b5e44",
}


def everything() -> dict[str, list[Any]]:
    """All rows but the audit's, to check that nothing changed. A refusal is an entry of the audit."""
    labels = ("channels_app", "distributions", "lifecycle", "access")
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    models.remove(AuditEntry)
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def delete_rows() -> None:
    """Delete all rows, as after restoring an old database: AWS has resources that no row knows."""
    for model in (Attachment, Breakout, Channel, Distribution, SecurityGroup):
        model._default_manager.all().delete()


def error_of(row: HasError) -> tuple[str, str, str]:
    """What a row shows: AWS's code, its words, and the call that it answered."""
    return row.error_code, row.error_message, row.error_operation
