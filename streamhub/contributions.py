"""What the apps hand to the parts of the house that do not know them: declared on their AppConfigs.

An app says in its `apps.py` what it contributes, each as the dotted path to a value of its own:

    class ChannelsConfig(AppConfig):
        name = "channels_app"
        drivers = "channels_app.driver.DRIVERS"
        navigation = "channels_app.admin.NAVIGATION"

The part that uses it asks `contributed("drivers")`. Nothing is registered by being imported, so the order
of imports changes nothing. These are the attributes, what the path leads to, and who asks:

====================  ==============================================  ===============================
`drivers`             `lifecycle.driver.Driver`                       reconcile and sweep
`polled_lists`             `lifecycle.observe.PolledList`                       the observation of AWS
`periodic_jobs`       `lifecycle.periodic.PeriodicJob`                `manage.py bootstrap`
`at_bootstrap`        a function that may be called again and again   `manage.py bootstrap`
`alarms`              `alerts.alarms.AlarmSource`                     the dashboard and objects' pages
`navigation`          `console.navigation.Entry`                      the sidebar
`roles`               `console.roles.Grant`                           `manage.py bootstrap`
`tiles`               `console.tiles.Tile`                            the dashboard
`dashboard_lists`              `console.tiles.DashboardList`                           the dashboard
`page_parts`          `console.registry.PageParts`                    lists and pages of objects
`admin_urls`          URL patterns below `/admin/`                    the admin's site
`aws_account`         a function: the account's number, or ""         the dashboard
`distribution_owner`  `distributions.owners.Owner`                    `distributions`, of its owner
====================  ==============================================  ===============================
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string


@cache
def contributed(attribute: str) -> tuple[Any, ...]:
    """What the installed apps declare under this attribute, in the order of INSTALLED_APPS.

    A path that leads to a list or a tuple contributes its members, any other the value itself.
    """
    found: list[Any] = []
    for config in apps.get_app_configs():
        path = getattr(config, attribute, None)
        if path is not None:
            value = import_string(path)
            found += value if isinstance(value, (list, tuple)) else [value]
    return tuple(found)
