"""Every operation of the API with every scope alone: exactly the one that this table names lets in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue

pytestmark = pytest.mark.django_db

# By operation: the scope that it asks for; "": it is open to everybody.
NEEDS = {
    "billing_api_get_usage": "usage:read",
    "billing_costs_api_get_costs_now": "usage:read",
    "billing_statements_api_create_statement": "usage:write",
    "billing_statements_api_discard_statement": "usage:write",
    "billing_statements_api_get_statement": "usage:read",
    "billing_statements_api_issue_statement": "usage:write",
    "billing_statements_api_list_lines": "usage:read",
    "billing_statements_api_list_statements": "usage:read",
    "billing_statements_api_recompute_statement": "usage:write",
    "billing_statements_api_void_statement": "usage:write",
    "channels_app_api_breakouts_cancel_breakout": "breakouts:control",
    "channels_app_api_breakouts_change_breakout": "breakouts:control",
    "channels_app_api_breakouts_create_breakout": "breakouts:control",
    "channels_app_api_breakouts_extend_breakout": "breakouts:control",
    "channels_app_api_breakouts_get_breakout": "breakouts:read",
    "channels_app_api_breakouts_get_playback": "breakouts:control",
    "channels_app_api_breakouts_get_readiness": "breakouts:read",
    "channels_app_api_breakouts_list_breakouts": "breakouts:read",
    "channels_app_api_breakouts_move_curtain": "breakouts:control",
    "channels_app_api_breakouts_prepare_breakout": "breakouts:control",
    "channels_app_api_breakouts_start_breakout": "breakouts:control",
    "channels_app_api_breakouts_stop_breakout": "breakouts:control",
    "channels_app_api_breakouts_take_over_channel": "breakouts:control",
    "channels_app_api_channels_apply_settings": "channels:write",
    "channels_app_api_channels_change_channel": "channels:write",
    "channels_app_api_channels_create_channel": "channels:write",
    "channels_app_api_channels_create_distribution": "distributions:write",
    "channels_app_api_channels_delete_channel": "channels:write",
    "channels_app_api_channels_get_channel": "channels:read",
    "channels_app_api_channels_list_channels": "channels:read",
    "channels_app_api_channels_restart_pipelines": "channels:write",
    "channels_app_api_channels_retry_channel": "channels:write",
    "channels_app_api_channels_switch_input": "channels:write",
    "channels_app_api_channels_warm_channel": "channels:write",
    "channels_app_api_schedule_choose_for_breakout": "breakouts:control",
    "channels_app_api_schedule_choose_for_channel": "channels:write",
    "channels_app_api_schedule_get_breakout_schedule": "breakouts:read",
    "channels_app_api_schedule_get_channel_schedule": "channels:read",
    "distributions_api_detach_distribution": "distributions:write",
    "distributions_api_get_distribution": "distributions:read",
    "distributions_api_get_distribution_config": "distributions:read",
    "distributions_api_list_distributions": "distributions:read",
    "distributions_api_retry_distribution": "distributions:write",
    "distributions_api_sync_distribution": "distributions:write",
    "distributions_reaper_api_get_reaper": "distributions:read",
    "distributions_reaper_api_run_reaper": "distributions:write",
    "streamhub_alerts_api_acknowledge_alarm": "channels:write",
    "streamhub_alerts_api_list_alarms": "channels:read",
    "streamhub_health_live": "",
    "streamhub_health_ready": "",
    "streamhub_quotas_api_list_quotas": "channels:read",
}


def description() -> dict[str, Any]:
    document: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    return document


def operations() -> dict[str, tuple[str, str]]:
    """Method and path of each operation, by its id."""
    paths = description()["paths"]
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def status(method: str, path: str, plain: str = "") -> int:
    headers = {"Authorization": f"Bearer {plain}"} if plain else {}
    url = path.replace("{id}", "1")
    answer = Client().generic(method, url, "{}", content_type="application/json", headers=headers)
    return answer.status_code


@pytest.fixture
def tokens() -> dict[str, str]:
    """A token with each scope alone, of a service of its own: each has its own limit of requests."""
    return {scope: token_issue(f"service-{number}", [scope])[1] for number, scope in enumerate(SCOPES)}


def test_each_operation_takes_one_scope_and_no_other(tokens: dict[str, str]) -> None:
    seen = {}
    for name, (method, path) in operations().items():
        let_in = [scope for scope in SCOPES if status(method, path, tokens[scope]) not in (401, 403)]
        without = status(method, path) not in (401, 403)
        seen[name] = "" if without else " ".join(let_in)
    assert seen == NEEDS
