"""Lists every text that people read, in `docs/messages.md`: `python -m tests.docs.messages` writes the page.

A message is a string of two or more words in the product's code, or a text in a template. Docstrings and log
lines are left out. Values stand as `{name}`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.packages import PRODUCT, ROOT

PAGE = ROOT / "docs" / "messages.md"
HEAD = """# Messages

Every text that people read, by file: what the admin shows, what the API and the commands answer. They are
reviewed here as a set: plain words, correct grammar, singular and plural right, what happened and what to do.
`python -m tests.docs.messages` writes this page; a test keeps it current.
"""

SENTENCE = re.compile(r"[A-Za-z{}'\"][\w{}'\"-]*[,;:]? [\w{}'\"(…]")
# Not for people: SQL, queries of the console's markup, header values, templates' names and format strings.
TECHNICAL = re.compile(
    r"SELECT|PRAGMA|SET LOCAL|UPDATE |max-age|attachment; filename|^[\w./-]+\.html$|%[YHmd]|^\w+ \w+=|<\w+"
    r"|CASE WHEN|IS NFC NORMALIZED|IS NOT NULL|^HTTP/1|^\^|%s"
    r"|^[a-zA-Z](?:[ :,-]+\\?[a-zA-Z])+$|redis\.call|^models\.|^admin:|^Y-m-d|^\{parts\.|^\{comment\}"
)
NOT_SHOWN = {"filterwarnings", "ignore"}


def messages_of_code(path: Path) -> Iterator[str]:
    """The messages of a Python file, in their order."""
    tree = ast.parse(path.read_text())
    hidden = set(hidden_parts(tree))
    inside = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ordered(tree):
        if node in hidden or node in inside:
            continue
        if isinstance(node, ast.JoinedStr):
            yield from shown(rendered(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from shown(node.value)


def ordered(tree: ast.AST) -> list[ast.AST]:
    nodes = [node for node in ast.walk(tree) if hasattr(node, "lineno")]
    return sorted(nodes, key=lambda node: (node.lineno, node.col_offset))  # type: ignore[attr-defined]


def hidden_parts(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings and other bare strings, log lines, and what is inside type annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.Call) and is_log_line(node):
            yield from ast.walk(node)
        elif isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
            yield from ast.walk(node.annotation)


def is_log_line(call: ast.Call) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute):
        return False
    owner = function.value
    return function.attr in NOT_SHOWN or (isinstance(owner, ast.Name) and owner.id in ("log", "logger", "re"))


def rendered(node: ast.JoinedStr) -> str:
    """An f-string with its values as `{name}`."""
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        elif isinstance(part, ast.FormattedValue):
            parts.append("{" + ast.unparse(part.value) + "}")
    return "".join(parts)


def shown(text: str) -> Iterator[str]:
    text = re.sub(r"%\((\w+)\)[sd]", r"{\1}", " ".join(text.split())).replace("%%", "%")
    if (
        SENTENCE.search(text)
        and not TECHNICAL.search(text)
        and re.search("[A-Za-z]", re.sub(r"\{.*?\}", "", text))
    ):
        yield text


def messages_of_template(path: Path) -> Iterator[str]:
    """The texts between a template's tags, and the labels in its attributes."""
    text = re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}", "", path.read_text(), flags=re.DOTALL)
    text = re.sub(r'\{% trans(?:late)? "([^"]+)"[^%]*%\}', r"\1", text)
    text = re.sub(r"\{% (?:when|since|clock|size|elapsed|left|url) [^%]* as \w+ %\}", "", text)
    text = re.sub(r"\{% plural %\}", "\n", text)
    text = re.sub(r"\{% (?:end)?blocktrans(?:late)?\b.*?%\}", "", text)
    for label in re.findall(r'(?:title|aria-label|alt|placeholder|data-sh-preview-why\d+)="([^"]+)"', text):
        yield from shown(values_named(label))
    plain = re.sub(r"<(?:script|style).*?</(?:script|style)>", "", text, flags=re.DOTALL)
    plain = re.sub(r"<(?!/?(?:b|i|a|code|span)\b)[^>]+>", "\n", plain)
    for line in plain.splitlines():
        yield from shown(values_named(re.sub(r"<[^>]+>", "", line)))


def values_named(text: str) -> str:
    text = re.sub(
        r"\{% (?:if|elif|else|endif|for|endfor|load|include|block|endblock|extends|with|endwith)\b.*?%\}",
        "",
        text,
    )
    text = re.sub(r"\{% (\w+)[^%]*%\}", r"{\1}", text)
    return re.sub(r"\{\{ ?(.*?) ?\}\}", r"{\1}", text).strip()


def listing() -> str:
    """The page."""
    sections = [HEAD]
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix not in (".py", ".html") or "migrations" in path.parts:
                continue
            found = messages_of_code(path) if path.suffix == ".py" else messages_of_template(path)
            if messages := list(dict.fromkeys(found)):
                sections.append(
                    f"## {path.relative_to(ROOT)}\n\n" + "\n".join(f"- {each}" for each in messages) + "\n"
                )
    return "\n".join(sections)


if __name__ == "__main__":
    PAGE.write_text(listing())
