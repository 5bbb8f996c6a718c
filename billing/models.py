"""The ledger (what CloudFront delivered, by distribution and minute), what has been read, and what was final.

It is keyed by CloudFront's ids, because it outlives distributions and channels.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from billing import bill_rows, statement_rows, usage_rows  # noqa: F401 - their models are the app's too
from streamhub.append_only import append_only

MINUTE = 60


class LedgerMinute(models.Model):
    """What one distribution delivered in one minute (UTC), as last read from CloudWatch.

    Where CloudWatch no longer keeps minutes, `period_seconds` is 300 or 3600: the row covers that span from
    `minute` on and holds only what shorter rows inside it do not hold. So the sum of the rows is what was
    delivered, and each row counts once. A minute without a row is "no data". A figure is 0 while only the
    other one has been published.
    """

    aws_distribution_id = models.CharField(max_length=32)
    minute = models.DateTimeField()
    period_seconds = models.PositiveSmallIntegerField(default=MINUTE)
    bytes_downloaded = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Its index serves range scans too.
            models.UniqueConstraint(
                fields=["aws_distribution_id", "minute", "period_seconds"], name="ledger_minute_once"
            ),
        ]
        indexes = [
            models.Index(fields=["minute"], name="ledger_minute_time"),
            models.Index(
                fields=["aws_distribution_id", "minute"],
                condition=models.Q(period_seconds__gt=MINUTE),
                name="ledger_coarse",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.aws_distribution_id} {self.minute:%Y-%m-%d %H:%M}"

    @property
    def approximate(self) -> bool:
        """Whether it is longer than a minute, so that its split between breakouts is an estimate."""
        return self.period_seconds > MINUTE


class LedgerHour(models.Model):
    """Rolled-up minutes: one row per distribution, hour and breakout (uid "": unattributed).

    It keeps the attribution of the minutes, which cannot be computed from an hour.
    """

    aws_distribution_id = models.CharField(max_length=32)
    hour = models.DateTimeField()
    breakout_uid = models.CharField(max_length=32, blank=True, default="", db_index=True)
    bytes_downloaded = models.BigIntegerField()
    requests = models.BigIntegerField()
    approximate = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["aws_distribution_id", "hour", "breakout_uid"], name="ledger_hour_once"
            ),
        ]
        indexes = [models.Index(fields=["hour"], name="ledger_hour_time")]

    def __str__(self) -> str:
        return f"{self.aws_distribution_id} {self.hour:%Y-%m-%d %H}h"


class LedgerShortfall(models.Model):
    """A longer period in which CloudWatch reports less than its minutes that were read before.

    The minutes stay as they are. `known_` and `reported_`: the sums of both.
    """

    aws_distribution_id = models.CharField(max_length=32)
    start = models.DateTimeField()
    period_seconds = models.PositiveSmallIntegerField()
    known_bytes = models.BigIntegerField()
    reported_bytes = models.BigIntegerField()
    known_requests = models.BigIntegerField()
    reported_requests = models.BigIntegerField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["aws_distribution_id", "start", "period_seconds"], name="ledger_shortfall_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.aws_distribution_id} {self.start:%Y-%m-%d %H:%M}"


class CollectionWindow(models.Model):
    """What of one attachment's minutes has been read, and when they are read next.

    `read_at`: when CloudWatch last answered in full for this window. `next_read_at`: when it is read next
    (None: it is not planned yet). `planned_open`: that plan was made while the attachment was open.
    `settled_at`: when its figures were found complete; it is not read again. `figures_due`: the ledger has
    changed since the breakout's figures were last written.
    """

    attachment = models.OneToOneField(
        "channels_app.Attachment", on_delete=models.CASCADE, related_name="collection_window"
    )
    read_at = models.DateTimeField(null=True, blank=True)
    next_read_at = models.DateTimeField(null=True, blank=True)
    planned_open = models.BooleanField(default=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    figures_due = models.BooleanField(default=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_read_at"], condition=models.Q(settled_at=None), name="window_next_read"
            ),
            models.Index(fields=["id"], condition=models.Q(figures_due=True), name="window_figures_due"),
        ]

    def __str__(self) -> str:
        return f"window of {self.attachment}"


class FinalFigure(models.Model):
    """What a breakout's final figures hold of one distribution and day (UTC). It never changes.

    The difference to the ledger's present share is late.
    """

    breakout = models.ForeignKey("channels_app.Breakout", on_delete=models.CASCADE, related_name="+")
    aws_distribution_id = models.CharField(max_length=32)
    day = models.DateField()
    bytes_downloaded = models.BigIntegerField()
    requests = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["breakout", "aws_distribution_id", "day"], name="final_figure_once"
            ),
        ]
        indexes = [models.Index(fields=["aws_distribution_id", "day"], name="final_figure_day")]

    def __str__(self) -> str:
        return f"{self.breakout} on {self.aws_distribution_id}, {self.day}"


class DailySeries(models.Model):
    """Whole UTC days of one distribution: each is read after one, two and four days.

    `next_day`, `second_day`, `third_day`: the first day whose first, second, third read is still to be made;
    so the days before `third_day` are complete. `wanted_through`: the last day to read; it moves on while
    the distribution exists.
    """

    aws_distribution_id = models.CharField(max_length=32, unique=True)
    first_day = models.DateField()
    next_day = models.DateField(db_index=True)
    second_day = models.DateField(db_index=True)
    third_day = models.DateField(db_index=True)
    wanted_through = models.DateField()

    class Meta:
        verbose_name_plural = "daily series"

    def __str__(self) -> str:
        return self.aws_distribution_id


class PublicationDelay(models.Model):
    """A histogram: how many datapoints, read on `day`, came at most `seconds` after their minute's end.

    `seconds` is the upper bound of a bucket; each datapoint is in one bucket only.
    """

    day = models.DateField()
    seconds = models.PositiveIntegerField()
    datapoints = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "seconds"], name="publication_delay_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.datapoints} within {self.seconds} s"


class PriceRate(models.Model):
    """One version of an entry of the price book: what AWS asks for a kind of usage from a moment on.

    A version is never changed: a new price is a new row, and the one in force is the last that began. Of two
    that began together it is the one recorded last. `region`: AWS's region, a price region of CloudFront
    ("EU"), or "*" for every region without rates of its own. `tiers`: [[from, price]…] as decimal texts, of
    the month's quantity in `unit`; each tier ends where the next begins.
    """

    class Origin(models.TextChoices):
        SEED = "seed", _("StreamHub's own list")
        PRICE_LIST = "price_list", _("AWS's price list")
        STAFF = "staff", _("staff")

    service = models.CharField(max_length=40)
    usage_type = models.CharField(max_length=64)
    region = models.CharField(max_length=32)
    unit = models.CharField(max_length=16)
    currency = models.CharField(max_length=3, default="USD")
    tiers = models.JSONField()
    valid_from = models.DateTimeField()
    origin = models.CharField(max_length=16, choices=Origin.choices)
    source = models.CharField(max_length=300)
    verified = models.BooleanField(default=False)
    recorded_by = models.CharField(max_length=128)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [("import_rates", "Can import AWS's price list")]
        indexes = [
            models.Index(fields=["service", "usage_type", "region", "valid_from", "id"], name="rate_in_force")
        ]
        constraints = [*append_only("pricerate")]

    def __str__(self) -> str:
        return f"{self.usage_type} in {self.region}, version {self.pk}"


class EncoderPhase(models.Model):
    """A stretch of time in which a channel's encoder ran (started and stopping included) or stood idle.

    Made from the channel's transitions; `transition` is the one that began it. It keeps what MediaLive bills
    of the channel as that was, because it outlives the channel. `ended_at` None: it lasts.
    `ml_channel_id`, `mp_channel_id`: AWS's ids, by which CloudWatch knows it.
    """

    channel_id = models.BigIntegerField()
    channel_uid = models.CharField(max_length=32, blank=True, default="", db_index=True)
    channel_name = models.CharField(max_length=128)
    transition = models.BigIntegerField(unique=True)
    running = models.BooleanField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # "": the channel was deleted before it was looked at, so that its price is not known.
    profile = models.CharField(max_length=32, blank=True, default="")
    channel_class = models.CharField(max_length=16, blank=True, default="")
    record = models.BooleanField(default=False)
    inputs = models.PositiveSmallIntegerField(default=1)
    push_inputs = models.PositiveSmallIntegerField(default=0)
    ml_channel_id = models.CharField(max_length=32, blank=True, default="")
    mp_channel_id = models.CharField(max_length=256, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["ended_at", "started_at"], name="encoder_phase_time"),
            models.Index(fields=["channel_id"], condition=models.Q(ended_at=None), name="encoder_phase_open"),
        ]

    def __str__(self) -> str:
        word = "running" if self.running else "idle"
        return f"{self.channel_name} {word} from {self.started_at:%Y-%m-%d %H:%M}"


class MonthCost(models.Model):
    """What a month (UTC, by its first day) has cost so far, as last worked out: an ESTIMATE.

    `lines`: [{"what", "quantity", "unit", "amount", "rate"}]. `level`: the part of the budget in percent (0,
    50, 80, 100) that it had reached, since `level_since`.
    """

    month = models.DateField(unique=True)
    currency = models.CharField(max_length=3, default="USD")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    lines = models.JSONField(default=list)
    worked_out_at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(default=0)
    level_since = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.amount} {self.currency}"


class ReportedUsage(models.Model):
    """What webhooks were told of a breakout's usage: the sum of its events, and whose it is.

    `number`: how many events that were. See `billing.handover`.
    """

    breakout = models.OneToOneField(
        "channels_app.Breakout", on_delete=models.CASCADE, related_name="reported_usage"
    )
    customer = models.CharField(max_length=256, blank=True, default="")
    bytes_downloaded = models.BigIntegerField()
    requests = models.BigIntegerField()
    number = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "reported usage"

    def __str__(self) -> str:
        return f"{self.breakout}: {self.bytes_downloaded} bytes"
