"""One AWS account from the start to a reset; it holds everything that a reset discards.

The server has one `Account` and replaces it on a reset. A request belongs to the account that was there when
the request arrived, so a late request can change only a discarded account.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from . import codec, conformance, mediamanager
from .acm import Acm
from .archive import Archive
from .base import Clock, Refusal, Service, World
from .buckets import Buckets
from .calls import CallLog, Entry
from .cloudfront import CloudFront
from .cloudwatch import CloudWatch
from .codec import AwsRequest, AwsResponse
from .faults import REFUSED, Faults, Rule, refusal
from .iam import Iam
from .medialive import MediaLive
from .mediapackage import MediaPackage
from .pricing import Pricing
from .route53 import Route53
from .secrets_manager import SecretsManager
from .service_quotas import ServiceQuotas
from .stale_reads import StaleReads, is_read
from .sts import Sts
from .viewers import Viewers

SERVICES: list[type[Service]] = [
    CloudFront,
    SecretsManager,
    MediaPackage,
    MediaLive,
    Sts,
    Iam,
    CloudWatch,
    Viewers,
    Pricing,
    ServiceQuotas,
    Acm,
    Route53,
]
log = logging.getLogger(__name__)
Operation = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Settings:
    """The initial state of an account. `scale` is real seconds per AWS second.

    `buckets` exist from the start. So does the shared distribution if `mediamanager` is given: its id, its
    recording bucket and its media bucket.
    """

    scale: float = 1.0
    seed: int = 1
    region: str = "eu-central-1"
    buckets: tuple[str, ...] = ()
    mediamanager: tuple[str, str, str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "buckets", tuple(self.buckets))


class Account:
    """The world with its services, the call log and the faults."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = CallLog()
        self.faults = Faults()
        self.world = World(clock=Clock(settings.scale), region=settings.region, seed=settings.seed)
        for kind in SERVICES:
            kind(self.world)
        self.buckets = Buckets(self.world, settings.buckets)
        Archive(self.world, self.buckets)
        self.stale_reads = StaleReads(self._read)
        self._methods: dict[str, Operation | None] = {}
        if settings.mediamanager is not None:
            mediamanager.create_mediamanager(self.world, *settings.mediamanager)

    def carry_out(
        self,
        call: AwsRequest,
        entry: Entry,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> AwsResponse:
        """Execute the call and return its response."""
        if call.service == "s3":
            return self._carry_out_s3(call, entry, method, target, headers, body)
        if not is_read(call.operation):
            self.stale_reads.before_write(call, self.faults.rules.values())
        elif call.operation.startswith("List"):
            self.stale_reads.note_list(call)
        try:
            result = self._perform(call)
        except Refusal as error:
            return self.refuse(call, entry, error)
        conformance.check_answer(call, result)
        answer = codec.answer(call, result)
        entry.status = answer.status
        return answer

    def _carry_out_s3(
        self,
        call: AwsRequest,
        entry: Entry,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> AwsResponse:
        answer = self.buckets.handle(method, target, headers, body)
        answer.headers["x-amz-request-id"] = call.request_id
        entry.status = answer.status
        code = re.search(rb"<Code>(\w+)</Code>", answer.body) if answer.status >= 400 else None
        if code:
            conformance.check_error(call, code[1].decode())
            self.log.refuse(entry, Refusal(code[1].decode(), "", answer.status))
        return answer

    def fault_response(self, rule: Rule, call: AwsRequest, entry: Entry) -> AwsResponse | None:
        """The response of a fault that replaces the call's own, or None."""
        if rule.kind in REFUSED:
            return self.refuse(call, entry, refusal(rule.kind, call, rule.error))
        if rule.kind == "stale_read":
            answer = self.stale_reads.answer(call, rule.seconds)
            entry.status = answer.status
            return answer
        return None

    def refuse(self, call: AwsRequest, entry: Entry, error: Refusal) -> AwsResponse:
        """Log the refusal and return its response."""
        if entry.fault is None:  # a fault may give any operation any answer
            conformance.check_error(call, error.code)
        self.log.refuse(entry, error)
        return codec.refusal(call, error)

    def _perform(self, call: AwsRequest) -> Any:
        if call.problem is not None:
            raise call.problem
        method = self._method(call)
        if method is None or call.model is None:
            raise Refusal("NotImplemented", f"The embedded AWS does not offer {call.name}.", 501)
        conformance.refuse_illegal(call)
        self.world.calling_region = call.region
        try:
            return method(call.params)
        except Refusal:
            raise
        except Exception as error:
            log.exception("%s failed", call.name)
            raise Refusal("InternalFailure", f"The embedded AWS failed: {error!r}", 500) from error

    def _method(self, call: AwsRequest) -> Operation | None:
        if call.name not in self._methods:
            service = self.world.services.get(call.service)
            name = xform_name(call.operation) if call.model is not None else ""
            method = getattr(service, name, None) if service and not name.startswith("_") else None
            self._methods[call.name] = method
        return self._methods[call.name]

    def _read(self, call: AwsRequest) -> AwsResponse:
        """The present response of a read, without log entry and faults."""
        try:
            return codec.answer(call, self._perform(call))
        except Refusal as error:
            return codec.refusal(call, error)
