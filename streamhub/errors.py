"""StreamHub's errors.

`streamhub.aws` raises `AwsError` and its subclasses. It turns every botocore exception into exactly one of
them, so that no caller sees a botocore code. Services raise `VerbError` and its subclasses for a verb that
cannot be carried out; the API and the admin turn them into answers.

What each AWS error means for a step (docs/architecture.md, "Life cycle"):

=================  ==========================================================================
`NotFound`         the service's own code for *missing*; evidence, but no proof yet
`AlreadyExists`    the idempotency reference was used before; `existing_id` if AWS returned it
`Conflict`         the resource's state forbids the call: observe, then decide again
`Retryable`        try again for ever: throttles, 5xx, timeouts; with `effect_unknown` the call
                   may have taken effect
`AccessDenied`     a `Retryable` that staff must solve
`QuotaExceeded`    a `Retryable` that waits for a higher quota or fewer resources
`QuotaFull`        a `QuotaExceeded` that StreamHub knew before: no call was sent
`NotKnownYet`      a `Retryable` about something just created that another service does not know yet;
                   it becomes `Refused` if AWS still says so after two minutes
`ActionRequired`   a `Retryable` that lasts until a person has acted in AWS: tried once a day
`Refused`          AWS refuses the input; repeating the call cannot help
`HandedOver`       the resource carries no mark of ours any more: change nothing, tell a person
=================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# The error code of a row whose resource carries no mark of ours any more.
HANDED_OVER = "handed_over"
# The error code of a row that waits for a place in a full quota.
QUOTA_FULL = "quota_full"


class StreamHubError(Exception):
    """Base of all errors that StreamHub raises on purpose."""


class Misconfigured(StreamHubError):
    """A setting is not valid. The message says which one and what to write instead."""


class EmbeddedNotRunning(StreamHubError):
    """Embedded mode is chosen, but its process is not running. The message says what to run."""


class NotSent(StreamHubError):
    """StreamHub's own rate limit has no token yet, so the call was not sent. Nothing happened on AWS.

    `after`: the seconds until the caller's turn. It is no answer of AWS and no failure: see `Claim.sending`.
    `throttle`: AWS throttled the call, which had no effect, and the caller takes its turn in the line again.
    """

    def __init__(self, operation: str, after: float, throttle: Throttled | None = None) -> None:
        super().__init__(f"{operation} waits {after:.1f} s for its turn at StreamHub's own rate limit.")
        self.operation = operation
        self.after = after
        self.throttle = throttle


class AwsError(StreamHubError):
    """An AWS call did not succeed.

    `operation` is `service:Operation` (e.g. `cloudfront:CreateDistribution`). `code` is AWS's error code, or
    the name of botocore's exception if there was no answer. `request_id` is AWS's, or None.
    `needs_person`: waiting does not help; a person has to do something. `hint`: what to do, if that is known.
    `validation`: AWS's single reasons, each the path of an element of the request and what is wrong with it.
    """

    needs_person = False
    hint = ""

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        code: str = "",
        request_id: str | None = None,
        status: int | None = None,
        validation: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.code = code
        self.request_id = request_id
        self.status = status
        self.validation = tuple(validation)

    def __str__(self) -> str:
        operation = f"{self.operation}: " if self.operation else ""
        code = f"{self.code}: " if self.code else ""
        return f"{operation}{code}{self.in_full}"

    @property
    def about(self) -> dict[str, Any]:
        """What AWS said apart from the message, to raise it as another error."""
        names = ("operation", "code", "request_id", "status", "validation")
        return {name: getattr(self, name) for name in names}

    @property
    def in_full(self) -> str:
        """The message, and those of AWS's single reasons that it does not repeat."""
        missing = [f"{path}: {text}" for path, text in self.validation if text not in self.message]
        return "; ".join([self.message, *missing])


class NotFound(AwsError):
    """AWS answered with the service's own code for *missing* (AWS_RULES 29)."""


class AlreadyExists(AwsError):
    """The caller's reference or id is taken. `existing_id`: the resource that has it, if AWS returned it."""

    def __init__(self, message: str, *, existing_id: str | None = None, **about: object) -> None:
        super().__init__(message, **about)  # type: ignore[arg-type]
        self.existing_id = existing_id


class Conflict(AwsError):
    """The resource's current state, or a newer version of it, forbids the call."""


class Refused(AwsError):
    """AWS refuses the input. Only other input can help."""

    needs_person = True


class HandedOver(AwsError):
    """The resource carries no mark of ours any more: somebody gave it to others. StreamHub leaves it so."""

    needs_person = True

    def __init__(self, message: str) -> None:
        super().__init__(message, code=HANDED_OVER)


class Retryable(AwsError):
    """Another attempt may succeed. `after`: the least seconds to wait; None: the usual backoff."""

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
    """AWS allows no more calls for now."""

    hint = "AWS takes fewer calls for now. StreamHub calls less often and tries again by itself; shows go on."


class AccessDenied(Retryable):
    """The credentials do not allow this. Staff must correct them or their policy."""

    needs_person = True
    hint = (
        "Give StreamHub's AWS credentials this permission: manage.py iam_policy prints the policy. "
        "StreamHub tries again automatically."
    )


class QuotaExceeded(Retryable):
    """The account has reached its quota for this kind of resource."""

    hint = (
        "Stop or delete what nobody needs, or ask AWS for a higher quota (Service Quotas). "
        "StreamHub tries again automatically; Retry does so at once."
    )


class QuotaFull(QuotaExceeded):
    """StreamHub knows that the quota is full, so it sent no call. `after`: when to ask again, in seconds."""

    def __init__(self, message: str, *, after: float, hint: str = "") -> None:
        super().__init__(message, after=after, code=QUOTA_FULL)
        self.hint = hint


class NotKnownYet(Retryable):
    """AWS does not know yet what was created a moment ago, or it never will (`lifecycle.settling`)."""


class ActionRequired(Retryable):
    """AWS refuses until a person has acted in AWS. `hint`: what to do, in words."""

    needs_person = True

    def __init__(self, message: str, *, hint: str, **about: object) -> None:
        super().__init__(message, **about)  # type: ignore[arg-type]
        self.hint = hint


class VerbError(StreamHubError):
    """A verb cannot be carried out."""


class NotPossible(VerbError):
    """Not possible in this state. `state` is the current state, `possible` what can be done."""

    def __init__(self, detail: str, *, state: str = "", possible: list[str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.state = state
        self.possible = possible or []


class Gone(VerbError):
    """What the verb is about was deleted in the meantime."""


class Invalid(VerbError):
    """Invalid input. `errors` maps each field to what is wrong and what to do."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors.items()))
        self.errors = errors


class Forbidden(VerbError):
    """The user or service lacks the permission for the verb."""
