"""What apps contribute to packages that do not know them, declared on their AppConfigs.

An app lists its contributions in its `apps.py`, each as the dotted path of a value:

    class ChannelsConfig(AppConfig):
        name = "channels_app"
        drivers = "channels_app.driver.DRIVERS"
        navigation = "channels_app.admin.NAVIGATION"

The package that uses them calls `contributed("drivers")`. Imports register nothing, so their order does not
matter. The attributes, the values and their users:

====================  ======================================  =================================
`drivers`             `lifecycle.driver.Driver`               reconcile and sweep
`polled_lists`        `lifecycle.polled_lists.PolledList`       the observation of AWS
`operations`          `lifecycle.durations.Operation`         the plan of looks, and what is expected
`periodic_jobs`       `lifecycle.periodic.PeriodicJob`        `manage.py bootstrap`
`at_list`             a function of a `Listing` whose whole   `lifecycle.observe`
                      list was just read
`at_sweep`            a function that makes rows due          `lifecycle.sweep`
`at_transition`       a function of the `Transition`s that were   `lifecycle.states`
                      just written, in their transaction;
                      the row of one that is removed is still there
`event_kinds`         `webhooks.kinds.EventKind`              webhook endpoints
`at_bootstrap`        a function that can be called again     `manage.py bootstrap`
`health_facts`        `lifecycle.health.FactReader`           health page, `/readyz`, alarms
`alarms`              `alerts.rules.AlarmSource`              the dashboard and objects' pages
`navigation`          `console.navigation.Entry`              the sidebar
`roles`               `console.roles.Grant`                   `manage.py bootstrap`
`tiles`               `console.tiles.Tile`                    the dashboard
`dashboard_lists`     `console.tiles.DashboardList`           the dashboard
`model_names`         names that Django derives of models     `console.derived_names`
`page_parts`          `console.registry.PageParts`            lists and pages of objects
`admin_urls`          URL patterns below `/admin/`            the admin's site
`aws_account`         a function: the account number, or ""   the dashboard
`aws_dates`           a function of AWS's date and a call's   `aws.session`
                      duration in seconds
`channel_costs`       a function that sets `cost_per_hour`     the API of channels
                      of channels
`running_costs`       a function that sets `running_cost`      the confirmation of a start
                      of channels: an amount and its currency
`breakout_costs`      a function that sets `cost` of          the API of breakouts
                      breakouts
`breakout_traffic`    a function: minutes of breakouts        `channels_app.traffic`
`room_figures`        a function of request and breakout that  a show's control room
                      returns a `console.facts.Fact` or None
`glances`             `console.tiles.Tile`                    the first row of the dashboard
`dashboard_charts`    `console.tiles.DashboardChart`          the dashboard
`distribution_owner`  `distributions.owners.Owner`            `distributions`, for their owner
====================  ======================================  =================================
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string


@cache
def contributed(attribute: str) -> tuple[Any, ...]:
    """What the installed apps contribute under this attribute, in the order of INSTALLED_APPS.

    A list or tuple contributes its members; any other value contributes itself.
    """
    contributions: list[Any] = []
    for config in apps.get_app_configs():
        path = getattr(config, attribute, None)
        if path is not None:
            value = import_string(path)
            contributions += value if isinstance(value, (list, tuple)) else [value]
    return tuple(contributions)
