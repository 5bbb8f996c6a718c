from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from streamhub.access import limits
from streamhub.access.models import ApiToken
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from tests.access import dummy
from tests.access.dummy import GROUPS


@pytest.fixture(autouse=True)
def dummy_site(settings: Any) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.access.urls"
    limits.requests.clear()
    limits.failures.clear()
    dummy.entered.clear()
    dummy.go.set()
    yield
    dummy.go.set()


@dataclass
class Service:
    """A service with its token, as a client of the dummy API."""

    token: ApiToken
    plain: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str = GROUPS, **query: Any) -> HttpResponse:
        return self.client.get(path, query, headers=self._headers())

    def post(self, body: Any, path: str = GROUPS, key: str | None = None) -> HttpResponse:
        return self.client.post(path, body, content_type="application/json", headers=self._headers(key))

    def delete(self, path: str, key: str | None = None, body: bytes = b"") -> HttpResponse:
        return self.client.delete(path, body, content_type="application/json", headers=self._headers(key))

    def _headers(self, key: str | None = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.plain}"}
        return headers if key is None else headers | {"Idempotency-Key": key}


@pytest.fixture
def service_called(db: None) -> Callable[..., Service]:
    def make(name: str = "event-site", scopes: Any = tuple(SCOPES)) -> Service:
        return Service(*token_issue(name, scopes))

    return make


@pytest.fixture
def service(service_called: Callable[..., Service]) -> Service:
    return service_called()
