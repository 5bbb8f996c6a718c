from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "channels_app"
    verbose_name = "Channels"

    model_names = "channels_app.model_names.MODEL_NAMES"
    drivers = "channels_app.driver.DRIVERS"
    polled_lists = "channels_app.driver.POLLED_LISTS"
    operations = "channels_app.operations.OPERATIONS"
    periodic_jobs = "channels_app.jobs.PERIODIC_JOBS"
    distribution_owner = "channels_app.services.distribution.OWNER"
    alarms = "channels_app.admin.alarms.ALARMS"
    admin_urls = "channels_app.admin.ADMIN_URLS"
    navigation = "channels_app.admin.NAVIGATION"
    event_kinds = "channels_app.events.EVENT_KINDS"
    roles = "channels_app.roles.ROLES"
    tiles = "channels_app.admin.dashboard.TILES"
    glances = "channels_app.admin.dashboard.GLANCES"
    dashboard_lists = "channels_app.admin.dashboard.DASHBOARD_LISTS"
    page_parts = "channels_app.admin.PAGE_PARTS"
