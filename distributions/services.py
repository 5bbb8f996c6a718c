"""The verbs on distributions. Only these functions write their intent.

A verb locks the owner's row, then the distribution's, records `who` asked, and returns at once; the driver
does the work. Verbs raise `Forbidden`, and `NotPossible` with the state and what is possible instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from distributions import delivery, guards, owners
from distributions.guards import Home
from distributions.models import Desired, Distribution, PriceClass, ReaperRun, State
from distributions.reaper_runs import run_open
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle import intent, states, wake
from streamhub.lifecycle.models import Priority, error_fields
from streamhub.task_names import QueueName, TaskName


@transaction.atomic
def distribution_create(
    origin_url: str,
    *,
    owner_label: str,
    who: Actor,
    why: str = "created",
    tags: dict[str, str] | None = None,
    priority: Priority = Priority.CREATE,
    origin_secret: str = "",
    alias: str = "",
) -> Distribution:
    """Create the row of a distribution for `origin_url`, attached. The driver creates it on CloudFront.

    `origin_secret`: the ARN of the secret that the origin wants to see; "" for an open origin. `alias`: the
    domain of the house that is to lead to it, once it is deployed; "" for none.
    """
    row = Distribution.objects.create(
        origin_url=origin_url,
        owner_label=owner_label[:128],
        tags=tags or {},
        price_class=settings.CLOUDFRONT_PRICE_CLASS,
        origin_secret=origin_secret,
        alias=alias,
        desired=Desired.ENABLED,
        priority=priority,
    )
    states.record_created(row, who=who, why=why)
    intent.set_desired(row, priority=priority)
    return row


def _locked(row: Distribution) -> Distribution:
    """Lock the owner's row, then the distribution's: the lock order used everywhere."""
    owner_id = owners.owner().owner_id(row)
    owners.owner().lock(row)
    locked = _locked_alone(row)
    if owners.owner().owner_id(locked) not in (owner_id, None):
        # Attached while we waited: the new owner is not locked, and locking it now breaks the lock order.
        raise NotPossible(_("The distribution was attached just now. Try again."), state=locked.state)
    return locked


def _locked_alone(row: Distribution) -> Distribution:
    locked = Distribution.objects.select_for_update().filter(pk=row.pk).first()
    if locked is None:
        raise NotPossible(_("The distribution is deleted."), state=Desired.DELETED)
    audit.locked(locked)
    return locked


def situation_of(
    row: Distribution, home: Home | None = None, *, wanted_price_class: str = ""
) -> guards.Situation:
    """What the guards need to know, for services and pages. `home`: given if the caller knows it."""
    owner = owners.owner()
    if home is None:
        home = Home.TAKEN if row.attached else owner.home(row)
    return guards.Situation(
        state=row.state,
        desired=row.desired,
        attached=row.attached,
        protected=row.protected,
        holds=tuple(owner.holds(row)),
        has_error=bool(row.error_code),
        waits_for_person=row.person_needed_at is not None and row.claim_token is None,
        home=home,
        price_class=row.price_class or row.price_class_seen,
        wanted_price_class=wanted_price_class,
    )


@transaction.atomic
@audit.verb("distributions.detach_distribution")
def distribution_detach(row: Distribution, *, who: Actor, why: str = "detached") -> Distribution:
    """Detach it from its owner. It is disabled, then stale, and the reaper deletes it. Idempotent."""
    row = _locked(row)
    if not guards.check("detach", situation_of(row)):
        return row
    owners.owner().release(row)
    return _set_deleted(row, who=who, why=why)


@transaction.atomic
@audit.verb("distributions.delete_distribution")
def distribution_delete(row: Distribution, *, who: Actor, why: str = "deletion requested") -> Distribution:
    """Delete an unattached distribution: it is disabled, then the reaper deletes it. Idempotent."""
    row = _locked(row)
    if not guards.check("delete", situation_of(row)):
        return row
    return _set_deleted(row, who=who, why=why)


def _set_deleted(row: Distribution, *, who: Actor, why: str) -> Distribution:
    states.record(row, row.state, row.state, who=who, why=why)
    intent.set_desired(row, desired=Desired.DELETED, priority=Priority.DELETE, attached=False)
    return row


@transaction.atomic
@audit.verb("distributions.keep_distribution")
def distribution_keep(row: Distribution, *, who: Actor) -> Distribution:
    """Cancel a deletion: the distribution stays, disabled and unattached."""
    row = _locked(row)
    guards.check("keep", situation_of(row))
    why = "deletion cancelled: kept disabled"
    if row.state == State.DELETING:
        states.change(row, State.DISABLED, who=who, why=why, person_needed_at=None, **error_fields(None))
    else:
        states.record(row, row.state, row.state, who=who, why=why)
    intent.set_desired(row, desired=Desired.DISABLED, priority=Priority.CREATE)
    return row


@transaction.atomic
@audit.verb("distributions.reattach_distribution")
def distribution_reattach(
    row: Distribution, *, owner_label: str, home: Home, who: Actor, alias: str = ""
) -> Distribution:
    """Attach it again and enable it; possible only while disabling or disabled. `alias`: as of a new one.

    The caller has locked the owner, says by `home` whether it is free, and sets the owner's pointer.
    """
    row = _locked_alone(row)
    guards.check("reattach", situation_of(row, home))
    states.record(row, row.state, row.state, who=who, why=f"re-attached to {owner_label}")
    intent.set_desired(
        row,
        desired=Desired.ENABLED,
        priority=Priority.START,
        attached=True,
        owner_label=owner_label[:128],
        alias=alias,
        alias_leaving=False,
    )
    return row


@transaction.atomic
@audit.verb("distributions.price_distribution")
def distribution_price_class_change(
    row: Distribution, price_class: str, *, who: Actor, why: str = "price class"
) -> Distribution:
    """Want another price class, from which the edges and the price per byte follow. Idempotent.

    CloudFront takes minutes to deploy it. Raises `Invalid` for one that CloudFront does not have.
    """
    if price_class not in PriceClass.values:
        raise Invalid({"price_class": _("Use one of %(values)s.") % {"values": ", ".join(PriceClass.values)}})
    row = _locked(row)
    if not guards.check("price", situation_of(row, wanted_price_class=price_class)):
        return row
    before = row.price_class or row.price_class_seen or "not known"
    states.record(row, row.state, row.state, who=who, why=f"{why}: {before} to {price_class}")
    pending = bool(row.aws_distribution_id or row.create_sent_at or row.claim_token)
    intent.set_desired(
        row,
        priority=Priority.CREATE,
        price_class=price_class,
        price_class_pending=pending,
        price_class_chosen=True,
    )
    return row


@transaction.atomic
@audit.verb("distributions.sync_distribution")
def distribution_sync(row: Distribution, *, who: Actor) -> Distribution:
    """Have a worker read its status and configuration from CloudFront."""
    row = _locked(row)
    guards.check("sync", situation_of(row))
    intent.set_desired(row, priority=Priority(row.priority), observe_requested=True, config_requested=True)
    return row


def distribution_config_request(row: Distribution) -> None:
    """Have the next step read CloudFront's configuration. Takes no lock: it only asks for a read."""
    if row.aws_distribution_id and not row.config_requested:
        Distribution.objects.filter(pk=row.pk).update(config_requested=True)
        intent.requeue(Distribution, [row.pk])


@transaction.atomic
@audit.verb("distributions.run_reaper")
def reaper_run(*, who: Actor) -> ReaperRun:
    """Begin a run of the reaper now, or return the one under way. Idempotent while it lasts."""
    run = run_open(who)
    transaction.on_commit(lambda: wake.send_safely(TaskName.DELETE_STALE_DISTRIBUTIONS, QueueName.BULK))
    return run


def viewer_keys_look() -> None:
    """Have the job look at the viewers' keys and policy now, on commit. Nothing without a key group."""
    if settings.CLOUDFRONT_KEY_GROUP_ID:
        transaction.on_commit(lambda: wake.send_safely(TaskName.OBSERVE_VIEWER_KEYS, QueueName.URGENT))


@transaction.atomic
def distribution_tags_change(row: Distribution, tags: dict[str, str], *, who: Actor) -> None:
    """Replace its tags: called by the verb of its owner, which has checked the permission and locked itself.

    A creation that CloudFront refused is tried again with the new tags.
    """
    row = _locked_alone(row)
    why, priority = "tags changed", _priority(row)
    if row.state == State.FAILED and not row.aws_distribution_id and row.desired == Desired.ENABLED:
        states.change(row, State.PENDING, who=who, why=why, failed_step="", **error_fields(None))
    else:
        states.record(row, row.state, row.state, who=who, why=why)
    pending = bool(row.aws_distribution_id or row.create_sent_at or row.claim_token)
    removed = removed_keys(row.tags_removed, row.tags, tags)
    intent.set_desired(row, priority=priority, tags=tags, tags_removed=removed, tags_pending=pending)


@transaction.atomic
def distribution_settings_apply(row: Distribution, *, alias: str, who: Actor) -> None:
    """Want the settings of the house, and this alias.

    Called by the verb of its owner, which has checked and locked itself. CloudFront gets them once the
    distribution has settled and nothing is on air on it.
    """
    row = _locked_alone(row)
    names = delivery.differing(row)
    if not names:
        return
    states.record(row, row.state, row.state, who=who, why=f"settings to apply: {', '.join(names)}")
    fields: dict[str, Any] = {
        "settings_pending": row.settings_pending or names != [delivery.PRICE_CLASS],
        "alias": alias,
    }
    if delivery.PRICE_CLASS in names:
        fields |= {"price_class": settings.CLOUDFRONT_PRICE_CLASS, "price_class_pending": True}
    intent.set_desired(row, priority=Priority.CREATE, **fields)


@transaction.atomic
def distribution_origin_secret_change(row: Distribution, secret: str, *, who: Actor) -> None:
    """Its origin endpoint wants to see another secret (ARN; "": none). Called by its owner's driver."""
    row = _locked_alone(row)
    now = "closed: CloudFront is to send its header" if secret else "open: CloudFront is to send no header"
    states.record(row, row.state, row.state, who=who, why=f"its origin endpoint is now {now}")
    pending = bool(row.aws_distribution_id or row.create_sent_at or row.claim_token)
    intent.set_desired(
        row, priority=Priority.START, origin_secret=secret, settings_pending=row.settings_pending or pending
    )


def _priority(row: Distribution) -> Priority:
    """Urgent only while a breakout on air needs it: what is done to many others must not hold up a show."""
    if owners.owner().holds(row):
        return Priority.START
    return Priority.CREATE if row.attached else Priority.DELETE


def removed_keys(already: Iterable[str], before: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """The keys to take off on AWS: those that were set, and those not yet taken off, without the wanted."""
    return sorted({*already, *before} - wanted.keys())


@transaction.atomic
@audit.verb("distributions.retry_distribution")
def distribution_retry(row: Distribution, *, who: Actor) -> Distribution:
    """Try the failed or waiting step again now. Raises `NotPossible` if there is nothing to retry."""
    row = _locked(row)
    guards.check("retry", situation_of(row))
    if row.state == State.FAILED:
        fields: dict[str, Any] = {"failed_step": "", **error_fields(None)}
        to = State.DEPLOYING if row.aws_distribution_id else State.PENDING
        states.change(row, to, who=who, why="retried", **fields)
    # Retry also accepts an edit made in CloudFront's console: without own_etag any ETag is accepted. What
    # CloudFront accepted and does not show is sent once more.
    intent.set_desired(
        row,
        priority=_priority(row),
        observe_requested=True,
        own_etag="",
        alias_not_taken="",
    )
    return row
