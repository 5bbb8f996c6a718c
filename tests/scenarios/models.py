"""The product's requests and the emulator's responses, held to botocore's service models in every test.

botocore sends values that AWS refuses: it knows enums, patterns, lengths and ranges, and does not check them.
So a test that makes such a request fails at its end, whatever it asserts itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulator import conformance
from emulator.shapes import violations
from streamhub.aws.session import _Clients

# What was found since the present test began. A test that breaks a model on purpose empties it.
found: list[str] = []


@contextmanager
def watched() -> Iterator[None]:
    """Inside, every request of the product and every response of an emulator in this process is checked."""
    make = _Clients._make

    def make_watched(clients: _Clients, service: str, region: str, attempts: int) -> Any:
        client = make(clients, service, region, attempts)
        client.meta.events.register_last("before-parameter-build", check_request)
        return client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Clients, "_make", make_watched)
        patch.setattr(conformance, "findings", found)
        yield


def check_request(params: dict[str, Any], model: Any, **_about: object) -> None:
    """A botocore event handler: note what the request has and the operation's model does not allow."""
    name = f"{model.service_model.service_name}:{model.name}"
    found.extend(f"request {name}: {violation}" for violation in violations(model.input_shape, params))
