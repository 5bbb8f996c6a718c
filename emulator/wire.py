"""Values to and from the three body formats AWS's protocols use, led by botocore's shapes.

JSON for the rest-json services, XML for rest-xml and query, and the plain values inside CBOR. Each
pair of functions takes a shape and a value; names on the wire (`locationName`) come from the shape.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .base import Frozen

Shape = Any  # botocore's; which attributes it has depends on its kind
Member = tuple[str, str, Shape]
_members: dict[Shape, list[Member]] = {}


def body_members(shape: Shape) -> list[Member]:
    """The members of a structure that travel in the body: (boto3's name, wire name, shape)."""
    known = _members.get(shape)
    if known is None:
        known = [
            (name, member.serialization.get("name", name), member)
            for name, member in shape.members.items()
            if "location" not in member.serialization
        ]
        _members[shape] = known
    return known


def read_moment(text: str | float) -> datetime:
    """Any of AWS's three ways to write a moment, as aware UTC."""
    if isinstance(text, int | float):
        return datetime.fromtimestamp(text, tz=UTC)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(text), tz=UTC)


def write_moment(value: datetime | str | float, form: str) -> str | float:
    """A moment as `iso8601`, `rfc822` or `unixtimestamp`; what is no datetime is passed as it is."""
    if not isinstance(value, datetime):
        return value
    if form == "unixtimestamp":
        return value.timestamp()
    if form == "rfc822":
        return format_datetime(value.astimezone(UTC), usegmt=True)
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_text(shape: Shape, text: str) -> Any:
    """A scalar that travels as text: in the URI, the query string, a header or an XML element."""
    kind = shape.type_name
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    if kind == "boolean":
        return text == "true"
    if kind == "timestamp":
        return read_moment(text)
    if kind == "blob":
        return base64.b64decode(text)
    return text


def write_text(shape: Shape, value: Any, moments: str = "iso8601") -> str:
    """The other way round."""
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return str(write_moment(value, shape.serialization.get("timestampFormat", moments)))
    if kind == "blob":
        return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
    return str(value)


def read_json(shape: Shape, value: Any) -> Any:
    """A value from a JSON body, named as boto3 names it; what the model does not know is dropped."""
    if value is None:
        return None
    kind = shape.type_name
    if kind == "structure":
        return {
            name: read_json(member, value[wire])
            for name, wire, member in body_members(shape)
            if value.get(wire) is not None
        }
    if kind == "list":
        return [read_json(shape.member, item) for item in value]
    if kind == "map":
        return {key: read_json(shape.value, item) for key, item in value.items()}
    if kind == "timestamp":
        return read_moment(value)
    if kind == "blob":
        return base64.b64decode(value)
    return value


def write_json(shape: Shape, value: Any, moments: str = "unixtimestamp") -> Any:
    """A value ready for `json.dumps`, named as the wire names it; None is left out."""
    kind = shape.type_name
    if kind == "structure":
        return {
            wire: write_json(member, value[name], moments)
            for name, wire, member in body_members(shape)
            if value.get(name) is not None
        }
    if kind == "list":
        return [write_json(shape.member, item, moments) for item in value]
    if kind == "map":
        return {key: write_json(shape.value, item, moments) for key, item in value.items()}
    if kind == "timestamp":
        return write_moment(value, shape.serialization.get("timestampFormat", moments))
    if kind == "blob":
        return write_text(shape, value)
    return value


def read_xml(shape: Shape, node: ElementTree.Element) -> Any:
    """A value from an XML element; empty lists and structures come out empty, not absent."""
    kind = shape.type_name
    if kind == "structure":
        children: dict[str, list[ElementTree.Element]] = {}
        for child in node:
            children.setdefault(child.tag.rpartition("}")[2], []).append(child)
        return {
            name: _read_member(member, found)
            for name, wire, member in body_members(shape)
            if (found := children.get(wire))
        }
    if kind == "list":
        return [read_xml(shape.member, child) for child in node]
    return read_text(shape, node.text or "")


def _read_member(shape: Shape, nodes: list[ElementTree.Element]) -> Any:
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return [read_xml(shape.member, node) for node in nodes]
    return read_xml(shape, nodes[0])


def write_xml(shape: Shape, value: Any, tag: str, out: Callable[[str], Any]) -> None:
    """Append the element `tag` with the value in it to `out` (a list's append)."""
    if isinstance(value, Frozen):
        if value.rendered is None:
            pieces: list[str] = []
            _write_element(shape, value, tag, pieces.append)
            value.rendered = "".join(pieces)
        out(value.rendered)
    else:
        _write_element(shape, value, tag, out)


def _write_element(shape: Shape, value: Any, tag: str, out: Callable[[str], Any]) -> None:
    kind = shape.type_name
    if kind == "structure":
        out(f"<{tag}>")
        for name, wire, member in body_members(shape):
            item = value.get(name)
            if item is not None:
                write_xml(member, item, wire, out)
        out(f"</{tag}>")
    elif kind == "list":
        _write_list(shape, value, tag, out)
    else:
        out(f"<{tag}>{escape(write_text(shape, value))}</{tag}>")


def _write_list(shape: Shape, items: Any, tag: str, out: Callable[[str], Any]) -> None:
    inner = shape.member.serialization.get("name", "member")
    if shape.serialization.get("flattened"):
        for item in items:
            write_xml(shape.member, item, inner if inner != "member" else tag, out)
        return
    out(f"<{tag}>")
    for item in items:
        write_xml(shape.member, item, inner, out)
    out(f"</{tag}>")
