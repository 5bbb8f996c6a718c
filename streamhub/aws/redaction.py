"""What is never shown of AWS's answers: the values of CloudFront's custom origin headers.

With such a header CloudFront proves itself to an origin, so its value is a secret. A configuration leaves
`streamhub.aws` only as `redacted`: what is stored, shown or logged of it cannot hold one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from streamhub.errors import AwsError

HIDDEN = "(hidden)"


def redacted(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the values of its origins' custom headers hidden. The names stay."""
    origins = config.get("Origins") or {}
    return {**config, "Origins": {**origins, "Items": [_origin(each) for each in origins.get("Items") or []]}}


def _origin(origin: Mapping[str, Any]) -> dict[str, Any]:
    headers = origin.get("CustomHeaders") or {}
    if not headers.get("Items"):
        return dict(origin)
    hidden = [{**header, "HeaderValue": HIDDEN} for header in headers["Items"]]
    return {**origin, "CustomHeaders": {**headers, "Items": hidden}}


@contextmanager
def hiding(*secrets: str) -> Iterator[None]:
    """Inside this context an AwsError that repeats a secret in AWS's words shows `HIDDEN` instead.

    It loses its cause, whose words nobody can correct.
    """
    try:
        yield
    except AwsError as error:
        for secret in filter(None, secrets):
            error.message = error.message.replace(secret, HIDDEN)
            error.validation = tuple((path, text.replace(secret, HIDDEN)) for path, text in error.validation)
        error.args = (error.message,)
        raise error from None
