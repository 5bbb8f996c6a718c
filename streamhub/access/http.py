"""One import with everything that an app's `api.py` needs."""

from streamhub.access.auth import actor_of, scope
from streamhub.access.idempotency import effect_stays
from streamhub.access.paging import one, page
from streamhub.access.problems import problem
from streamhub.access.request_bodies import In
from streamhub.access.schemas import Moment, Out, Page, Paging, Whole, choices

__all__ = [
    "In",
    "Moment",
    "Out",
    "Page",
    "Paging",
    "Whole",
    "actor_of",
    "choices",
    "effect_stays",
    "one",
    "page",
    "problem",
    "scope",
]
