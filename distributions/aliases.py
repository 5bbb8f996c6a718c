"""The aliases of distributions: which domain of the house leads to which, and the record that DNS needs.

A distribution is created without its alias and plays by its own domain. The driver then gives it the alias,
or moves it from a distribution of ours that had it before, and last points the DNS record there.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from distributions.models import Desired, Distribution, State


@dataclass(frozen=True)
class Record:
    """A DNS record that somebody has to make where StreamHub does not: a plain CNAME does."""

    name: str
    value: str
    type: str = "CNAME"


def names_seen(row: Distribution) -> list[str]:
    """The alternate domain names that CloudFront has for it, as last read."""
    return [name for name in row.aliases_seen.split(",") if name]


def has_alias(row: Distribution) -> bool:
    """Whether CloudFront has given it the alias that it is to have."""
    return bool(row.alias) and row.alias in names_seen(row)


def host(row: Distribution) -> str:
    """The domain that viewers are given: its alias once it leads there, else CloudFront's; "": none yet."""
    return row.alias if row.alias_serves and has_alias(row) else row.domain_name


def alias_wanted(row: Distribution) -> bool:
    """Whether it is to have its alias now."""
    return bool(row.alias) and row.attached and row.desired == Desired.ENABLED


def alias_due(row: Distribution) -> bool:
    """Whether it lacks the alias that it is to have."""
    return alias_wanted(row) and bool(settings.CLOUDFRONT_CERTIFICATE_ARN) and not has_alias(row)


def is_addable(row: Distribution) -> bool:
    """Whether the alias that it lacks can be given to it now.

    Not beside a former one, which is to be known until the settings have taken it off.
    """
    return alias_due(row) and row.alias_given in ("", row.alias)


def point_due(row: Distribution) -> bool:
    """Whether its alias is in place, and the DNS record that StreamHub keeps does not lead there."""
    here = alias_wanted(row) and has_alias(row) and bool(settings.ROUTE53_ZONE_ID)
    return here and row.alias_points_to != row.domain_name


def unpoint_due(row: Distribution) -> bool:
    """Whether a DNS record of ours is to go: its distribution goes, or has another alias."""
    if not row.alias_record or not settings.ROUTE53_ZONE_ID:
        return False
    goes = row.desired == Desired.DELETED or row.state == State.MISSING
    return goes or record_name(row) != row.alias


def record_name(row: Distribution) -> str:
    return row.alias_record.partition(" ")[0]


def record_to_make(row: Distribution) -> Record | None:
    """The record that the house has to make itself; None if StreamHub makes it, or there is no alias."""
    if not alias_wanted(row) or not row.domain_name or settings.ROUTE53_ZONE_ID:
        return None
    return Record(row.alias, row.domain_name)


def heir(row: Distribution) -> Distribution | None:
    """The distribution that is to have the name of its record now."""
    others = Distribution.objects.filter(attached=True, alias=record_name(row)).exclude(pk=row.pk)
    return others.first()


def holder(row: Distribution) -> Distribution | None:
    """Another distribution that CloudFront shows with its alias, and that is ours: not one handed over."""
    others = Distribution.objects.filter(
        alias_given=row.alias, gone_at=None, delete_accepted_at=None, handed_over_at=None
    )
    return next((other for other in others.exclude(pk=row.pk) if row.alias in names_seen(other)), None)
