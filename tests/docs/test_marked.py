"""Texts that people see are marked for translation: in code, in templates and in scripts."""

from __future__ import annotations

import re

import pytest

from streamhub.console import browser_texts
from tests.docs import marked
from tests.scenarios.packages import ROOT


def test_no_text_is_unmarked() -> None:
    paths = (*marked.code(), *marked.templates(), *marked.scripts())
    found = {path.relative_to(ROOT).as_posix(): marked.unmarked(path) for path in paths}
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    "source",
    [
        'forms.CharField(label="Name")',
        'forms.CharField(help_text=f"At most {most} characters.")',
        'display(description="state")',
        'Verb(label="Stop")',
        'messages.error(request, "Nothing was done.")',
        'forms.ValidationError(f"{line} is not a tag.")',
        'Fact("customer", row.customer)',
        'Fact(_("customer"), row.customer, hint="late" if late else "")',
        'Entry(110, _("Live"), "Breakouts", "podcasts", "channels_app.breakout")',
        'Badge(Tone.CALM, "event", word="planned")',
        'Verb(*("stop", "Stop", "stop_circle", "channels_app.stop"), run=stop)',
        'Refusal(f"It is {state}.")',
        'def name_error(name):\n    return None if name else "Enter a name."',
        'def kind_errors(kinds):\n    return {"kinds": f"There is no {kinds}."}',
        'errors["name"] = "Enter a name."',
        'raise NotAllowed("The URL has no host.")',
        'ShownTile("Alarms", tone, "warning", figures)',
    ],
)
def test_an_unmarked_text_of_code_is_found(source: str) -> None:
    assert len(list(marked.unmarked_in_code(source))) == 1


@pytest.mark.parametrize("source", ['_(f"It is {state}.")', 'f"{_("late")}: {name}"'])
def test_a_mark_that_gettext_cannot_read_is_found(source: str) -> None:
    assert len(list(marked.unmarked_in_code(source.replace('_("late")', "_('late')"), page=True))) == 1


def test_every_sentence_of_a_page_is_asked_for() -> None:
    source = 'def headline(row):\n    """Of a row."""\n    return "It never changes."'
    assert list(marked.unmarked_in_code(source)) == []
    assert list(marked.unmarked_in_code(source, page=True)) == [(3, "'It never changes.'")]
    done = source.replace('"It never changes."', '_("It never changes.")')
    assert list(marked.unmarked_in_code(done, page=True)) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Nothing yet.</p>", ["Nothing yet."]),
        ('<p title="Why">{{ value }}</p>', ["Why"]),
        ('{% copy row.arn "stream key" %}', ["stream key"]),
        ('{{ rate|default:"no rate" }}', ["no rate"]),
        ('{% include "a/b.html" with head="Service" %}', ["Service"]),
        ('{% copy row.arn _("stream key") %}{{ rate|default:_("no rate") }}', []),
        ('<p>{% translate "Nothing yet." %}</p>', []),
        ("{% blocktranslate %}Type <code>x</code>{% endblocktranslate %}", []),
        ('<p class="sh-none">{% icon "block" %}{{ text }} USD</p>', []),
    ],
)
def test_an_unmarked_text_of_a_template_is_found(template: str, found: list[str]) -> None:
    assert marked.unmarked_in_template(template) == found


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('say(stage, "Waiting for it …");', ["Waiting for it …"]),
        ("fails(`no answer for ${seconds} s`);", ["no answer for  s"]),
        ('stop("Stopped.");', ["Stopped."]),
        ('// a comment of words\nfind("a[href], button", text("stopped"));', []),
    ],
)
def test_a_text_of_a_script_is_found(script: str, found: list[str]) -> None:
    assert marked.unmarked_in_script(script) == found


def test_scripts_ask_for_the_texts_that_pages_carry() -> None:
    source = "".join(path.read_text() for path in marked.scripts())
    asked = set(re.findall(r'\btext\("(\w+)"', source))
    assert asked - set(browser_texts.TEXTS) == set()
    assert [key for key in browser_texts.TEXTS if f'"{key}"' not in source] == []
