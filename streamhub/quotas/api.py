"""The HTTP API of quotas (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router

from streamhub.access.auth import Bearer
from streamhub.access.http import Out, Page
from streamhub.quotas.standing import Source, Standing, standings


class QuotaOut(Out):
    """One quota. `used`: what was last listed, of all owners, and created since."""

    service: str
    name: str
    limit: int | None
    used: int
    headroom: int | None
    source: Source
    observed_at: datetime | None

    @staticmethod
    def resolve_service(standing: Standing) -> str:
        return standing.kind.service

    @staticmethod
    def resolve_name(standing: Standing) -> str:
        return standing.kind.name


def list_quotas(request: HttpRequest) -> dict[str, Any]:
    """The quotas of the AWS account, those with the least room first."""
    return {"items": standings(), "next": None}


def make_router(*, read: Bearer) -> Router:
    """The operation of quotas. The site says which scope it needs."""
    router = Router(tags=["quotas"])
    router.get("", response=Page[QuotaOut], auth=read)(list_quotas)
    return router
