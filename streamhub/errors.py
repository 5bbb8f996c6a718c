"""The house's errors.

Two families. `AwsError` and its children are what `streamhub.aws` raises: every botocore
exception is turned into exactly one of them at the border, so that no caller ever looks at a
botocore code. `VerbError` and its children are what services raise when a person or another
service asks for something that cannot be done; the API and the admin turn them into answers.

What each AWS error means to the reconciler (DESIGN.md, "Errors"):

=================  ==========================================================================
`NotFound`         the service's own code for *missing*; evidence, not yet proof
`AlreadyExists`    the idempotency reference was used before; `existing_id` if AWS named it
`Conflict`         the resource is in a state that forbids the call: look again, then decide
`Retryable`        try again for ever: throttles, 5xx, timeouts; `effect_unknown` says whether
                   the call may have taken effect
`AccessDenied`     a `Retryable` that a person has to mend
`QuotaExceeded`    a `Retryable` that waits for room in the account
`Refused`          AWS refuses the input; repeating it is pointless
=================  ==========================================================================
"""

from __future__ import annotations


class StreamHubError(Exception):
    """Base of all errors that StreamHub raises on purpose."""


class Misconfigured(StreamHubError):
    """A setting makes no sense; the sentence says which one and what to write instead."""


class EmbeddedNotRunning(StreamHubError):
    """Embedded mode is chosen, but nothing embedded is running; the sentence says what to run."""


class AwsError(StreamHubError):
    """An AWS call did not succeed.

    `operation` is `service:Operation` (e.g. `cloudfront:CreateDistribution`), `code` AWS's own
    error code (or a botocore exception's name when no answer came), `request_id` AWS's request id
    or None.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        code: str = "",
        request_id: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.code = code
        self.request_id = request_id
        self.status = status

    def __str__(self) -> str:
        where = f"{self.operation}: " if self.operation else ""
        code = f"{self.code}: " if self.code else ""
        return f"{where}{code}{self.message}"


class NotFound(AwsError):
    """AWS answered with the service's own code for *missing* (AWS_RULES 29)."""


class AlreadyExists(AwsError):
    """The caller's reference or id is taken; `existing_id` is what AWS named, if it did."""

    def __init__(self, message: str, *, existing_id: str | None = None, **about: object) -> None:
        super().__init__(message, **about)  # type: ignore[arg-type]
        self.existing_id = existing_id


class Conflict(AwsError):
    """The resource's present state, or a newer version of it, forbids the call."""


class Refused(AwsError):
    """AWS refuses the input; only other input can help."""


class Retryable(AwsError):
    """Worth another attempt. `after`: seconds to wait at least, None for the usual backoff."""

    def __init__(
        self,
        message: str,
        *,
        after: float | None = None,
        effect_unknown: bool = False,
        **about: object,
    ) -> None:
        super().__init__(message, **about)  # type: ignore[arg-type]
        self.after = after
        self.effect_unknown = effect_unknown


class Throttled(Retryable):
    """AWS, or StreamHub's own shared rate limit, said "not so fast"."""


class AccessDenied(Retryable):
    """The credentials may not do this; somebody has to mend the policy."""


class QuotaExceeded(Retryable):
    """The account has no room for another one of these."""


class VerbError(StreamHubError):
    """A verb was asked for that cannot be carried out."""


class NotPossible(VerbError):
    """Not possible in this state. `state` is the present one, `possible` what can be done."""

    def __init__(self, detail: str, *, state: str = "", possible: list[str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.state = state
        self.possible = possible or []


class Invalid(VerbError):
    """Bad input. `errors` maps each field to what is wrong with it and what to do."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {what}" for field, what in errors.items()))
        self.errors = errors


class Forbidden(VerbError):
    """The person or service lacks the permission that the verb needs."""
