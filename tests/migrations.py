"""Whether the version before still works on the database of this one: `python -m tests.migrations`.

`DATABASE_URL` is a PostgreSQL database, which is migrated. Prints each migration of our own packages that a
process of the version before could not live with (django-migration-linter), e.g. a new column that is neither
nullable nor has a default in the database. Exit status 1 if there is one.
"""

from __future__ import annotations

import os

import django
from django.core.management import call_command

# What the linter cannot know to be harmless, and why.
HARMLESS = {
    "lifecycle.0002_heartbeat_name": "a longer text: the shorter names of older processes fit",
}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamhub.settings")
    django.setup()
    from django_migration_linter import MigrationLinter

    call_command("migrate", verbosity=0)
    names = [name.partition(".")[2] for name in HARMLESS]
    linter = MigrationLinter(no_cache=True, ignore_name=names)
    for app in own_apps():
        linter.lint_all_migrations(app_label=app)
    linter.print_summary()
    found = linter.nb_total - linter.nb_ignored
    if linter.nb_ignored != len(HARMLESS):
        print(f"HARMLESS names {len(HARMLESS)} migrations, and {linter.nb_ignored} of them exist.")
    return 1 if linter.has_errors or not found or linter.nb_ignored != len(HARMLESS) else 0


def own_apps() -> list[str]:
    """The labels of the apps that are kept in this repository."""
    from django.apps import apps
    from django.conf import settings

    configs = apps.get_app_configs()
    return [each.label for each in configs if (settings.BASE_DIR / each.name.partition(".")[0]).is_dir()]


if __name__ == "__main__":
    raise SystemExit(main())
