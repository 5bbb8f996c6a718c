"""The verbs of endpoints and deliveries. Only staff call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext, gettext_lazy

from streamhub.access import audit, snapshot
from streamhub.access.actors import Actor
from streamhub.access.permissions import permit
from streamhub.clock import database_now
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle.models import new_uid
from streamhub.webhooks import signatures, turns
from streamhub.webhooks.destination import NotAllowed, destination, same_place
from streamhub.webhooks.keys import sealed
from streamhub.webhooks.kinds import TEST, event_kinds, usage_kinds
from streamhub.webhooks.models import METERS, Delivery, DeliveryState, Endpoint, Event, Format
from streamhub.webhooks.spreading import BATCH, deliveries_add

OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=30)
REPLAY_MOST = 20_000
FORGETS = gettext_lazy("Stripe forgets an id after a day, and would count the usage twice.")


@dataclass(frozen=True)
class Wanted:
    """What an endpoint is to be. `api_key` "": none, or the one for this host. Meters get all usage."""

    name: str
    url: str
    kinds: Sequence[str] = ()
    event_name: str = ""
    default_customer: str = ""
    api_key: str = field(default="", repr=False)


@transaction.atomic
def endpoint_add(wanted: Wanted, form: str, *, who: Actor) -> tuple[Endpoint, str]:
    """Add a receiver. Returns it with its signing secret, which is not shown again ("": a meter has none).

    Raises Invalid, Forbidden.
    """
    permit(who, "webhooks.add_endpoint")
    if form not in Format.values:
        raise Invalid({"format": gettext("%(format)s is no format.") % {"format": repr(form)}})
    plain = "" if form in METERS else signatures.new_secret()
    row = Endpoint(format=form, owner=who.user, signing_secret=sealed(plain))
    _set(row, wanted)
    row.save()
    row.refresh_from_db()
    audit.record("add_endpoint", row, who=who, after=snapshot.created(snapshot.snapshot(row)))
    return row, plain


@transaction.atomic
@audit.verb("webhooks.edit_endpoint")
def endpoint_edit(endpoint: Endpoint, wanted: Wanted, *, who: Actor) -> Endpoint:
    """Change it. What waits goes to a new address, or with a new key, at once. Raises Invalid."""
    row = _locked(endpoint)
    before = _receiver(row)
    _set(row, wanted)
    if changed := _receiver(row) != before:
        row.failures, row.failing_since, row.last_error = 0, None, ""
    row.save()
    if changed and row.active:
        _due(row, row.deliveries.filter(state=DeliveryState.WAITING))
    return row


@transaction.atomic
@audit.verb("webhooks.pause_endpoint")
def endpoint_pause(endpoint: Endpoint, *, who: Actor) -> Endpoint:
    """Send nothing to it; its events wait. Raises NotPossible."""
    row = _locked(endpoint)
    check_pause(row)
    row.active = False
    row.save(update_fields=["active"])
    return row


@transaction.atomic
@audit.verb("webhooks.pause_endpoint")
def endpoint_resume(endpoint: Endpoint, *, who: Actor) -> Endpoint:
    """Send what has waited, and what comes. Raises NotPossible."""
    row = _locked(endpoint)
    check_resume(row)
    row.active, row.paused_because, row.failures, row.failing_since = True, "", 0, None
    row.save(update_fields=["active", "paused_because", "failures", "failing_since"])
    _due(row, row.deliveries.filter(state=DeliveryState.WAITING))
    return row


@transaction.atomic
@audit.verb("webhooks.rotate_endpoint")
def endpoint_rotate(endpoint: Endpoint, *, who: Actor, overlap: timedelta = OVERLAP) -> str:
    """Give it a new signing secret, which is returned and not shown again. The old one signs too for a while.

    Raises NotPossible for a meter, Invalid.
    """
    row = _locked(endpoint)
    check_rotate(row)
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Invalid(
            {"overlap_hours": gettext("Give 0 to %(hours)s hours.") % {"hours": LONGEST_OVERLAP.days * 24}}
        )
    plain = signatures.new_secret()
    row.old_secret, row.old_secret_until = row.signing_secret, database_now() + overlap
    row.signing_secret = sealed(plain)
    row.save(update_fields=["old_secret", "old_secret_until", "signing_secret"])
    return plain


@transaction.atomic
@audit.verb("webhooks.test_endpoint")
def endpoint_test(endpoint: Endpoint, *, who: Actor) -> Delivery:
    """Send an event of the kind `test`, to this endpoint alone. Raises NotPossible for a meter."""
    row = _locked(endpoint)
    check_test(row)
    event = Event.objects.create(
        key=f"test:{new_uid()}",
        kind=TEST,
        subject=f"endpoint/{row.pk}",
        data={"message": "This is a test.", "endpoint": row.name, "who": str(who)},
        spread=True,
    )
    delivery = Delivery.objects.create(endpoint=row, event=event)
    _due(row, row.deliveries.filter(pk=delivery.pk))
    return delivery


@transaction.atomic
@audit.verb("webhooks.replay_endpoint", about=lambda endpoint, **_: audit.Subject.of(endpoint))
def endpoint_replay(
    endpoint: Endpoint,
    *,
    who: Actor,
    since: datetime,
    until: datetime | None = None,
    everything: bool = False,
) -> str:
    """Send what happened from `since` to `until` again, with the ids that it had. Returns how much, in words.

    Without `everything` only what the endpoint did not get. Raises Invalid.
    """
    row = _locked(endpoint)
    if everything and row.format == Format.STRIPE:
        raise Invalid({"which": gettext("%(forgets)s Choose what it did not get.") % {"forgets": FORGETS}})
    events = Event.objects.filter(kind__in=row.kinds, at__gte=since, at__lt=until or database_now())
    if not everything:
        had = row.deliveries.filter(state__in=(DeliveryState.DELIVERED, DeliveryState.WAITING))
        events = events.exclude(pk__in=had.values("event"))
    found = list(events.order_by("pk").only("pk", "kind")[: REPLAY_MOST + 1])
    if len(found) > REPLAY_MOST:
        raise Invalid(
            {
                "since": gettext("These are more than %(replay_most)s events: choose a shorter time.")
                % {"replay_most": f"{REPLAY_MOST:,}"}
            }
        )
    deliveries_add(found, [row])
    for n in range(0, len(found), BATCH):
        _due(row, row.deliveries.filter(event__in=found[n : n + BATCH]))
    which = "all events" if everything else "events that it did not get"
    end = f" until {until:%Y-%m-%d %H:%M} UTC" if until else ""
    return f"{len(found):,} of {which} since {since:%Y-%m-%d %H:%M} UTC{end} are sent again."


@transaction.atomic
@audit.verb("webhooks.dismiss_endpoint", about=lambda endpoint, **_: audit.Subject.of(endpoint))
def endpoint_dismiss(endpoint: Endpoint, *, who: Actor) -> str:
    """Nobody needs what it did not get: the alarm about it ends. Returns how much, in words."""
    row = _locked(endpoint)
    check_dismiss(row)
    failed = row.deliveries.filter(state=DeliveryState.FAILED)
    count = failed.update(state=DeliveryState.DISMISSED, state_since=Now())
    return f"{count:,} events that it did not get are dismissed."


@transaction.atomic
def endpoint_delete(endpoint: Endpoint, *, who: Actor) -> None:
    """Delete it with its deliveries. The events stay for the others. Raises Forbidden."""
    permit(who, "webhooks.delete_endpoint")
    row = _locked(endpoint)
    audit.record("delete_endpoint", row, who=who, before=snapshot.created(snapshot.snapshot(row)))
    row.delete()


@transaction.atomic
@audit.verb("webhooks.replay_delivery")
def delivery_replay(delivery: Delivery, *, who: Actor) -> Delivery:
    """Send one event again, with its id. Raises NotPossible."""
    row = audit.lock(Delivery.objects.select_related("endpoint"), delivery)
    if refusal := replay_refusal(row):
        raise NotPossible(refusal)
    _due(row.endpoint, row.endpoint.deliveries.filter(pk=row.pk))
    row.refresh_from_db()
    return row


# --- when they are possible ------------------------------------------------------------------


def check_pause(row: Endpoint) -> None:
    """Each of these raises NotPossible, with the reason."""
    if not row.active:
        raise NotPossible(gettext("It is paused already."))


def check_resume(row: Endpoint) -> None:
    if row.active:
        raise NotPossible(gettext("It is not paused."))


def check_rotate(row: Endpoint) -> None:
    if row.is_meter:
        raise NotPossible(gettext("Its key is the receiver's. Enter the new one with Edit."))


def check_test(row: Endpoint) -> None:
    if row.is_meter:
        raise NotPossible(gettext("A test event would be usage there. Use the receiver's own test mode."))
    if not row.active:
        raise NotPossible(gettext("It is paused: press Resume first."))


def check_dismiss(row: Endpoint) -> None:
    if not row.deliveries.filter(state=DeliveryState.FAILED).exists():
        raise NotPossible(gettext("There is nothing that it did not get."))


def replay_refusal(row: Delivery) -> str | None:
    """Why it cannot be sent again now, or None."""
    if row.state == DeliveryState.DELIVERED and row.endpoint.format == Format.STRIPE:
        return str(FORGETS)
    waits = row.state == DeliveryState.WAITING and not row.attempts
    return gettext("It waits for its first attempt already.") if waits else None


def _locked(endpoint: Endpoint) -> Endpoint:
    return audit.lock(Endpoint.objects.all(), endpoint)


def _receiver(row: Endpoint) -> tuple[str, str]:
    """Who answers: what another one said before tells nothing."""
    return row.url, row.api_secret


def _due(endpoint: Endpoint, deliveries: QuerySet[Delivery]) -> None:
    """Make them due now, from the beginning, and wake the endpoint after the commit."""
    deliveries.update(
        state=DeliveryState.WAITING, state_since=Now(), due_since=Now(), not_before=Now(), attempts=0
    )
    Endpoint.objects.filter(pk=endpoint.pk).update(not_before=Now())
    transaction.on_commit(lambda: turns.wake_endpoint(endpoint))


# --- input -----------------------------------------------------------------------------------


def _set(row: Endpoint, wanted: Wanted) -> None:
    """Write what is wanted into the row. Raises Invalid."""
    errors = endpoint_errors(row, wanted)
    if errors:
        raise Invalid(errors)
    row.name, row.url = wanted.name.strip(), wanted.url.strip()
    row.kinds = usage_kinds() if row.is_meter else sorted(set(wanted.kinds))
    row.event_name, row.default_customer = wanted.event_name.strip(), wanted.default_customer.strip()
    row.api_secret = sealed(wanted.api_key.strip()) or row.api_secret


def endpoint_errors(row: Endpoint, wanted: Wanted) -> dict[str, str]:
    """What is wrong with what a row is to be, by field."""
    errors: dict[str, str] = {}
    name = wanted.name.strip()
    if not 1 <= len(name) <= 64 or not name.isprintable():
        errors["name"] = gettext("Use 1 to 64 visible characters.")
    elif Endpoint.objects.filter(name__iexact=name).exclude(pk=row.pk).exists():
        errors["name"] = gettext("Another endpoint has this name.")
    try:
        destination(wanted.url.strip())
    except NotAllowed as refusal:
        errors["url"] = str(refusal)
    return errors | (_meter_errors(row, wanted) if row.is_meter else _kind_errors(wanted.kinds))


def _kind_errors(kinds: Sequence[str]) -> dict[str, str]:
    if unknown := sorted(set(kinds) - event_kinds().keys()):
        return {"kinds": gettext("There are no such events: %(unknown)s.") % {"unknown": ", ".join(unknown)}}
    return {} if kinds else {"kinds": gettext("Choose one kind of event at least.")}


def _meter_errors(row: Endpoint, wanted: Wanted) -> dict[str, str]:
    errors: dict[str, str] = {}
    key = wanted.api_key.strip()
    if not key and not row.api_secret:
        errors["api_key"] = gettext("The receiver asks for a key: enter it.")
    elif not key and not same_place(row.url, wanted.url.strip()):
        errors["api_key"] = gettext("The key goes to another address now: enter it again, or a new one.")
    elif not key.isascii() or not key.isprintable() or " " in key:
        errors["api_key"] = gettext("A key has ASCII characters without spaces.")
    if row.format == Format.STRIPE and not wanted.event_name.strip():
        errors["event_name"] = gettext("Enter the event name of the meter in Stripe.")
    return errors
