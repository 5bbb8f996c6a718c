"""AWS sessions: every AWS call of the product goes through `AwsSession.call`.

A call takes a token of the rate limit, uses botocore's `standard` retries with short timeouts, notifies the
listeners, and raises only StreamHub's errors (AWS_RULES 28). Each process makes its own clients when it
first needs them, because Celery's pool forks.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.exceptions import BotoCoreError, ClientError

from streamhub import redis_servers
from streamhub.aws.call_queue import LocalQueues, QueueState, Throttle
from streamhub.aws.error_mapping import is_write, may_have_happened, translate
from streamhub.aws.iam_actions import ACTIONS
from streamhub.aws.ratelimit import PREFIX, Limiter, current_caller, rates_of
from streamhub.aws.redis_call_queue import RedisQueues
from streamhub.aws.target import (
    Target,
    broker_url,
    check_loopback,
    configured_rates,
    redis_options,
    resolve_target,
)
from streamhub.contributions import contributed
from streamhub.errors import AwsError, Retryable, Throttled

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2
READ_SECONDS = 10
ATTEMPTS = 2

# CreateInputSecurityGroup takes no idempotency token, so a second attempt could create a second group
# (AWS_RULES 16). MediaLive refuses the others once the first attempt has taken effect: read, then decide.
# Of DeleteDistribution there are thousands: an attempt that AWS throttled takes its turn in the line again.
NEVER_REPEATED = {
    "cloudfront:DeleteDistribution",
    "medialive:CreateInputSecurityGroup",
    "medialive:StartChannel",
    "medialive:StopChannel",
    "medialive:DeleteChannel",
    "medialive:DeleteInput",
    "medialive:UpdateChannel",
    "medialive:BatchUpdateSchedule",
    "medialive:RestartChannelPipelines",
}


@dataclass(frozen=True)
class AwsCall:
    """One finished AWS call, for listeners. `operation` is `service:Operation`."""

    operation: str
    region: str
    seconds: float
    request_id: str | None
    error: AwsError | None
    date: datetime | None = None  # AWS's own time, from the answer


class _Clients:
    """The boto3 clients of one process."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._boto: boto3.Session | None = None
        self._clients: dict[tuple[str, str, int], Any] = {}
        # Of the current call: .effect_unknown: an attempt may have taken effect; .date: AWS's last `Date`.
        self.attempts = threading.local()

    def get(self, service: str, region: str, attempts: int) -> Any:
        """The client for a service and region, made once. Making a client is not thread-safe in boto3."""
        key = (service, region, attempts)
        client = self._clients.get(key)
        if client is None:
            with self._lock:
                client = self._clients.get(key) or self._make(service, region, attempts)
                self._clients[key] = client
        return client

    def _make(self, service: str, region: str, attempts: int) -> Any:
        target = self._target
        if self._boto is None:
            self._boto = boto3.Session(botocore_session=_botocore_session(target))
        credentials = target.credentials
        client = self._boto.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=target.endpoint_url,
            aws_access_key_id=credentials and credentials.access_key_id,
            aws_secret_access_key=credentials and credentials.secret_access_key,
            config=_config(target, attempts),
        )
        client.meta.events.register("response-received", self._note_attempt)
        if target.embedded:
            check_loopback(client.meta.endpoint_url)
            client.meta.events.register("before-send", _only_loopback)
        return client

    def _note_attempt(
        self, parsed_response: dict[str, Any] | None, exception: Exception | None, **_about: object
    ) -> None:
        """Remember, across botocore's own retries, that an attempt may have taken effect, and AWS's time."""
        about = (parsed_response or {}).get("ResponseMetadata", {})
        self.attempts.date = _date(about.get("HTTPHeaders", {}).get("date")) or self.attempts.date
        status = about.get("HTTPStatusCode")
        if may_have_happened(exception, status):
            self.attempts.effect_unknown = True


def _date(header: str | None) -> datetime | None:
    """The time in a `Date` header; None if there is none or it is not one."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC) if header else None
    except ValueError:
        return None


def _botocore_session(target: Target) -> botocore.session.Session:
    """botocore's usual session; in embedded mode one that reads no file and no environment variable."""
    if not target.embedded:
        return botocore.session.Session()
    variables = {
        name: (None, None, default, conversion)
        for name, (_key, _variable, default, conversion) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    variables["config_file"] = variables["credentials_file"] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=variables)


def _config(target: Target, attempts: int) -> Config:
    """Timeouts and retries, so short that a step with a few calls ends well within its claim of 60 s."""
    options: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"mode": "standard", "total_max_attempts": attempts},
        "user_agent_extra": "streamhub",
        "max_pool_connections": 20,
        "parameter_validation": True,
    }
    if target.embedded:
        options |= {"proxies": {}, "s3": {"addressing_style": "path"}, "inject_host_prefix": False}
    return Config(**options)


def _only_loopback(request: Any, **_about: object) -> None:
    """Embedded mode's last check before a request is sent: it must go to this machine."""
    check_loopback(request.url)


class AwsSession:
    """A session on one target, with the rate limit and listeners of this process.

    `on_call`: functions that are called with each finished `AwsCall`. Their exceptions are only logged.
    """

    def __init__(
        self,
        target: Target,
        clock: Callable[[], float] = time.monotonic,
        limiter: Limiter | None = None,
    ) -> None:
        self.target = target
        self.on_call: list[Callable[[AwsCall], None]] = []
        self._clock = clock
        self._limiter = limiter
        self._per_process: dict[int, _Clients] = {}

    def client(self, service: str, region: str | None = None, attempts: int = ATTEMPTS) -> Any:
        """This process's boto3 client. Tests stub it; the product uses `call`."""
        return self._clients().get(service, region or self.target.region, attempts)

    def call(
        self, service: str, operation: str, region: str | None = None, **params: Any
    ) -> tuple[dict[str, Any], str | None]:
        """Make one AWS call. Returns the response and AWS's request id.

        `operation` and `params` are in AWS's spelling. Raises only AwsErrors, and NotSent if the rate
        limit has no token for it yet.
        """
        name, region = f"{service}:{operation}", region or self.target.region
        if self._limiter is not None:
            self._limiter.acquire(name)
        current_caller().calls += 1
        started = self._clock()
        try:
            response = self._send(service, operation, region, params)
        except AwsError as error:
            if isinstance(error, Throttled) and self._limiter is not None:
                self._limiter.throttled(name)
            self._notify(
                AwsCall(name, region, self._clock() - started, error.request_id, error, self._date())
            )
            raise
        request_id = response.get("ResponseMetadata", {}).get("RequestId")
        self._notify(AwsCall(name, region, self._clock() - started, request_id, None, self._date()))
        return response, request_id

    def prepay(self, service: str, operation: str) -> None:
        """In a step: take the rate limit's token of a later call now, before the reads that prepare it.

        Raises NotSent.
        """
        if self._limiter is not None:
            self._limiter.prepay(f"{service}:{operation}")

    def queue_state(self, service: str, operation: str) -> QueueState | None:
        """The operation's rate and line now; None without a rate limit."""
        return self._limiter.state(f"{service}:{operation}") if self._limiter is not None else None

    def queue_states(self) -> list[QueueState]:
        """Those of all operations that were called lately."""
        return self._limiter.queues.states(sorted(ACTIONS)) if self._limiter is not None else []

    def throttles(self) -> list[Throttle]:
        """What AWS has throttled lately."""
        return self._limiter.queues.throttles() if self._limiter is not None else []

    def place(self, service: str, operation: str, holder: str) -> int:
        """The place of a caller in the operation's line, from 1; 0: it does not wait there."""
        return (
            self._limiter.queues.place(f"{service}:{operation}", holder) if self._limiter is not None else 0
        )

    def _send(self, service: str, operation: str, region: str, params: dict[str, Any]) -> dict[str, Any]:
        """Call botocore, and translate its errors."""
        name, clients = f"{service}:{operation}", self._clients()
        clients.attempts.effect_unknown, clients.attempts.date = False, None
        try:
            client = clients.get(service, region, 1 if name in NEVER_REPEATED else ATTEMPTS)
            return getattr(client, xform_name(operation))(**params)
        except (ClientError, BotoCoreError) as error:
            translated = translate(error, name)
            if isinstance(translated, Retryable) and clients.attempts.effect_unknown and is_write(name):
                translated.effect_unknown = True
            raise translated from error

    def _clients(self) -> _Clients:
        """The clients of this process."""
        clients = self._per_process.get(os.getpid())
        return clients or self._per_process.setdefault(os.getpid(), _Clients(self.target))

    def _date(self) -> datetime | None:
        """AWS's time in the answer of the call that this thread has just made."""
        date: datetime | None = self._clients().attempts.date
        return date

    def _notify(self, call: AwsCall) -> None:
        for listener in self.on_call:
            try:
                listener(call)
            except Exception:
                logger.exception("A listener failed on %s", call.operation)


_default: AwsSession | None = None
_chosen: list[AwsSession] = []


def current_session() -> AwsSession:
    """The session that `use_session` chose, or the process's own session, made from the settings.

    It reads the settings each time, so it finds an embedded AWS that was restarted.
    Raises EmbeddedNotRunning or Misconfigured.
    """
    global _default
    if _chosen:
        return _chosen[-1]
    target = resolve_target()
    if _default is None or _default.target != target:
        _default = AwsSession(target, limiter=default_limiter(target))
        _default.on_call.append(_pass_date_on)
    return _default


def _pass_date_on(call: AwsCall) -> None:
    """Give AWS's time to whom it concerns (`aws_dates`)."""
    if call.date is not None:
        for note in contributed("aws_dates"):
            note(call.date, call.seconds)


@contextmanager
def use_session(session: AwsSession) -> Iterator[AwsSession]:
    """Inside this context, `current_session()` returns `session` in all threads of the process."""
    _chosen.append(session)
    try:
        yield session
    finally:
        _chosen.remove(session)


def default_limiter(target: Target) -> Limiter:
    """A limiter that all processes share through Redis; in embedded mode one of this process."""
    rates = rates_of(configured_rates(), target.rate_factor)
    if target.embedded or not redis_servers.is_redis(url := broker_url()):
        return Limiter(LocalQueues(), rates)
    client = redis_servers.client(url, redis_options(), timeout=1)
    return Limiter(RedisQueues(client, prefix=PREFIX), rates)
