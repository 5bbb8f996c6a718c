"""S3, emulated by moto's web application, which is called in this process.

moto's S3 takes a second to import, so the first S3 request imports it. Its buckets belong to the process:
two servers in one process share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from .base import Service, World
from .codec import AwsResponse
from .wsgi import environ_of

_NOT_PASSED_ON = {"connection", "transfer-encoding", "date", "server", "x-amz-request-id", "x-amzn-requestid"}


class Buckets(Service):
    """The account's buckets. `names` exist from the start; `before_request` callbacks run before requests."""

    name = "s3"

    def __init__(self, world: World, names: Iterable[str] = ()) -> None:
        super().__init__(world)
        self._names = tuple(names)
        self._opened = False
        self.before_request: list[Callable[[], Any]] = []

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> AwsResponse:
        """Answer one S3 request."""
        for callback in self.before_request:
            callback()
        app = self._open()
        headers = {**headers, "x-moto-account-id": self.world.account}
        started: list[Any] = []
        pieces = app(environ_of(method, target, headers, body), lambda *response: started.extend(response))
        content = b"".join(pieces)
        out = {key: value for key, value in started[1] if key.lower() not in _NOT_PASSED_ON}
        return AwsResponse(int(started[0].split()[0]), out, content)

    def _open(self) -> Any:
        """moto's application. The first call discards the buckets of an earlier world."""
        from moto.s3.models import s3_backends

        if not self._opened:
            s3_backends.reset()
            backend = s3_backends[self.world.account]["aws"]
            for name in self._names:
                backend.create_bucket(name, self.world.region)
            self._opened = True
        return _application()

    def _backend(self) -> Any:
        self._open()
        from moto.s3.models import s3_backends

        return s3_backends[self.world.account]["aws"]

    def has(self, name: str) -> bool:
        """Whether a bucket exists."""
        return name in (self._names if not self._opened else self._backend().buckets)

    def put_recording(
        self, bucket: str, key: str, size: int, moment: datetime, content: Callable[[], bytes]
    ) -> None:
        """Add an object of `size` bytes whose `content` is made only when it is read."""
        recording = _recording_class()(key, size, self.world, bucket, content)
        recording.last_modified = moment.astimezone(UTC).replace(tzinfo=None)
        self._backend().buckets[bucket].keys[key] = recording

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        if not self._opened:
            return {"buckets": [{"Name": name} for name in self._names]}
        return {"buckets": [{"Name": name} for name in self._backend().buckets]}


@lru_cache
def _application() -> Any:
    """moto's S3 application. It has no state of its own; the buckets are in moto's `s3_backends`."""
    from moto.moto_server.werkzeug_app import create_backend_app

    return create_backend_app("s3")


@lru_cache
def _recording_class() -> Any:
    """moto's object class with generated content. It is defined late because moto is imported late."""
    from moto.s3.models import FakeKey

    class RecordingKey(FakeKey):
        def __init__(
            self, key: str, size: int, world: World, bucket: str, content: Callable[[], bytes]
        ) -> None:
            etag = hashlib.blake2b(f"{key} {size}".encode(), digest_size=16).hexdigest()
            super().__init__(
                key, b"", world.account, world.region, etag=etag, version_id="null", bucket_name=bucket
            )
            self.contentsize = size
            self._content = content

        @property
        def value(self) -> bytes:
            return self._content()

        @value.setter
        def value(self, new: bytes) -> None:
            """The content is generated, so there is nothing to store."""

    return RecordingKey
