"""Values that are odd in every way found so far: numbers, text, encodings, times, patterns."""

from __future__ import annotations

from hypothesis import strategies as st

BIG = "99999999999999999999"
# More digits than Python reads as a number.
HUGE = "9" * 5000

# What a query string or a form can carry.
TEXTS = (
    "",
    " ",
    "abc",
    "²",
    "٣",
    "0",
    "-1",
    "1.5",
    "1e400",
    "NaN",
    "Infinity",
    str(2**31),
    str(2**63 - 1),
    str(2**63),
    BIG,
    HUGE,
    "\0",
    "a\0b",
    "\n",
    "\x7f",
    "\ufeff",
    "\u202egnp",
    "a\u200bb",
    "\ufffd",
    "\U0001f1e9",
    "e\u0301",
    "(",
    "[",
    "(a+)+$",
    "*",
    "%",
    "%00",
    "\\",
    "'",
    '"',
    "';--",
    "<script>",
    "{{ 7 }}",
    "null",
    "true",
    "None",
    "last",
    ",",
    "1,²",
    "__",
    "http://[::1",
    "//evil.example",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31",
    "x" * 3000,
)

# Written into the query string as they stand: broken or double encodings.
RAW = ("%", "%zz", "%ff", "%c0%af", "%ed%a0%80", "%00", "%2500", "+", "%f0%9f", "%u0041")

texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=40).filter(lambda text: text.isprintable()))

# What JSON can carry beside that.
JSON_VALUES = (
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    2**31,
    2**63,
    10**40,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": None},
    {"": ""},
    {"a": {"b": []}},
    ["a"] * 50,
    {str(n): "" for n in range(60)},
    *TEXTS,
    *([text] for text in TEXTS),
    *({text: text} for text in TEXTS),
)
