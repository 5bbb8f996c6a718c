"""S3, by moto, which is right about buckets: its web application is called in this process.

moto takes a second to import, so it is not touched before the first S3 request. Its buckets belong to
the process, not to a world: two servers in one process share them.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from .base import Service, World
from .codec import Answer

_NOT_PASSED_ON = {"connection", "transfer-encoding", "date", "server", "x-amz-request-id", "x-amzn-requestid"}


class Buckets(Service):
    """The account's buckets. `names` exist from the start."""

    name = "s3"

    def __init__(self, world: World, names: Iterable[str] = ()) -> None:
        super().__init__(world)
        self._names = tuple(names)
        self._app: Any = None

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one S3 request."""
        app = self._app or self._open()
        headers = {**headers, "x-moto-account-id": self.world.account}
        started: list[Any] = []
        pieces = app(_environ(method, target, headers, body), lambda *given: started.extend(given))
        content = b"".join(pieces)
        out = {key: value for key, value in started[1] if key.lower() not in _NOT_PASSED_ON}
        return Answer(int(started[0].split()[0]), out, content)

    def _open(self) -> Any:
        from moto.moto_server.werkzeug_app import create_backend_app
        from moto.s3.models import s3_backends

        s3_backends.reset()
        backend = s3_backends[self.world.account]["aws"]
        for name in self._names:
            backend.create_bucket(name, self.world.region)
        self._app = create_backend_app("s3")
        return self._app

    def _backend(self) -> Any:
        if self._app is None:
            self._open()
        from moto.s3.models import s3_backends

        return s3_backends[self.world.account]["aws"]

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        if self._app is None:
            return {"buckets": [{"Name": name} for name in self._names]}
        return {"buckets": [{"Name": name} for name in self._backend().buckets]}


def _environ(method: str, target: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333)."""
    path, _, query = target.partition("?")
    host, _, port = headers.get("Host", "127.0.0.1").partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": target,
        "REQUEST_URI": target,
        "QUERY_STRING": query,
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for key, value in headers.items():
        name = key.upper().replace("-", "_")
        if name not in ("CONTENT_LENGTH", "CONTENT_TYPE", "TRANSFER_ENCODING"):
            environ["HTTP_" + name] = value
    return environ
