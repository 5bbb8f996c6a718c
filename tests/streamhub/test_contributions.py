"""Contributions are declared on the apps' AppConfigs and nowhere else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.apps import AppConfig, apps
from django.urls import URLPattern
from django.utils.module_loading import import_string

from distributions.owners import Owner
from streamhub import contributions
from streamhub.alerts.rules import AlarmSource
from streamhub.console.navigation import Entry
from streamhub.console.registry import PageParts
from streamhub.console.roles import Grant
from streamhub.console.tiles import DashboardChart, DashboardList, Tile
from streamhub.contributions import contributed
from streamhub.lifecycle.driver import Driver
from streamhub.lifecycle.durations import Operation
from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.lifecycle.polled_lists import PolledList
from streamhub.task_names import TaskName
from streamhub.webhooks.kinds import EventKind

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("streamhub", "distributions", "channels_app", "recordings", "billing", "drift")
DJANGOS = {"name", "label", "verbose_name", "path", "default_auto_field", "__module__", "__doc__"}
KINDS: dict[str, type] = {
    "polled_lists": PolledList,
    "operations": Operation,
    "periodic_jobs": PeriodicJob,
    "alarms": AlarmSource,
    "navigation": Entry,
    "roles": Grant,
    "tiles": Tile,
    "dashboard_lists": DashboardList,
    "dashboard_charts": DashboardChart,
    "page_parts": PageParts,
    "admin_urls": URLPattern,
    "event_kinds": EventKind,
    "glances": Tile,
    "model_names": str,
}
# Methods that each must have; a `Protocol` is not looked up by isinstance.
PROTOCOLS: dict[str, type] = {"drivers": Driver, "distribution_owner": Owner}


def declared() -> Iterator[tuple[AppConfig, str, Any]]:
    """(app, attribute, path) of every contribution of our apps."""
    for config in apps.get_app_configs():
        if config.name.partition(".")[0] in OURS:
            for attribute, value in vars(type(config)).items():
                if attribute not in DJANGOS and not callable(value):
                    yield config, attribute, value


def attributes_read() -> set[str]:
    """The attributes that the product's code reads."""
    files = [file for package in OURS for file in (ROOT / package).rglob("*.py")]
    texts = [file.read_text() for file in files if file != Path(contributions.__file__)]
    return {name for text in texts for name in re.findall(r'\bcontributed\("(\w+)"\)', text)}


def documented() -> set[str]:
    return set(re.findall(r"^`(\w+)` ", contributions.__doc__ or "", re.MULTILINE))


def test_declared_attributes_are_read_and_documented() -> None:
    assert {attribute for _app, attribute, _path in declared()} == attributes_read() == documented()


def test_each_app_contributes_only_its_own_values() -> None:
    for config, attribute, path in declared():
        assert path.startswith(f"{config.name}."), (config.name, attribute)
        assert import_string(path) is not None


def test_each_contribution_has_the_right_type() -> None:
    for attribute in documented():
        assert contributed(attribute)
        for contribution in contributed(attribute):
            if attribute in PROTOCOLS:
                wanted = {name for name in vars(PROTOCOLS[attribute]) if not name.startswith("_")}
                assert wanted <= set(dir(contribution)), (attribute, contribution)
            elif attribute in KINDS:
                assert isinstance(contribution, KINDS[attribute]), (attribute, contribution)
            else:
                assert callable(contribution), (attribute, contribution)


@pytest.mark.parametrize("attribute", ["navigation", "tiles", "dashboard_lists"])
def test_no_two_contributions_have_the_same_order(attribute: str) -> None:
    """With the same order, their positions would depend on INSTALLED_APPS."""
    orders = [contribution.order for contribution in contributed(attribute)]
    assert len(orders) == len(set(orders))


# Run in a process of its own: what is imported first is what is tested.
COLLECT = """
import re, sys
from django.utils import module_loading

autodiscover = module_loading.autodiscover_modules
module_loading.autodiscover_modules = lambda *args, **kwargs: None
import django
django.setup()
module_loading.autodiscover_modules = autodiscover

from importlib import import_module
for module in sys.argv[1].split(","):
    import_module(module)

from django.contrib import admin
admin.autodiscover()
from django.urls import reverse
reverse("admin:index")
from streamhub import contributions
from streamhub.console import navigation, registry, roles, search

for attribute in re.findall(r"^`(\\w+)` ", contributions.__doc__, re.M):
    for contribution in contributions.contributed(attribute):
        print(attribute, re.sub(r" at 0x[0-9a-f]+", "", repr(contribution)))
print([entry.title for entry in navigation.entries()], roles.table())
for resource in search.resource_admins():
    print(resource, list(registry.verbs_of(resource.model)), [view.key for view in resource.views()])
"""


def collected(modules: list[str]) -> str:
    command = [sys.executable, "-c", COLLECT, ",".join(modules)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_with_contributions() -> list[str]:
    """Admin, task and contributed modules, in the order in which Django and Celery import them."""
    admins = ["streamhub.console.admin", "distributions.admin", "channels_app.admin", "billing.admin"]
    tasks = [f"{name}.tasks" for name in ("streamhub.lifecycle", *OURS[1:])]
    parts = [path.rpartition(".")[0] for _app, _attribute, path in declared()]
    return [*admins, *tasks, *parts]


def test_the_order_of_imports_changes_nothing() -> None:
    modules = modules_with_contributions()
    forwards = collected(modules)
    assert forwards.count("\n") > 60
    assert collected(modules[::-1]) == forwards


# --- names of tasks --------------------------------------------------------------------------


def test_task_names_and_tasks_match() -> None:
    current_app.loader.import_default_modules()
    ours = {name for name, task in current_app.tasks.items() if task.__module__.partition(".")[0] in OURS}
    assert ours == set(TaskName)


def test_every_periodic_job_has_its_own_task_and_name() -> None:
    jobs: tuple[PeriodicJob, ...] = contributed("periodic_jobs")
    assert all(isinstance(job.task, TaskName) for job in jobs)
    assert len({job.name for job in jobs}) == len({job.task for job in jobs}) == len(jobs)


def test_a_worker_finds_all_tasks_without_imports_in_the_apps() -> None:
    code = (
        "import sys, django; django.setup()\n"
        "from celery import current_app\n"
        "assert 'billing.tasks' not in sys.modules\n"
        "current_app.loader.import_default_modules()\n"
        "print('\\n'.join(sorted(str(name) for name in current_app.tasks if 'celery.' not in name)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted(TaskName)
