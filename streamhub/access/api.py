"""The HTTP API: `make_api()`, then `api.add_router("/channels", router)` for each app.

The *Conventions* of docs/api.md are implemented here, so an app's `api.py` contains only its operations.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from streamhub.access import idempotency, problems
from streamhub.access.auth import Bearer
from streamhub.access.description_views import description_of, limited
from streamhub.access.json_codec import Renderer, StrictParser
from streamhub.access.openapi import Description
from streamhub.access.request_bodies import well_formed

# The names of the addresses that need no token and are not probes.
_OPEN_DOCUMENTS = ("openapi-json", "openapi-view")


class StreamHubAPI(NinjaAPI):
    """Ninja's API, which also answers with problems where ninja answers with text or HTML."""

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            pattern = cast(URLPattern, pattern)  # ninja does not nest patterns
            if pattern.name == "openapi-json":
                pattern.callback = description_of(self)
            if pattern.name in _OPEN_DOCUMENTS:
                pattern.callback = limited(cast(problems.View, pattern.callback))
            pattern.callback = problems.with_problems(cast(problems.View, pattern.callback))
        return [*patterns, re_path("", problems.unknown_path)], app_name, namespace

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> Description:
        """The OpenAPI description, see `openapi`."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return Description(self, prefix)


def make_api(namespace: str = "api") -> StreamHubAPI:
    """An API without operations."""
    api = StreamHubAPI(
        title="StreamHub",
        version="1",
        description="Control of channels, breakouts and distributions for internal services.",
        urls_namespace=namespace,
        auth=Bearer(),
        parser=StrictParser(),
        renderer=Renderer(),
        docs_decorator=require_safe,
    )
    problems.attach(api)
    api.add_decorator(idempotency.once, mode="view")
    api.add_decorator(partial(well_formed, api.parser))
    return api
