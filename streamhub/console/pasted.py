"""What a pasted text names: the ids, domains and tags in a URL, an ARN, or a sentence of an e-mail. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

# What people paste is longer than any id; beyond this nothing is looked at.
LONGEST = 4000
MOST = 24
# Each word that is looked for in names is a condition of the query; SQLite refuses one of 1,000.
MOST_WORDS = 24
SHORTEST_ID = 6

_BETWEEN = re.compile(r"[\s\"'`<>()\[\]{},;|]+")
_INSIDE = re.compile(r"[/:?&=#@]+")
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
_TAG = re.compile(r"[^=/:?&]{1,128}=[^=/:?&]{1,256}")


def named_in(text: str) -> list[str]:
    """The whole text, then what looks like an id or a domain in it, at most `MOST`, each once.

    `arn:aws:medialive:eu-central-1:111122223333:input:1234567` gives also `1234567`, a playback URL its
    domain and the ids in its path, an ingest URL the parts of its stream name. Plain words give nothing more.
    """
    whole = " ".join(text.split())
    found = [whole[:LONGEST]]
    for word in _BETWEEN.split(whole[:LONGEST]):
        found += [part for part in _parts(word.strip(".")) if part not in found]
    return found[:MOST]


def words_in(text: str) -> list[str]:
    """The words that a search by name looks for: the first `MOST_WORDS` of the first `LONGEST` characters.

    What comes after them is not looked for, so a longer text may find more than what has all of its words.
    """
    return text[:LONGEST].split()[:MOST_WORDS]


def tags_in(text: str) -> list[tuple[str, str]]:
    """The tags that the text names, as `key=value`."""
    pairs = [word.strip() for word in (text.strip(), *_BETWEEN.split(text[:LONGEST]))]
    named = [tuple(pair.split("=")) for pair in pairs if _TAG.fullmatch(pair)]
    return list(dict.fromkeys((key.strip(), value.strip()) for key, value in named))


def _parts(word: str) -> Iterator[str]:
    """The word if it looks like an id, and the parts of a URL or ARN."""
    if _id_like(word) or word.lower().startswith("arn:"):
        yield word
    if "://" in word:
        host = _host(word)
        if _DOMAIN.fullmatch(host):
            yield host.lower()
    elif _DOMAIN.fullmatch(word):
        yield word.lower()
    if _INSIDE.search(word):
        yield from (part for part in _INSIDE.split(word) if _id_like(part))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # such as an unclosed bracket
        return ""


def _id_like(text: str) -> bool:
    """Ids of AWS and of StreamHub have a digit, no dot, and are longer than a number of people."""
    return (
        len(text) >= SHORTEST_ID
        and any(letter.isdigit() for letter in text)
        and all(letter.isalnum() or letter in "-_" for letter in text)
    )
