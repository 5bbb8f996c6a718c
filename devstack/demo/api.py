"""A client of the HTTP API that needs only the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The API answered with an error; `status` is the HTTP status, `problem` the response."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('detail') or problem.get('title') or problem}")
        self.status = status
        self.problem = problem


class Api:
    """A client of the API at `url` (without `/api/v1`), with a token. `headers` go with every request."""

    def __init__(
        self, url: str, token: str, timeout: float = 30, headers: Mapping[str, str] | None = None
    ) -> None:
        self._base = f"{url}/api/v1"
        self._timeout = timeout
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **(headers or {}),
        }

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.send("POST", path, body or {})

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)

    def find(self, path: str) -> Any | None:
        """The object, or None if it does not exist."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Send one request and return the parsed response. Raises ApiError."""
        request = urllib.request.Request(  # noqa: S310  our own address
            f"{self._base}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={**self._headers, **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, _problem(error)) from None


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        problem = json.load(error)
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"title": error.reason}
