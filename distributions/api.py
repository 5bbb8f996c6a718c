"""The HTTP API of distributions (docs/api.md). The verbs are in `distributions.services`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from distributions import aliases, owners, services
from distributions.models import Distribution, State
from streamhub.access.http import Out, Page, Paging, actor_of, choices, one, page, scope
from streamhub.lifecycle.freshness import is_fresh

router = Router(tags=["distributions"])
READ, WRITE = scope("distributions:read"), scope("distributions:write")


class ReasonOut(Out):
    path: str
    message: str


class ErrorOut(Out):
    code: str
    message: str
    hint: str
    validation: list[ReasonOut]
    needs_person: bool
    request_id: str | None
    at: datetime | None


class RecordOut(Out):
    name: str
    type: str
    value: str


class AliasOut(Out):
    """Its domain of the house. `serves`: viewers reach it there. `record`: where the house has to make it."""

    domain: str
    serves: bool
    record: RecordOut | None


class DistributionOut(Out):
    id: str
    aws_distribution_id: str | None
    domain_name: str | None
    state: str
    desired: str
    state_since: datetime
    enabled: bool | None
    status: str | None
    origin_url: str
    channel: str | None
    breakouts_on_air: list[str]
    alias: AliasOut | None
    error: ErrorOut | None
    observed_at: datetime | None
    created_at: datetime

    @staticmethod
    def resolve_domain_name(row: Distribution) -> str | None:
        return row.domain_name or None

    @staticmethod
    def resolve_alias(row: Distribution) -> dict[str, Any] | None:
        if not aliases.alias_wanted(row):
            return None
        serves = row.alias_serves and aliases.has_alias(row)
        return {"domain": row.alias, "serves": serves, "record": aliases.record_to_make(row)}

    @staticmethod
    def resolve_status(row: Distribution) -> str | None:
        return row.status or None

    @staticmethod
    def resolve_channel(row: Distribution) -> str | None:
        return _ownership(row).owner_id  # type: ignore[return-value]  # Out spells ids as text

    @staticmethod
    def resolve_breakouts_on_air(row: Distribution) -> list[str]:
        return list(_ownership(row).holds)


def _ownership(row: Distribution) -> owners.Ownership:
    """Who has the row. The list reads it for all rows at once; a single row is looked up here."""
    preloaded: owners.Ownership | None = getattr(row, "ownership", None)
    return preloaded or owners.owner().ownerships([row])[row.pk]


class ConfigOut(Out):
    """CloudFront's configuration in its own words. Null when it is old; the request then orders a new one."""

    id: str
    aws_distribution_id: str | None
    config: dict[str, Any] | None
    observed_at: datetime | None


class DistributionFilter(Paging):
    state: Annotated[State, choices(State)] | None = None


def _distribution(id: str) -> Distribution:
    return one(Distribution.objects.all(), id)


@router.get("", response=Page[DistributionOut], auth=READ)
def list_distributions(request: HttpRequest, query: Query[DistributionFilter]) -> dict[str, Any]:
    """The distributions that StreamHub creates, newest first. The shared MediaManager one is not listed."""
    rows = Distribution.objects.filter(protected=False)
    if query.state:
        rows = rows.filter(state=query.state)
    result = page(rows.defer("config"), query.cursor, query.limit, request)
    ownerships = owners.owner().ownerships(result["items"])
    for row in result["items"]:
        row.ownership = ownerships[row.pk]
    return result


@router.get("/{id}", response=DistributionOut, auth=READ)
def get_distribution(request: HttpRequest, id: str) -> Distribution:
    """One distribution; 404 once it is deleted."""
    return _distribution(id)


@router.get("/{id}/config", response=ConfigOut, auth=READ)
def get_distribution_config(request: HttpRequest, id: str) -> dict[str, Any]:
    """CloudFront's configuration as last read. Null when it is old: a worker then reads it again."""
    row = _distribution(id)
    fresh = is_fresh(row.config_observed_at)
    if not fresh:
        services.distribution_config_request(row)
    return {
        "id": row.pk,
        "aws_distribution_id": row.aws_distribution_id,
        "config": row.config if fresh else None,
        "observed_at": row.config_observed_at if fresh else None,
    }


@router.post("/{id}/detach", response={202: DistributionOut}, auth=WRITE)
def detach_distribution(request: HttpRequest, id: str) -> Status[Distribution]:
    """Detach it from its channel; it is disabled and then deleted. 409 while a breakout is on air on it."""
    return Status(202, services.distribution_detach(_distribution(id), who=actor_of(request)))


@router.post("/{id}/sync", response={202: DistributionOut}, auth=WRITE)
def sync_distribution(request: HttpRequest, id: str) -> Status[Distribution]:
    """Read it again from CloudFront."""
    return Status(202, services.distribution_sync(_distribution(id), who=actor_of(request)))


@router.post("/{id}/retry", response={202: DistributionOut}, auth=WRITE)
def retry_distribution(request: HttpRequest, id: str) -> Status[Distribution]:
    """Try the failed or waiting step again."""
    return Status(202, services.distribution_retry(_distribution(id), who=actor_of(request)))
