"""A language made of the marked texts: every letter is another one, so what is not marked stands out.

`extracted()` reads the texts as `makemessages` does; `write()` compiles them, with Django's and Unfold's.
"""

from __future__ import annotations

import ast
import re
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import django
import unfold
from django.utils.translation.template import templatize

from tests.scenarios.packages import PRODUCT, ROOT

CODE = "qps"  # a code for private use
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
OTHER = "åƀçđéƒĝĥîĵķļɱñöþɋŕšţûṽŵẋýžÅƁÇĐÉƑĜĤÎĴĶĻṀÑÖÞɊŔŠŢÛṼŴẊÝŽ"
LETTERS = str.maketrans(PLAIN, OTHER)
# Values and markup stay as they are: `%(name)s`, `{name}`, `<b class="x">`, `&amp;`.
KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]*>|&\w+;)")
HEAD = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
# As in makemessages.
KEYWORDS = ("_", "gettext_noop", "gettext_lazy", "ngettext_lazy:1,2", "pgettext:1c,2", "npgettext:1c,2,3")
Entry = tuple[str, str]  # a text with its context before it, and its plural; "" without


def other(text: str) -> str:
    """The text in the language of the test."""
    return "".join(part if KEPT.fullmatch(part) else part.translate(LETTERS) for part in KEPT.split(text))


@cache
def extracted() -> subprocess.CompletedProcess[str]:
    """What xgettext finds in our code and templates."""
    with tempfile.TemporaryDirectory() as folder:
        files = [*_code(), *_templates(Path(folder))]
        return subprocess.run(
            ["xgettext", "--language=Python", "--from-code=UTF-8", "--output=-"]
            + [f"--keyword={each}" for each in KEYWORDS]
            + [str(path) for path in files],
            capture_output=True,
            text=True,
            check=False,
        )


def _code() -> Iterator[Path]:
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts and "translation import" in path.read_text():
                yield path


def _templates(folder: Path) -> Iterator[Path]:
    """The templates as Python, as `makemessages` hands them to xgettext."""
    for package in PRODUCT:
        for number, path in enumerate(sorted((ROOT / package).rglob("*.html"))):
            written = folder / f"{package}-{number}.py"
            written.write_text(templatize(path.read_text(), origin=str(path)))
            yield written


def entries(po: str) -> Iterator[Entry]:
    """The texts of a .po file."""
    for block in re.split(r"\n\s*\n", po):
        parts = {"msgctxt": "", "msgid": "", "msgid_plural": ""}
        name = ""
        for line in block.splitlines():
            if found := re.match(r'(\w+)(?:\[\d\])? (".*")$', line):
                name, text = found.groups()
            elif line.startswith('"'):
                text = line
            else:
                continue
            if name in parts:
                parts[name] += ast.literal_eval(text)
        if parts["msgid"]:
            context = f"{parts['msgctxt']}\x04" if parts["msgctxt"] else ""
            yield context + parts["msgid"], parts["msgid_plural"]


def of_libraries() -> Iterator[Entry]:
    """The texts of Django and of Unfold, which are theirs to translate."""
    of_django, of_unfold = (Path(each.__file__).parent for each in (django, unfold))
    found = [
        *of_django.glob("conf/locale/en/LC_MESSAGES/*.po"),
        *of_unfold.glob("locale/de/LC_MESSAGES/*.po"),
    ]
    for path in (*found, *of_django.glob("contrib/*/locale/en/LC_MESSAGES/django.po")):
        yield from entries(path.read_text())


def write(folder: Path) -> None:
    """Compile the language into a folder for LOCALE_PATHS."""
    texts = {("", ""): HEAD}
    for text, plural in (*of_libraries(), *entries(extracted().stdout)):
        said = other(text.partition("\x04")[2] or text)
        texts[text, plural] = f"{said}\0{other(plural)}" if plural else said
    target = folder / CODE / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True)
    target.write_bytes(
        compiled((f"{text}\0{plural}" if plural else text, said) for (text, plural), said in texts.items())
    )


def compiled(texts: Iterable[tuple[str, str]]) -> bytes:
    """A .mo file: a head, two tables of lengths and places, and the texts."""
    pairs = sorted((text.encode(), said.encode()) for text, said in texts)
    place = 28 + 16 * len(pairs)
    tables, data = [b"", b""], b""
    for column in (0, 1):
        for pair in pairs:
            tables[column] += struct.pack("<II", len(pair[column]), place + len(data))
            data += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + tables[0] + tables[1] + data
