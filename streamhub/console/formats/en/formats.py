"""Date and time formats of Django's own pages: unambiguous days, and times with their zone."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
PYTHON_DATETIME_FORMAT = "%Y-%m-%d %H:%M:%S UTC"  # the same, to read it again
SHORT_DATETIME_FORMAT = "Y-m-d H:i T"
DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i:s"
