"""What the API's description says about the fields of new channels and breakouts.

The services check the values, with messages that say what to do. The limits and patterns here are the
services' own, so that what fits the description is accepted.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from channels_app.decide.schedule import MOST
from channels_app.models.channel import PUSH_TYPES, ChannelClass, InputType
from channels_app.profiles import PROFILE_NAMES
from channels_app.services import breakout, cidrs, series, sources, tags, validation
from streamhub.names import REFUSED_IN_SCHEMA
from streamhub.row_ids import PATTERN as ID_PATTERN

Schema = dict[str, Any]
TIME_ZONE: Schema = {
    "enum": series.zone_names(),
    "description": "The named zone in whose local time the start was chosen; null: UTC. Pages show both.",
}

_VISIBLE = f"[^{REFUSED_IN_SCHEMA}]"
_NOT_BLANK = f"^{_VISIBLE}*[^ {REFUSED_IN_SCHEMA}]{_VISIBLE}*$"
_OF_TAGS = r"[\p{L}\p{M}\p{N} _.:/=+@-]"
_DOT = r"\."
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"


def name(most: int) -> Schema:
    return {
        "minLength": 1,
        "maxLength": most,
        "pattern": _NOT_BLANK,
        "description": "Visible characters; the only space is U+0020. Kept in NFC, without spaces around it.",
    }


CHANNEL_NAME: Schema = {**name(validation.NAME_MAX)}
CHANNEL_NAME["description"] += " 422 if a living channel has the same name, whatever its case."
BREAKOUT_NAME: Schema = name(breakout.NAME_MAX)
CHANNEL_ID: Schema = {"pattern": ID_PATTERN, "description": "The id of a channel. 422 if there is none."}
CHANNEL_FILTER: Schema = {
    "pattern": ID_PATTERN,
    "description": "The id of a channel. No rows if there is none.",
}
EXPIRES_IN: Schema = {
    "minimum": 1,
    "description": "Shortens how long the signature lasts. It never lasts longer than without it.",
}
CUSTOMER: Schema = name(breakout.CUSTOMER_MAX)
CUSTOMER["minLength"] = 0
CUSTOMER["pattern"] = f"^{_VISIBLE}*$"
CUSTOMER["description"] = (
    "Whose show it is. Without one: what the channel's tag CUSTOMER_TAG says at the start."
)
NOTE: Schema = {"maxLength": breakout.NOTE_MAX, "pattern": r"^[^\u0000]*$"}
NOT_PAST = "422 if it is past. It is kept in whole seconds: a fraction is cut off."
DURATION: Schema = {"minimum": 1, "maximum": breakout.DURATION_MAX_MINUTES}
SCHEDULE_MINUTES: dict[str, Schema] = {name: {"minimum": 1, "maximum": most} for name, most in MOST.items()}
CHANNEL_CLASS: Schema = {"enum": list(ChannelClass.values)}
INPUT_TYPE: Schema = {"enum": list(InputType.values)}
PROFILE: Schema = {"enum": list(PROFILE_NAMES)}


def _cidr_pattern() -> str:
    """IPv4 networks as they are usually written: no bit set after the prefix, which is long enough."""
    lengths = []
    for length in range(settings.WIDEST_CIDR_PREFIX, 32):
        whole, bits = divmod(length, 8)
        parts = [_OCTET] * whole
        if bits:
            step = 2 ** (8 - bits)
            parts.append("(" + "|".join(str(value) for value in range(0, 256, step)) + ")")
        parts += ["0"] * (4 - len(parts))
        lengths.append(f"{_DOT.join(parts)}/{length}")
    return f"^({'|'.join(lengths)}|{_DOT.join([_OCTET] * 4)}(/32)?)$"


CIDRS: Schema = {
    "items": {"type": "string", "pattern": _cidr_pattern(), "examples": ["203.0.113.7/32"]},
    "description": "Neighbours count as one network: together they are no wider than one may be.",
}
SOURCES: Schema = {
    "items": {"type": "string", "maxLength": sources.SOURCE_MAX},
    "description": "What MediaLive pulls: one for each pipeline. 422 for a host that is not on the internet "
    "or not among SOURCE_HOSTS, for a bucket that is not ours, and for a user name in the URL.",
}
USERNAME: Schema = {"minLength": 1, "maxLength": sources.USERNAME_MAX, "pattern": sources.USERNAME_PATTERN}
PASSWORD: Schema = {
    "minLength": 1,
    "maxLength": sources.PARAMETER_MAX,
    "pattern": sources.PARAMETER_PATTERN,
    "description": "The name of the parameter of AWS's Parameter Store that holds the password.",
}
SECOND_TYPE: Schema = {"enum": [kind.value for kind in PUSH_TYPES]}
SECOND_INPUT: Schema = {
    "description": "A second push input, to which MediaLive fails over when the first one is lost; with the "
    "same `allowed_cidrs`. Its URLs are in `ingest` and `input_dest_urls`."
}
CREDENTIALS: Schema = {"description": "For the sources. Never returned."}


def _reserved(prefix: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in prefix)


TAGS: Schema = {
    "maxProperties": tags.TAGS_MAX,
    "propertyNames": {
        "minLength": 1,
        "maxLength": tags.KEY_MAX,
        "pattern": rf"^(?! *({'|'.join(map(_reserved, tags.RESERVED))}))(?=.*[^ ]){_OF_TAGS}+$",
    },
    "additionalProperties": {
        "type": "string",
        "maxLength": tags.VALUE_MAX,
        "pattern": f"^{_OF_TAGS}*$",
    },
    "description": "Letters, digits, spaces and _.:/=+-@ are what AWS takes. In NFC. Keys differ by case.",
}

_NONE = {"maxItems": 0}


def _pulled(input_type: str, kind: sources.SourceKind, channel_class: str) -> Schema:
    """An input that pulls. The class of a channel has a default, so only the other one must be given."""
    needed = sources.sources_needed(channel_class)
    urls = {"minItems": needed, "maxItems": needed, "items": {"type": "string", "pattern": kind.pattern}}
    return {
        "properties": {
            "input_type": {"const": input_type},
            "channel_class": {"const": channel_class},
            "allowed_cidrs": _NONE,
            "source_urls": urls,
            "second_input": {"type": "null"},
            **({} if kind.credentials else {"input_credentials": {"type": "null"}}),
        },
        "required": ["input_type", "source_urls"]
        + ([] if channel_class == ChannelClass.SINGLE_PIPELINE else ["channel_class"]),
    }


# Which fields a channel needs follows from its input type.
CHANNEL: Schema = {
    "anyOf": [
        {
            "properties": {
                "input_type": {"enum": [kind.value for kind in PUSH_TYPES]},
                "allowed_cidrs": {"minItems": 1, "maxItems": cidrs.CIDRS_MAX},
                "source_urls": _NONE,
                "input_credentials": {"type": "null"},
            },
            "required": ["allowed_cidrs"],
        },
        *(
            _pulled(input_type, kind, channel_class)
            for input_type, kind in sources.KINDS.items()
            for channel_class in ChannelClass.values
        ),
    ]
}
