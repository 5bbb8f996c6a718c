"""Which texts that people see are not marked for translation.

In code: what a form, a column, a verb, a fact, a badge or a message says, and in modules that make pages
every sentence. In templates: what stands between tags, in the attributes that people read or hear, and in
the tags' own arguments. In scripts: every text, for they read theirs from the page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs import messages
from tests.scenarios.packages import PRODUCT, ROOT

MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
# By the end of the called name: which keyword arguments people read.
SHOWN = {
    ("Field", "Verb"): {"label", "help_text", "verbose_name", "done"},
    ("display",): {"description"},
}
# By the called name: which arguments people read, by position and by keyword.
PARTS: dict[str, tuple[tuple[int, ...], set[str]]] = {
    "Badge": ((3,), {"word"}),
    "busy": ((1,), {"word"}),
    "Check": ((2,), {"detail"}),
    "Condition": ((), {"sentence", "hint", "action"}),
    "DashboardChart": ((0,), {"title"}),
    "DashboardList": ((1,), {"title", "empty"}),
    "DashboardRow": ((), {"detail"}),
    "Empty": ((0, 1, 3, 4), {"title", "text", "button", "ask"}),
    "Entry": ((1, 2), {"group", "title"}),
    "Fact": ((0,), {"label", "hint"}),
    "Figure": ((0, 1), {"value", "detail"}),
    "first_step": ((1, 2, 5), set()),
    "Invalid": ((0,), set()),
    "Link": ((0,), {"label"}),
    "NotAllowed": ((0,), set()),
    "NotPossible": ((0,), set()),
    "Panel": ((0,), {"title"}),
    "PeriodicJob": ((), {"purpose"}),
    "PermissionDenied": ((0,), set()),
    "Refusal": ((0,), {"sentence"}),
    "SavedView": ((1,), {"label"}),
    "Section": ((0,), {"title"}),
    "ShownTile": ((0,), {"title"}),
    "Tile": ((1,), {"title"}),
    "Verb": ((1,), {"label", "done"}),
    "when": ((1,), {"otherwise"}),
}
# Attributes of an admin's class that people read.
ATTRIBUTES = {"title", "search_help_text", "purpose", "creation_note"}
# Modules all of whose sentences are on pages. Others also have sentences of the API's description, of
# commands, of the log, and of what is stored: the history and the outcomes of jobs stay as they were written.
PAGES = re.compile(
    r"^(\w+/admin(\.py|/)|\w+/guards(\.py|/)|channels_app/readiness/"
    r"|streamhub/console/(?!theme|formats|templatetags)"
    r"|distributions/(explain|verbs|forecast|reaper_page|mediamanager_page)\.py|streamhub/quotas/(page|alarms)\.py"
    r"|billing/(alarms|conservation_page)\.py|billing/costs/page\.py|billing/statements/(admin_verbs|pages|guards)\.py"
    r"|channels_app/(cost_alarms|input_health|preview)\.py|channels_app/decide/input_health\.py"
    r"|channels_app/services/(cidrs|sources|tags|validation)\.py|streamhub/alerts/message\.py)"
)
WORD = re.compile(r"[A-Za-z]{2,}")
NAMES = re.compile(
    r"\b(?:USD|UTC|StreamHub|CloudFront|ARN|AWS|CSV|GB|MB|ms|OBS|PDF|SHA|XLSX)\b|material-symbols[^>]*>\w+"
)
TEMPLATE_CODE = re.compile(
    r"\{#.*?#\}|\{% comment.*?endcomment %\}|\{% blocktrans(?:late)?\b.*?endblocktrans(?:late)? %\}"
    r"|\{%.*?%\}|\{\{.*?\}\}|<(?:script|style|code)\b.*?</(?:script|style|code)>|<!--.*?-->",
    re.DOTALL,
)
READ_ATTRIBUTE = re.compile(r'\b(?:title|aria-label|alt|placeholder|data-sh-preview-why\d+)="([^"]*)"')
# A text among the arguments of a tag or a filter: `{% copy url "URL" %}`, `|default:"none"`.
READ_ARGUMENT = re.compile(
    r'\{% (?:copy|when|badge|bar_chart) (?:(?!%\}).)*?(?<!_\()"([^"]*\w \w[^"]*|[A-Z]?[a-z]{3,}(?<!bytes))" ?'
    r'(?:as \w+ )?%\}|\|(?:default|join):"([^"&]*)"|\{% include (?:(?!%\}).)*\b(?:head|kind)="([^"]*)"'
)
STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"|\'((?:\\.|[^\'\\\n])*)\'|`((?:\\.|[^`\\])*)`')
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:.]? [a-z]{2,}|^[A-Z][a-z]+(?: …|\.)$")
# What scripts look for in a page, and its classes.
SELECTOR = re.compile(r"[#\[=>]|^use strict$|^\.|^sh-|^[a-z]+(?:, [a-z]+)+$|^[a-z]+ [a-z]+\.[a-z]")
# Not for people or not ours: addresses, what is pasted into an encoder, AWS's words, a kind as it is stored.
NOT_OURS = re.compile(
    r"^\{self\.once_cookie\}|^tuple\[|#timeline$|^\?|^text/csv|^API token$|^Service: Custom|^-c:v |^ffmpeg "
    r"|^ResponseHeadersPolicyId|^Video Not Detected$|^RTMP (?:Stream|Has|Input)|^Stopped Receiving"
    r"|^audit entry$|^HTTP Get Failed$|^HLS Input$|^Unable To Open|^Initial Probing"
)


def unmarked_in_code(source: str, *, page: bool = False) -> Iterator[tuple[int, str]]:
    """Line and text of each literal that people see and that no gettext function is called with.

    `page`: every sentence of the module is seen. A mark inside of an f-string counts too: gettext reads none.
    """
    tree = ast.parse(source)
    marked = {part for node in ast.walk(tree) if is_mark(node) for part in ast.walk(node)}
    found = {node for node in ast.walk(tree) for value in shown_parts(node, page) for node in texts_of(value)}
    if page:
        found |= set(sentences(tree))
    found |= {node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and has_mark(node)}
    for node in sorted(found - (marked - set(lost(tree))), key=lambda node: node.lineno):
        yield node.lineno, ast.unparse(node)


def is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS


def has_mark(node: ast.AST) -> bool:
    """Whether a text is marked in it, where gettext does not look."""
    return any(is_mark(part) and isinstance(part.args[0], ast.Constant) for part in ast.walk(node))  # type: ignore[attr-defined]


def lost(tree: ast.AST) -> Iterator[ast.AST]:
    """F-strings as arguments of a mark: no text that a translator gets."""
    for node in ast.walk(tree):
        if is_mark(node):
            yield from (part for part in node.args if isinstance(part, ast.JoinedStr))  # type: ignore[attr-defined]


def shown_parts(node: ast.AST, page: bool) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        yield from shown_arguments(node)
    elif isinstance(node, ast.FunctionDef) and node.name.endswith(("_error", "_errors")):
        yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value)
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[-1]).startswith("errors["):
        yield node.value
    elif page and isinstance(node, ast.ClassDef):
        for each in node.body:
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) in ATTRIBUTES:
                yield each.value


def shown_arguments(call: ast.Call) -> Iterator[ast.expr]:
    name = ast.unparse(call.func)
    for endings, keywords in SHOWN.items():
        if name.endswith(endings):
            yield from (each.value for each in call.keywords if each.arg in keywords)
    if name.startswith("messages."):
        yield from call.args[1:2]
    if name.endswith("ValidationError"):
        yield from call.args[:1]
    places, keywords = PARTS.get(name.rpartition(".")[2], ((), set()))
    first = call.args[0] if call.args else None
    unpacked = (
        first.value.elts
        if isinstance(first, ast.Starred) and isinstance(first.value, ast.Tuple)
        else call.args
    )
    yield from (value for place, value in enumerate(unpacked) if place in places)
    yield from (each.value for each in call.keywords if each.arg in keywords)


def texts_of(node: ast.expr) -> Iterator[ast.expr]:
    """The literals with a word that may become the value."""
    if isinstance(node, ast.IfExp):
        yield from (*texts_of(node.body), *texts_of(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts_of(value)
    elif isinstance(node, (ast.Dict, ast.Tuple)):
        for value in node.values if isinstance(node, ast.Dict) else node.elts:
            yield from texts_of(value)
    elif isinstance(node, ast.BinOp):
        yield from (*texts_of(node.left), *texts_of(node.right))
    elif is_text(node):
        yield node


def is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(WORD.search(NAMES.sub("", node.value)))
    if isinstance(node, ast.JoinedStr):
        return any(is_text(part) for part in node.values if isinstance(part, ast.Constant))
    return False


def sentences(tree: ast.AST) -> Iterator[ast.expr]:
    """The literals that `docs/messages.md` lists, but for keys and for what is compared."""
    hidden = set(messages.hidden_parts(tree))
    for node in ast.walk(tree):
        if isinstance(node, (ast.JoinedStr, ast.Compare, ast.Subscript)):
            hidden.update(part for part in ast.walk(node) if part is not node)
        elif isinstance(node, ast.Dict):
            hidden.update(key for key in node.keys if key)
    for node in messages.ordered(tree):
        if node not in hidden and isinstance(node, (ast.Constant, ast.JoinedStr)) and is_text(node):
            text = messages.rendered(node) if isinstance(node, ast.JoinedStr) else node.value
            if list(messages.shown(str(text))) and not NOT_OURS.search(str(text)):
                yield node


def unmarked_in_template(text: str) -> list[str]:
    """The words of a template that stand outside of its tags for translation."""
    inside = [next(filter(None, groups), "") for groups in READ_ARGUMENT.findall(text)]
    plain = TEMPLATE_CODE.sub(" ", text)
    read = READ_ATTRIBUTE.findall(plain)
    between = re.sub(r"<[^>]*>", "\n", NAMES.sub(" ", plain)).splitlines()
    return [
        " ".join(piece.split()) for piece in (*inside, *read, *between) if WORD.search(NAMES.sub("", piece))
    ]


def unmarked_in_script(text: str) -> list[str]:
    """The texts of a script: strings of two words or more, or like "Stopped."."""
    plain = re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", text, flags=re.DOTALL)
    found = [re.sub(r"\$\{.*?\}", "", "".join(groups)) for groups in STRING.findall(plain)]
    return [each for each in found if SENTENCE.search(each) and not SELECTOR.search(each)]


def code() -> Iterator[Path]:
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def templates() -> Iterator[Path]:
    for package in PRODUCT:
        yield from sorted((ROOT / package).rglob("*.html"))


def scripts() -> Iterator[Path]:
    yield from sorted((ROOT / "streamhub/console/static/console").glob("*.js"))


def unmarked(path: Path) -> list[str]:
    """The texts of a file that are not marked."""
    text = path.read_text()
    if path.suffix == ".html":
        return unmarked_in_template(text)
    if path.suffix == ".js":
        return unmarked_in_script(text)
    page = bool(PAGES.match(path.relative_to(ROOT).as_posix()))
    return [f"{line}: {each}" for line, each in unmarked_in_code(text, page=page)]
