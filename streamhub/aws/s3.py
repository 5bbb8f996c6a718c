"""S3: lists of recordings and media-manager files ("ListObjectsV2"), and the files of AWS's bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError

from streamhub.aws.error_mapping import translate
from streamhub.aws.session import AwsSession

PIECE = 1 << 20


@dataclass(frozen=True)
class ObjectInfo:
    """One object; `last_modified` is aware UTC."""

    key: str
    size_bytes: int
    last_modified: datetime
    request_id: str | None


class S3:
    """Buckets of one AWS session."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def readable(self, bucket: str) -> str | None:
        """ListObjectsV2 of one key; returns the request id. Raises NotFound (bucket), AccessDenied."""
        _, request_id = self._session.call("s3", "ListObjectsV2", Bucket=bucket, MaxKeys=1)
        return request_id

    def list_objects(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """ListObjectsV2, in the order of keys, page by page as needed. Raises NotFound (bucket).

        Only keys that sort after `start_after`, which need not exist; "": all.
        """
        params = {"Bucket": bucket, "Prefix": prefix} | ({"StartAfter": start_after} if start_after else {})
        while True:
            response, request_id = self._session.call("s3", "ListObjectsV2", **params)
            for item in response.get("Contents", []):
                modified = item["LastModified"].astimezone(UTC)
                yield ObjectInfo(item["Key"], item["Size"], modified, request_id)
            if not response.get("IsTruncated"):
                return
            params["ContinuationToken"] = response["NextContinuationToken"]

    def download(self, bucket: str, key: str, to: Path) -> Path:
        """GetObject into a file, piece by piece; returns the file. Raises NotFound, Retryable."""
        response, _ = self._session.call("s3", "GetObject", Bucket=bucket, Key=key)
        try:
            with to.open("wb") as file:
                for piece in response["Body"].iter_chunks(PIECE):
                    file.write(piece)
        except BotoCoreError as error:
            raise translate(error, "s3:GetObject") from error
        return to
