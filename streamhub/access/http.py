"""One import with everything that an app's `api.py` needs."""

from streamhub.access.auth import actor_of, scope
from streamhub.access.paging import one, page
from streamhub.access.problems import problem
from streamhub.access.schemas import In, Moment, Out, Page, Paging, choices

__all__ = ["In", "Moment", "Out", "Page", "Paging", "actor_of", "choices", "one", "page", "problem", "scope"]
