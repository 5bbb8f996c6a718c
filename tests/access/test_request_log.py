"""What is logged of a request: no value of its query, and the address that counts."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from django.test import Client


@pytest.mark.django_db
def test_the_query_is_logged_by_its_names_only(client: Client) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        client.get("/admin/login/?next=/x&token=geheim", headers={"Client-IP": "6.6.6.6"})
    (started,) = (line for line in lines if line["event"] == "request_started")
    assert started["request"] == "GET /admin/login/?next=-&token=-"
    assert started["ip"] == "127.0.0.1"
    assert "geheim" not in str(lines)


def test_names_are_escaped(rf: Any) -> None:
    from streamhub.access.request_log import RequestLogMiddleware

    assert RequestLogMiddleware.format_request(rf.get("/a?x%0Ay=1")) == "GET /a?x%0Ay=-"
