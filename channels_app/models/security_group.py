"""The SecurityGroup row: one MediaLive input security group per set of CIDRs."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.db import models
from django.utils.translation import gettext_lazy as _

from streamhub.clock import from_now
from streamhub.lifecycle.models import ManagedResource, due_indexes
from streamhub.postgresql.trigrams import TrigramIndex

NOBODY = "nobody"
# The longest that a call can take: two attempts, each 2 s to connect and 10 s to an answer, and a pause.
LONGEST_CALL = timedelta(seconds=30)


class SecurityGroup(ManagedResource):
    """A group that the channels with these CIDRs share. Desired `present` while a channel uses it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        READY = "ready", _("Ready")
        DELETING = "deleting", _("Deleting")
        FAILED = "failed", _("Failed")

    class Desired(models.TextChoices):
        PRESENT = "present", _("Present")
        DELETED = "deleted", _("Deleted")

    STATES = State
    KIND = "security group"

    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    desired = models.CharField(max_length=16, choices=Desired.choices, default=Desired.PRESENT)
    # The sorted CIDRs, joined with commas: the identity of the group.
    cidrs = models.CharField(max_length=255, unique=True)
    # The rules on MediaLive as last read, in the form of `cidrs`, or `NOBODY`; empty: not read yet.
    rules = models.TextField(blank=True, default="", editable=False)
    aws_id = models.CharField(max_length=32, blank=True, default="")
    # What its tags say about ownership, as last read ("": not read yet).
    mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    create_sent_at = models.DateTimeField(null=True, blank=True)
    delete_accepted_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            *due_indexes("security_group"),
            TrigramIndex(fields=["cidrs"], name="security_group_search"),
            models.Index(fields=["aws_id"], name="security_group_aws_id"),
        ]

    def __str__(self) -> str:
        return ", ".join(self.cidr_list)

    @classmethod
    def unseen_effect(cls) -> models.Q:
        """A create takes no token. While it may be under way, a list without the group proves nothing."""
        return models.Q(aws_id="", create_sent_at__gt=from_now(-LONGEST_CALL))

    @property
    def in_use(self) -> bool:
        """Whether a channel wants it, or an input has it until it gets another."""
        return self.channels.exists() or self.leaving_channels.exists()

    @property
    def cidr_list(self) -> list[str]:
        return self.cidrs.split(",")

    @property
    def rules_differ(self) -> bool:
        """Whether MediaLive lets other addresses in than it should."""
        if not self.rules:
            return False
        return self.rules == NOBODY or _networks(self.rules) != _networks(self.cidrs)


def _networks(cidrs: str) -> set[IPv4Network | IPv6Network]:
    return {ip_network(cidr, strict=False) for cidr in cidrs.split(",")}
