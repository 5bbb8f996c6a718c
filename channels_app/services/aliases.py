"""The aliases of channels: the domain of the house under which viewers reach a channel, whatever delivers it.

A channel gets its label when it is created and keeps it when it is renamed: links that were given out stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import count

from django.conf import settings

from channels_app.models import Channel
from channels_app.models.channel import Desired

LABEL_MAX = 63  # characters of a label in DNS
_OTHERS = re.compile(r"[^a-z0-9]+")


def alias_of(channel: Channel) -> str:
    """Its alias; "" without an alias domain, or for a channel without a label."""
    domain = settings.CLOUDFRONT_ALIAS_DOMAIN
    return f"{channel.alias_label}.{domain}" if domain and channel.alias_label else ""


def slug(name: str) -> str:
    """A label of DNS for a name: lower-case letters, digits and dashes; "channel" if nothing is left."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode().lower()
    return _OTHERS.sub("-", plain).strip("-")[:LABEL_MAX].strip("-") or "channel"


def free_label(name: str) -> str:
    """The slug of a name, with a number behind it if another channel has it. One query.

    One that is being deleted has none any more: a channel that is made again gets the address that it had.
    """
    wanted = slug(name)
    living = Channel.objects.exclude(desired=Desired.DELETED)
    taken = set(
        living.filter(alias_label__startswith=wanted[: LABEL_MAX - 8]).values_list("alias_label", flat=True)
    )
    return next(label for label in _numbered(wanted) if label not in taken)


def _numbered(wanted: str) -> Iterator[str]:
    yield wanted
    for number in count(2):
        yield f"{wanted[: LABEL_MAX - len(str(number)) - 1].rstrip('-')}-{number}"
