"""Values for stubbed clients: an unused address, a region and response metadata."""

from __future__ import annotations

from typing import Any

NOWHERE = "http://127.0.0.1:9"
REGION = "eu-central-1"


def meta(request_id: str = "req-1") -> dict[str, Any]:
    """The part of a stubbed response that carries AWS's request id."""
    return {"ResponseMetadata": {"RequestId": request_id, "HTTPStatusCode": 200}}
