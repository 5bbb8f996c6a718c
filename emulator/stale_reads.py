"""What reads said before the last write: AWS's eventual consistency, on order.

Before each write the reads of the same resource are answered once and the answer is kept, already on
the wire's form, so that nothing that happens later can change it. A write and a read belong together
when their names end in the same noun (`UpdateDistribution`, `GetDistributionConfig`) and the write's
parameters hold what the read asks by. A resource that was only ever created did not exist before: the
read says so. Lists are remembered only while a `stale_read` rule waits for them, and only in the forms
(parameters) in which they were asked before, and bare.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from moto.core.model import OperationModel

from . import codec
from .codec import AwsRequest, AwsResponse
from .faults import Rule, refusal

KEPT = 20_000
_READ = re.compile(r"(?:Get|Describe|List)([A-Z]\w*?)(?:Config|s)?$")
_WRITE = re.compile(r"[A-Z][a-z]+([A-Z]\w*?)(?:WithTags)?$")

Ask = Callable[[AwsRequest], AwsResponse]


@lru_cache
def _reads(service: str) -> dict[str, list[OperationModel]]:
    """A service's reads by the noun they read."""
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
    """Whether an operation changes nothing, going by its name."""
    return operation.startswith(("Get", "Describe", "List", "Head"))


def _key(name: str, params: dict[str, Any]) -> str:
    return name + json.dumps(params, sort_keys=True, default=str)


class StaleReads:
    """The answers that reads gave before the last write of what they read."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._answers: OrderedDict[str, AwsResponse] = OrderedDict()
        self._forms: dict[str, dict[str, dict[str, Any]]] = {}

    def before_write(self, call: AwsRequest, rules: Iterable[Rule]) -> None:
        """Remember what the reads of the resource say now, just before `call` changes it."""
        for model in _reads(call.service).get(_noun(call.operation), ()):
            read = AwsRequest(call.service, codec.boto_name(model), {}, model)
            needed = model.input_shape.required_members if model.input_shape else []
            if needed and all(name in call.params for name in needed):
                self._remember(replace(read, params={name: call.params[name] for name in needed}))
            elif not needed and any(rule.awaits_list(read) for rule in rules):
                for params in [{}, *self._forms.get(read.name, {}).values()]:
                    self._remember(replace(read, params=params))

    def _remember(self, read: AwsRequest) -> None:
        key = _key(read.name, read.params)
        self._answers[key] = self._ask(read)
        self._answers.move_to_end(key)
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)

    def note_list(self, call: AwsRequest) -> None:
        """A list was asked in this form; remember it in this form before writes to come."""
        forms = self._forms.setdefault(call.name, {})
        if len(forms) < 16:
            forms.setdefault(_key("", call.params), call.params)

    def answer(self, call: AwsRequest) -> AwsResponse:
        """What the read said before the last write of what it reads; with no write known, what it says."""
        known = self._answers.get(_key(call.name, call.params))
        if known is not None:
            return AwsResponse(
                known.status, {**known.headers, "x-amzn-RequestId": call.request_id}, known.body
            )
        now = self._ask(call)
        if now.status < 300 and not call.operation.startswith("List"):
            return codec.refusal(call, refusal("not_found", call))
        return now
