"""What CloudWatch accepts: requests checked and turned into plain values.

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
# What is kept: (periods must be multiples of, for so many days).
KEPT = ((3600, 455), (300, 63), (60, 15))


@dataclass(frozen=True)
class Metric:
    """One metric's full name; `dimensions` in order of their names."""

    namespace: str
    name: str
    dimensions: Dimensions


@dataclass(frozen=True)
class Query:
    """One series to answer with. `unit` None: whatever it is."""

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
        """Whole periods: the start rounded down, the end such that the last one to begin is whole."""
        first = int(self.start // period) * period
        return first, -int(-self.end // period) * period


def invalid(message: str, code: str = "ValidationError") -> NoReturn:
    """400: the request makes no sense as it stands."""
    raise Refusal(code, message, 400)


def oldest_kept(period: int, now: float) -> int:
    """The epoch second before which nothing is kept that this period could be made of."""
    days = next((days for least, days in KEPT if period % least == 0), 0)
    return int(now - days * _DAY)


def dimensions_of(given: Iterable[Params]) -> Dimensions:
    """A request's dimensions in order; CloudWatch does not care for the order they are given in."""
    return tuple(sorted((one["Name"], one.get("Value", "")) for one in given))


def metric_of(given: Params) -> Metric:
    """The metric that a structure names."""
    return Metric(
        given.get("Namespace", ""), given.get("MetricName", ""), dimensions_of(given.get("Dimensions") or [])
    )


def window_of(params: Params) -> Window:
    """The request's window; refused if it is missing, upside down or empty."""
    start, end = params.get("StartTime"), params.get("EndTime")
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        invalid("The parameters StartTime and EndTime are required.")
    if start >= end:
        invalid("The parameter StartTime must be less than the parameter EndTime.")
    return Window(start.timestamp(), end.timestamp())


def _check_period(period: Any) -> None:
    """Metrics at standard resolution: whole minutes."""
    if not isinstance(period, int) or period < 60 or period % 60:
        invalid(f"The parameter Period must be a multiple of 60, not {period}.")


def queries_of(params: Params) -> list[Query]:
    """GetMetricData's queries whose data is to be returned."""
    given = params.get("MetricDataQueries") or []
    if not given:
        invalid("The parameter MetricDataQueries is required.")
    if len(given) > MAX_QUERIES:
        invalid(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
    _check_ids([one.get("Id", "") for one in given])
    wanted = [_query(one) for one in given if one.get("ReturnData", True)]
    return wanted or invalid("At least one query must return data.")


def _check_ids(ids: list[str]) -> None:
    for each in ids:
        if not _ID.fullmatch(each):
            invalid(
                f"The value {each} for parameter MetricDataQueries.Id is not matching the expected pattern."
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
    """How many datapoints GetMetricData's caller wants at once."""
    most = params.get("MaxDatapoints", MAX_POINTS)
    if not 1 <= most <= MAX_POINTS:
        invalid(f"The parameter MaxDatapoints must be between 1 and {MAX_POINTS}.")
    return most
