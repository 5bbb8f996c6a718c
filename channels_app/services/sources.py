"""Validates what MediaLive pulls: the URLs of each input type, and the credentials for them.

MediaLive fetches a source from inside of AWS, so a source never names a host that is not on the internet.
A host name is not resolved: what it means can change at any time, and `SOURCE_HOSTS` is the limit that holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.conf import settings

from channels_app.models.channel import ChannelClass, InputType
from streamhub.internet_addresses import address_of, on_the_internet

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
    what: str
    credentials: bool = True


KINDS: Mapping[str, SourceKind] = {
    InputType.RTMP_PULL.value: SourceKind(
        ("rtmp",),
        rf"^rtmp://{_HOST}(:{_PORT})?/[!-~]+$",
        "rtmp://media.example.com/app/stream",
        "a stream of an RTMP server",
    ),
    InputType.URL_PULL.value: SourceKind(
        ("http", "https"),
        rf"^https?://{_HOST}(:{_PORT})?/[!->@-~]*\.[mM]3[uU]8{_QUERY}$",
        "https://media.example.com/live/index.m3u8",
        "a live HLS playlist",
    ),
    InputType.MP4_FILE.value: SourceKind(
        ("http", "https", "s3", "s3ssl"),
        rf"^(https?://{_HOST}(:{_PORT})?|s3(ssl)?://{_BUCKET})/[!->@-~]+\.[mM][pP]4{_QUERY}$",
        "https://media.example.com/film.mp4",
        "an MP4 file",
    ),
    InputType.SRT_CALLER.value: SourceKind(
        ("srt",),
        rf"^srt://{_HOST}:{_PORT}/?{_QUERY}$",
        "srt://media.example.com:9000?streamid=stage",
        "a stream of an SRT listener",
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
        sources = "2 source URLs, one for each pipeline" if needed == 2 else "1 source URL"
        return f"A {channel_class} channel with {input_type} needs {sources}; these are {len(urls)}."
    return next((error for url in urls if (error := source_error(input_type, url))), None)


def source_error(input_type: str, url: str) -> str | None:
    """Why an input of this type cannot pull the URL, or None."""
    return _text_error(url) or _scheme_error(input_type, url) or _form_error(input_type, url)


def _text_error(url: str) -> str | None:
    if len(url) > SOURCE_MAX:
        return f"A source URL has at most {SOURCE_MAX} characters; one has {len(url)}."
    for position, character in enumerate(url, 1):
        if not "!" <= character <= "~":
            name = unicodedata.name(character, "a control character")
            return (
                f"A source URL holds visible ASCII characters only. At position {position} is "
                f"U+{ord(character):04X} ({name}). Remove it, or write it as %XX."
            )
    return None


def _scheme_error(input_type: str, url: str) -> str | None:
    kind = KINDS[input_type]
    scheme, separator, rest = url.partition("://")
    if not separator or not rest:
        return f"A source is a URL such as {kind.example}."
    if scheme in kind.schemes:
        return None
    others = [name for name, other in KINDS.items() if scheme in other.schemes]
    hint = f" For {scheme}:// choose {' or '.join(others)}." if others else ""
    return f"{input_type} pulls {kind.what} from {_listed(kind.schemes)}, not from {scheme[:20]}://.{hint}"


def _form_error(input_type: str, url: str) -> str | None:
    kind = KINDS[input_type]
    if "@" in re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]:
        # The URL is not shown: everybody who sees the message would see the password.
        return (
            "A source URL holds no user name and no password: everybody who sees the channel would see them. "
            "Remove what stands before the @, and use the fields for the credentials."
        )
    if not re.fullmatch(kind.pattern, url):
        return f"{_shown(url)} is not {kind.what} that {input_type} can pull. Write it as {kind.example}."
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
    return " or ".join(f"{scheme}://" for scheme in schemes)


# --- where it leads ------------------------------------------------------------------------


def host_error(host: str) -> str | None:
    """Why nothing may be pulled from this host, or None. Brackets of IPv6 are removed before."""
    host = host.lower().removesuffix(".")
    address, usual = address_of(host)
    if address is not None:
        if not on_the_internet(address):
            return f"{host} is not an address on the internet, but in a private or reserved network. {_WHERE}"
        if not usual:
            return f"{host} is another spelling of {address}. Write the address as {address}."
    elif host.rpartition(".")[2].isdigit() or ":" in host:
        return f"{host} is neither a host name nor an address."
    elif "." not in host or host.endswith(tuple(f".{name}" for name in _INSIDE)):
        return f"{host} is a name inside of a network, which MediaLive does not reach. {_WHERE}"
    return _unlisted_error(host)


_WHERE = "MediaLive pulls from the internet: give a host that can be reached from there."


def _unlisted_error(host: str) -> str | None:
    if not settings.SOURCE_HOSTS or any(_matches(host, entry.lower()) for entry in settings.SOURCE_HOSTS):
        return None
    return f"{host} is not among the hosts that sources may come from: {', '.join(settings.SOURCE_HOSTS)}."


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
        return f"Nobody has said that the bucket {bucket} is ours. Name it in SOURCE_BUCKETS."
    return f"The bucket {bucket} is not one of ours: {', '.join(own)}. Name it in SOURCE_BUCKETS if it is."


# --- SRT and credentials -------------------------------------------------------------------


def _srt_error(url: str) -> str | None:
    """What is wrong with the parameters of an SRT source."""
    pairs = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    given = dict(pairs)
    if len(given) < len(pairs):
        return "A parameter of the SRT source stands twice. Write each of them once."
    if "passphrase" in given:
        return "A passphrase does not belong into a URL. StreamHub pulls only from SRT without encryption."
    if unknown := sorted(set(given) - {"streamid", "latency", "mode"}):
        return f"An SRT source takes streamid and latency, not {unknown[0][:40]!r}. Remove it."
    if given.get("mode", "caller") != "caller":
        return "SRT_CALLER calls the other side, so mode is always caller. Remove it from the URL."
    if len(given.get("streamid", "")) > STREAM_ID_MAX:
        return f"The streamid of an SRT source has at most {STREAM_ID_MAX} characters."
    least, most = LATENCY
    latency = given.get("latency", str(least))
    if not re.fullmatch("[0-9]{1,6}", latency) or not least <= int(latency) <= most:
        return f"The latency of an SRT source is {least} to {most} milliseconds, not {latency[:20]!r}."
    return None


def credentials_errors(input_type: str, given: Mapping[str, str] | None) -> dict[str, str]:
    """Error messages for the user name and the name of the password's parameter, by field.

    No message repeats what was given.
    """
    if given is None:
        return {}
    kind = KINDS.get(input_type)
    if kind is None or not kind.credentials:
        return {"input_credentials": f"{input_type} takes no user name and password. Leave them empty."}
    errors = {}
    username, password = given.get("username", ""), given.get("password", "")
    if not re.fullmatch(USERNAME_PATTERN, username) or len(username) > USERNAME_MAX:
        errors["input_credentials.username"] = (
            f"Give the user name of the source: 1 to {USERNAME_MAX} visible ASCII characters."
        )
    if not re.fullmatch(PARAMETER_PATTERN, password) or len(password) > PARAMETER_MAX:
        errors["input_credentials.password"] = (
            "Give the name of the parameter of AWS's Parameter Store that holds the password, "
            "such as /streamhub/stage; never the password itself."
        )
    return errors
