"""Validates what MediaLive pulls: the URLs of each input type, and the credentials for them.

MediaLive fetches a source from inside of AWS, so a source never names a host that is not on the internet.
A host name is not resolved: what it means can change at any time, and `SOURCE_HOSTS` is the limit that holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_app.models.channel import ChannelClass, InputType
from streamhub.internet_addresses import address_of, on_the_internet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SOURCE_MAX = 2048
USERNAME_MAX = 128
USERNAME_PATTERN = r"^[!-~]+$"
# Systems Manager, "Requirements and constraints for parameter names". The slash at the start is our own rule:
# a password that was given instead of a name is refused.
PARAMETER_MAX = 1011
PARAMETER_PATTERN = r"^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"
# MediaLive's limits for `MinimumLatency`, in milliseconds.
LATENCY = (120, 15_000)
STREAM_ID_MAX = 512

_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?"
_HOST = rf"({_NAME}|\[[0-9A-Fa-f:.]+\])"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_QUERY = r"(\?[!-~]*)?"
# MediaLive takes no bucket with a dot in its name ("Supported input types", Amazon S3).
_BUCKET = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"


@dataclass(frozen=True)
class SourceKind:
    """What an input type pulls: its schemes, the pattern of a whole URL, an example, what it is.

    `credentials`: whether MediaLive takes a user name and a password for it.
    """

    schemes: tuple[str, ...]
    pattern: str
    example: str
    what: StrOrPromise
    credentials: bool = True


KINDS: Mapping[str, SourceKind] = {
    InputType.RTMP_PULL.value: SourceKind(
        ("rtmp",),
        rf"^rtmp://{_HOST}(:{_PORT})?/[!-~]+$",
        "rtmp://media.example.com/app/stream",
        gettext_lazy("a stream of an RTMP server"),
    ),
    InputType.URL_PULL.value: SourceKind(
        ("http", "https"),
        rf"^https?://{_HOST}(:{_PORT})?/[!->@-~]*\.[mM]3[uU]8{_QUERY}$",
        "https://media.example.com/live/index.m3u8",
        gettext_lazy("a live HLS playlist"),
    ),
    InputType.MP4_FILE.value: SourceKind(
        ("http", "https", "s3", "s3ssl"),
        rf"^(https?://{_HOST}(:{_PORT})?|s3(ssl)?://{_BUCKET})/[!->@-~]+\.[mM][pP]4{_QUERY}$",
        "https://media.example.com/film.mp4",
        gettext_lazy("an MP4 file"),
    ),
    InputType.SRT_CALLER.value: SourceKind(
        ("srt",),
        rf"^srt://{_HOST}:{_PORT}/?{_QUERY}$",
        "srt://media.example.com:9000?streamid=stage",
        gettext_lazy("a stream of an SRT listener"),
        credentials=False,
    ),
}
# The names of hosts that exist only inside of a network (RFC 6761, RFC 8375, ICANN's list of private names).
_INSIDE = ("localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "arpa")


def sources_needed(channel_class: str) -> int:
    """One source for each pipeline."""
    return 2 if channel_class == ChannelClass.STANDARD else 1


def sources_error(input_type: str, urls: Sequence[str], channel_class: str) -> str | None:
    """Why MediaLive should not pull these URLs, or None."""
    needed = sources_needed(channel_class)
    if len(urls) != needed:
        sources = _("2 source URLs, one for each pipeline") if needed == 2 else _("1 source URL")
        return _(
            "A %(channel_class)s channel with %(input_type)s needs %(sources)s; these are %(count)s."
        ) % {"channel_class": channel_class, "input_type": input_type, "sources": sources, "count": len(urls)}
    return next((error for url in urls if (error := source_error(input_type, url))), None)


def source_error(input_type: str, url: str) -> str | None:
    """Why an input of this type cannot pull the URL, or None."""
    return _text_error(url) or _scheme_error(input_type, url) or _form_error(input_type, url)


def _text_error(url: str) -> str | None:
    if len(url) > SOURCE_MAX:
        return _("A source URL has at most %(source_max)s characters; one has %(count)s.") % {
            "source_max": SOURCE_MAX,
            "count": len(url),
        }
    for position, character in enumerate(url, 1):
        if not "!" <= character <= "~":
            name = unicodedata.name(character, _("a control character"))
            return _(
                "A source URL holds visible ASCII characters only. At position %(position)s is "
                "U+%(ord)s (%(name)s). Remove it, or write it as %%XX."
            ) % {"position": position, "ord": f"{ord(character):04X}", "name": name}
    return None


def _scheme_error(input_type: str, url: str) -> str | None:
    kind = KINDS[input_type]
    scheme, separator, rest = url.partition("://")
    if not separator or not rest:
        return _("A source is a URL such as %(example)s.") % {"example": kind.example}
    if scheme in kind.schemes:
        return None
    others = [name for name, other in KINDS.items() if scheme in other.schemes]
    hint = ""
    if others:
        hint = _(" For %(scheme)s:// choose %(others)s.") % {
            "scheme": scheme,
            "others": _(" or ").join(others),
        }
    return _("%(input_type)s pulls %(what)s from %(listed)s, not from %(scheme)s://.%(hint)s") % {
        "input_type": input_type,
        "what": kind.what,
        "listed": _listed(kind.schemes),
        "scheme": scheme[:20],
        "hint": hint,
    }


def _can_be_split(url: str) -> bool:
    """Whether what stands in brackets is an IP address."""
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


def _form_error(input_type: str, url: str) -> str | None:
    kind = KINDS[input_type]
    if "@" in re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]:
        # The URL is not shown: everybody who sees the message would see the password.
        return _(
            "A source URL holds no user name and no password: everybody who sees the channel "
            "would see them. Remove what stands before the @, and use the fields for the "
            "credentials."
        )
    if not re.fullmatch(kind.pattern, url) or not _can_be_split(url):
        return _("%(shown)s is not %(what)s that %(input_type)s can pull. Write it as %(example)s.") % {
            "shown": _shown(url),
            "what": kind.what,
            "input_type": input_type,
            "example": kind.example,
        }
    if url.startswith("s3"):
        return _bucket_error(url.partition("://")[2].partition("/")[0])
    if input_type == InputType.SRT_CALLER and (error := _srt_error(url)):
        return error
    return host_error(_host_of(url))


def _host_of(url: str) -> str:
    """The host of a URL that fits its pattern, without brackets."""
    found = re.match(rf"[a-z0-9]+://(?P<host>{_HOST})", url)
    return found["host"].strip("[]") if found else ""


def _shown(url: str) -> str:
    """The URL for a message: cut, and without its query, which may hold a token."""
    bare = re.split("[?#]", url, maxsplit=1)[0]
    return repr(bare if len(bare) <= 80 else bare[:79] + "…")


def _listed(schemes: Sequence[str]) -> str:
    return _(" or ").join(f"{scheme}://" for scheme in schemes)


# --- where it leads ------------------------------------------------------------------------


def host_error(host: str) -> str | None:
    """Why nothing may be pulled from this host, or None. Brackets of IPv6 are removed before."""
    host = host.lower().removesuffix(".")
    address, usual = address_of(host)
    if address is not None:
        if not on_the_internet(address):
            return _(
                "%(host)s is not an address on the internet, but in a private or reserved network. %(where)s"
            ) % {"host": host, "where": _WHERE}
        if not usual:
            return _("%(host)s is another spelling of %(address)s. Write the address as %(address)s.") % {
                "host": host,
                "address": address,
            }
    elif host.rpartition(".")[2].isdigit() or ":" in host:
        return _("%(host)s is neither a host name nor an address.") % {"host": host}
    elif "." not in host or host.endswith(tuple(f".{name}" for name in _INSIDE)):
        return _("%(host)s is a name inside of a network, which MediaLive does not reach. %(where)s") % {
            "host": host,
            "where": _WHERE,
        }
    return _unlisted_error(host)


_WHERE = gettext_lazy("MediaLive pulls from the internet: give a host that can be reached from there.")


def _unlisted_error(host: str) -> str | None:
    if not settings.SOURCE_HOSTS or any(_matches(host, entry.lower()) for entry in settings.SOURCE_HOSTS):
        return None
    return _("%(host)s is not among the hosts that sources may come from: %(source_hosts)s.") % {
        "host": host,
        "source_hosts": ", ".join(settings.SOURCE_HOSTS),
    }


def _matches(host: str, entry: str) -> bool:
    """`*.example.com` stands for every name below, not for example.com itself."""
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry


def own_buckets() -> list[str]:
    """The buckets of this account from which MediaLive may read files."""
    named = [*settings.SOURCE_BUCKETS, settings.RECORDING_BUCKET, settings.MEDIA_BUCKET]
    return sorted({bucket for bucket in named if bucket})


def _bucket_error(bucket: str) -> str | None:
    own = own_buckets()
    if bucket in own:
        return None
    if not own:
        return _("Nobody has said that the bucket %(bucket)s is ours. Name it in SOURCE_BUCKETS.") % {
            "bucket": bucket
        }
    return _("The bucket %(bucket)s is not one of ours: %(own)s. Name it in SOURCE_BUCKETS if it is.") % {
        "bucket": bucket,
        "own": ", ".join(own),
    }


# --- SRT and credentials -------------------------------------------------------------------


def _srt_error(url: str) -> str | None:
    """What is wrong with the parameters of an SRT source."""
    pairs = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    given = dict(pairs)
    if len(given) < len(pairs):
        return _("A parameter of the SRT source stands twice. Write each of them once.")
    if "passphrase" in given:
        return _("A passphrase does not belong into a URL. StreamHub pulls only from SRT without encryption.")
    if unknown := sorted(set(given) - {"streamid", "latency", "mode"}):
        return _("An SRT source takes streamid and latency, not %(name)s. Remove it.") % {
            "name": repr(unknown[0][:40])
        }
    if given.get("mode", "caller") != "caller":
        return _("SRT_CALLER calls the other side, so mode is always caller. Remove it from the URL.")
    if len(given.get("streamid", "")) > STREAM_ID_MAX:
        return _("The streamid of an SRT source has at most %(stream_id_max)s characters.") % {
            "stream_id_max": STREAM_ID_MAX
        }
    least, most = LATENCY
    latency = given.get("latency", str(least))
    if not re.fullmatch("[0-9]{1,6}", latency) or not least <= int(latency) <= most:
        return _("The latency of an SRT source is %(least)s to %(most)s milliseconds, not %(latency)s.") % {
            "least": least,
            "most": most,
            "latency": repr(latency[:20]),
        }
    return None


def credentials_errors(input_type: str, given: Mapping[str, str] | None) -> dict[str, str]:
    """Error messages for the user name and the name of the password's parameter, by field.

    No message repeats what was given.
    """
    if given is None:
        return {}
    kind = KINDS.get(input_type)
    if kind is None or not kind.credentials:
        return {
            "input_credentials": _("%(input_type)s takes no user name and password. Leave them empty.")
            % {"input_type": input_type}
        }
    errors = {}
    username, password = given.get("username", ""), given.get("password", "")
    if not re.fullmatch(USERNAME_PATTERN, username) or len(username) > USERNAME_MAX:
        errors["input_credentials.username"] = _(
            "Give the user name of the source: 1 to %(username_max)s visible ASCII characters."
        ) % {"username_max": USERNAME_MAX}
    if not re.fullmatch(PARAMETER_PATTERN, password) or len(password) > PARAMETER_MAX:
        errors["input_credentials.password"] = _(
            "Give the name of the parameter of AWS's Parameter Store that holds the "
            "password, such as /streamhub/stage; never the password itself."
        )
    return errors
