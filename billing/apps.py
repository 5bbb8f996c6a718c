from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    model_names = "billing.model_names.MODEL_NAMES"
    periodic_jobs = "billing.jobs.PERIODIC_JOBS"
    alarms = "billing.alarms.ALARMS"
    admin_urls = "billing.admin.ADMIN_URLS"
    navigation = "billing.admin.NAVIGATION"
    event_kinds = "billing.handover.EVENT_KINDS"
    roles = "billing.admin.ROLES"
    tiles = "billing.admin.TILES"
    dashboard_charts = "billing.admin.CHARTS"
    at_bootstrap = "billing.pricing.services.rates_seed"
    channel_costs = "billing.costs.now.set_costs"
    running_costs = "billing.costs.now.set_running_costs"
    breakout_costs = "billing.costs.breakouts.set_costs"
    room_figures = "billing.costs.page.ROOM_FIGURES"
    breakout_traffic = "billing.traffic.traffic_of"
    page_parts = "billing.admin.PAGE_PARTS"
    at_transition = "billing.daily_rereads.at_transition"
