"""Checks CloudWatch requests and converts them into plain values.

Pages: "GetMetricData", "MetricDataQuery" in the CloudWatch API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from .base import Refusal

Params = dict[str, Any]
Dimensions = tuple[tuple[str, str], ...]
MAX_QUERIES = 500
MAX_POINTS = 100_800
STATISTICS = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_DAY = 86_400
# Retention: (the period must be a multiple of this many seconds, days of retention).
RETENTION = ((3600, 455), (300, 63), (60, 15))


@dataclass(frozen=True)
class Metric:
    """One metric's full name; `dimensions` are sorted by name."""

    namespace: str
    name: str
    dimensions: Dimensions


@dataclass(frozen=True)
class Query:
    """One series of the request. A `unit` of None matches any unit."""

    id: str
    label: str
    metric: Metric
    period: int
    stat: str
    unit: str | None = None


@dataclass(frozen=True)
class Window:
    """From `start` to before `end`, in epoch seconds."""

    start: float
    end: float

    def rounded(self, period: int) -> tuple[int, int]:
        """The window in whole periods: the start rounded down, the end rounded up."""
        first = int(self.start // period) * period
        return first, -int(-self.end // period) * period


def invalid(message: str, code: str = "ValidationError") -> NoReturn:
    """400: the request is invalid."""
    raise Refusal(code, message, 400)


def oldest_kept(period: int, now: float) -> int:
    """The epoch second before which no data is kept for this period."""
    days = next((days for least, days in RETENTION if period % least == 0), 0)
    return int(now - days * _DAY)


def dimensions_of(given: Iterable[Params]) -> Dimensions:
    """A request's dimensions, sorted: CloudWatch ignores their order."""
    return tuple(sorted((dimension["Name"], dimension.get("Value", "")) for dimension in given))


def metric_of(given: Params) -> Metric:
    """The metric named by a request's `Metric` structure."""
    return Metric(
        given.get("Namespace", ""), given.get("MetricName", ""), dimensions_of(given.get("Dimensions") or [])
    )


def window_of(params: Params) -> Window:
    """The request's window. It is refused if it is missing, reversed or empty."""
    start, end = params.get("StartTime"), params.get("EndTime")
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        invalid("The parameters StartTime and EndTime are required.")
    if start >= end:
        invalid("The parameter StartTime must be less than the parameter EndTime.")
    return Window(start.timestamp(), end.timestamp())


def _check_period(period: Any) -> None:
    """Standard resolution: whole minutes."""
    if not isinstance(period, int) or period < 60 or period % 60:
        invalid(f"The parameter Period must be a multiple of 60, not {period}.")


def queries_of(params: Params) -> list[Query]:
    """GetMetricData's queries that return data."""
    given = params.get("MetricDataQueries") or []
    if not given:
        invalid("The parameter MetricDataQueries is required.")
    if len(given) > MAX_QUERIES:
        invalid(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
    _check_ids([query.get("Id", "") for query in given])
    queries = [_query(query) for query in given if query.get("ReturnData", True)]
    return queries or invalid("At least one query must return data.")


def _check_ids(ids: list[str]) -> None:
    for query_id in ids:
        if not _ID.fullmatch(query_id):
            invalid(
                f"The value {query_id} for parameter MetricDataQueries.Id is not matching "
                "the expected pattern."
            )
    if len(set(ids)) < len(ids):
        invalid("The values for parameter id in MetricDataQueries are not unique.")


def _query(given: Params) -> Query:
    stat = given.get("MetricStat")
    if bool(stat) == bool(given.get("Expression")):
        invalid(f"Query {given['Id']} must have exactly one of MetricStat and Expression.")
    if not stat:
        raise Refusal("NotImplemented", "The embedded AWS does not evaluate expressions.", 501)
    _check_period(stat.get("Period"))
    if stat.get("Stat") not in STATISTICS:
        invalid(f"The value {stat.get('Stat')} for parameter Stat is not supported.")
    metric = metric_of(stat.get("Metric") or {})
    label = given.get("Label") or metric.name
    return Query(given["Id"], label, metric, stat["Period"], stat["Stat"], stat.get("Unit"))


def page_points(params: Params) -> int:
    """The number of datapoints that the caller wants on a page."""
    most = params.get("MaxDatapoints", MAX_POINTS)
    if not 1 <= most <= MAX_POINTS:
        invalid(f"The parameter MaxDatapoints must be between 1 and {MAX_POINTS}.")
    return most
