"""Stale reads: a read's response from before the last write, which simulates eventual consistency.

Before each write, the reads of the same resource are executed and their serialised responses are kept. A
write and a read belong together if their names end in the same noun (`UpdateDistribution`,
`GetDistributionConfig`) and the write's parameters include the read's. For a resource that was only created,
the stale read is a NotFound. Lists are kept only while a `stale_read` rule waits for them: without
parameters, and with those of earlier calls.
"""

from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from moto.core.model import OperationModel

from . import codec
from .codec import AwsRequest, AwsResponse
from .faults import Rule, refusal

MAX_ANSWERS = 20_000
_READ = re.compile(r"(?:Get|Describe|List)([A-Z]\w*?)(?:Config|s)?$")
_WRITE = re.compile(r"[A-Z][a-z]+([A-Z]\w*?)(?:WithTags)?$")

Execute = Callable[[AwsRequest], AwsResponse]


@lru_cache
def _reads(service: str) -> dict[str, list[OperationModel]]:
    """A service's read operations by their noun."""
    model = codec.load(service)
    nouns: dict[str, list[OperationModel]] = {}
    if model is None or service == "s3":
        return nouns
    for name in model.operation_names:
        match = _READ.match(name)
        if match:
            nouns.setdefault(match[1], []).append(model.operation_model(name))
    return nouns


def _noun(write: str) -> str:
    match = _WRITE.match(write)
    return match[1] if match else ""


def is_read(operation: str) -> bool:
    """Whether an operation only reads, judging by its name."""
    return operation.startswith(("Get", "Describe", "List", "Head"))


def _key(name: str, params: dict[str, Any]) -> str:
    return name + json.dumps(params, sort_keys=True, default=str)


class StaleReads:
    """The responses of reads from before the last write of their resource."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._answers: OrderedDict[str, tuple[AwsResponse, float]] = OrderedDict()
        self._forms: dict[str, dict[str, dict[str, Any]]] = {}

    def before_write(self, call: AwsRequest, rules: Iterable[Rule]) -> None:
        """Keep the present responses of the resource's reads, just before `call` changes it."""
        for model in _reads(call.service).get(_noun(call.operation), ()):
            read = AwsRequest(call.service, codec.boto_name(model), {}, model)
            required = model.input_shape.required_members if model.input_shape else []
            if required and all(name in call.params for name in required):
                self._remember(replace(read, params={name: call.params[name] for name in required}))
            elif not required and any(rule.awaits_list(read) for rule in rules):
                for params in [{}, *self._forms.get(read.name, {}).values()]:
                    self._remember(replace(read, params=params))

    def _remember(self, read: AwsRequest) -> None:
        key = _key(read.name, read.params)
        self._answers[key] = self._execute(read), time.monotonic()
        self._answers.move_to_end(key)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)

    def note_list(self, call: AwsRequest) -> None:
        """Note a list's parameters, so that later writes also keep its response with them."""
        forms = self._forms.setdefault(call.name, {})
        if len(forms) < 16:
            forms.setdefault(_key("", call.params), call.params)

    def answer(self, call: AwsRequest, within: float) -> AwsResponse:
        """The read's response from before the last write, or the present one if no write is known.

        `within`: with the present one too if that write is more than so many real seconds ago; 0: no limit.
        """
        kept, kept_at = self._answers.get(_key(call.name, call.params), (None, 0.0))
        if within and time.monotonic() - kept_at > within:
            return self._execute(call)
        if kept is not None:
            return AwsResponse(kept.status, {**kept.headers, "x-amzn-RequestId": call.request_id}, kept.body)
        present = self._execute(call)
        if present.status < 300 and not call.operation.startswith("List"):
            return codec.refusal(call, refusal("not_found", call))
        return present
