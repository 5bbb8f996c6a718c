from django.apps import AppConfig


class DistributionsConfig(AppConfig):
    name = "distributions"
    verbose_name = "Distributions"

    model_names = "distributions.model_names.MODEL_NAMES"
    drivers = "distributions.driver.DRIVER"
    polled_lists = "distributions.driver.POLLED_LIST"
    operations = "distributions.operations.OPERATIONS"
    periodic_jobs = "distributions.jobs.PERIODIC_JOBS"
    at_sweep = "distributions.feeding.feed"
    at_bootstrap = "distributions.mediamanager.mediamanager_register"
    alarms = "distributions.alarms.ALARMS"
    navigation = "distributions.admin.NAVIGATION"
    event_kinds = "distributions.events.EVENT_KINDS"
    roles = "distributions.roles.ROLES"
    tiles = "distributions.admin.TILES"
    page_parts = "distributions.admin.PAGE_PARTS"
    admin_urls = "distributions.admin.URLS"
    aws_account = "distributions.admin.aws_account"
