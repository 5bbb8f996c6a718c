from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "recordings"
    verbose_name = "Recordings"

    model_names = "recordings.model_names.MODEL_NAMES"
    periodic_jobs = "recordings.jobs.LIST_RECORDINGS"
    alarms = "recordings.alarms.ALARMS"
    page_parts = "recordings.admin.PARTS"
    roles = "recordings.admin.ROLES"
