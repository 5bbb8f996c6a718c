"""AWS's own bill as rows: its versions, its lines, and whose each amount is.

Amounts are whole picodollars (10^-12): AWS states more digits than a billionth, and sums must be exact.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

DIGITS = 12


class Ours(models.TextChoices):
    """What of ours a resource of a bill is; "": nothing of ours."""

    DISTRIBUTION = "distribution", _("Distribution")
    CHANNEL = "channel", _("MediaLive channel")
    INPUT = "input", _("MediaLive input")
    PACKAGE = "package", _("MediaPackage")
    BUCKET = "bucket", _("recording bucket")
    SHARED = "shared", _("shared with others")


class Unexplained(models.TextChoices):
    """Why an amount is no breakout's."""

    IDLE = "idle", _("idle channels and inputs")
    REHEARSAL = "rehearsal", _("running without a breakout")
    UNATTRIBUTED = "unattributed", _("ours, in no breakout's time")
    SHARED = "shared", _("media files, shared by all")
    OTHERS = "others", _("resources that are not ours")
    NO_RESOURCE = "no_resource", _("usage without a resource id")
    TAX = "tax", _("tax")
    CREDIT = "credit", _("credits")
    REFUND = "refund", _("refunds and adjustments")
    FEE = "fee", _("fees and reservations")
    DISCOUNT = "discount", _("discounts")
    UNKNOWN = "unknown", _("lines of a kind that StreamHub does not know")


class BilledResource(models.Model):
    """An AWS resource of one of our channels, kept so that a bill finds it when the channel is long gone.

    `match`: the end of its ARN, such as "channel:1234567".
    """

    match = models.CharField(max_length=200, unique=True)
    ours = models.CharField(max_length=16, choices=Ours.choices)
    channel_uid = models.CharField(max_length=32)
    channel_name = models.CharField(max_length=128)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["channel_uid"], name="billed_resource_channel")]

    def __str__(self) -> str:
        return f"{self.match} of {self.channel_name}"


class BillVersion(models.Model):
    """One version of a month's bill (UTC, `month`: its first day). AWS delivers each month again and again.

    The lines are kept of the `current` one only. `fingerprint`: SHA-256 of its files. `estimate`: what
    StreamHub estimated for the month by service when it was allocated, as decimal texts.
    """

    month = models.DateField()
    current = models.BooleanField(default=True)
    source = models.CharField(max_length=1000)
    fingerprint = models.CharField(max_length=64)
    # The manifest's ETag, if it came from the bucket.
    manifest = models.CharField(max_length=128, blank=True, default="")
    layout = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    lines_count = models.PositiveBigIntegerField()
    picos = models.BigIntegerField()
    imported_by = models.CharField(max_length=160)
    imported_at = models.DateTimeField(db_default=Now())
    allocated_at = models.DateTimeField(null=True, blank=True)
    estimate = models.JSONField(default=dict)

    class Meta:
        permissions = [("import_bill", "Can import AWS's bill")]
        constraints = [
            models.UniqueConstraint(fields=["month"], condition=Q(current=True), name="one_current_bill")
        ]
        indexes = [models.Index(fields=["month", "-id"], name="bill_versions_of_month")]

    def __str__(self) -> str:
        return f"Bill of {self.month:%Y-%m}, version {self.pk}"

    @property
    def amount(self) -> Decimal:
        return as_decimal(self.picos)


class UploadState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    IMPORTED = "imported", _("Imported")
    REFUSED = "refused", _("Refused")


class BillUpload(models.Model):
    """A file of a bill that somebody sent, for the job that imports it. `said`: what came of it.

    `attempts`: how often a run has begun with it; `begun_at`: when the last one did.
    """

    KIND = "bill upload"

    name = models.CharField(max_length=200)
    size_bytes = models.PositiveBigIntegerField()
    uploaded_by = models.CharField(max_length=160)
    uploaded_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=UploadState.choices, default=UploadState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(null=True, blank=True)
    said = models.TextField(blank=True, default="")
    version = models.ForeignKey(BillVersion, on_delete=models.SET_NULL, null=True, related_name="uploads")

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(state="waiting"), name="bill_upload_waiting"),
        ]

    def __str__(self) -> str:
        return self.name


class BillUploadPart(models.Model):
    """A piece of an upload, in the order of its id. The pieces go when the upload is done with.

    They are in the database because the worker may run on another machine than the web process.
    """

    upload = models.ForeignKey(BillUpload, on_delete=models.CASCADE, related_name="parts")
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"part {self.pk} of {self.upload_id}"


class BillLine(models.Model):
    """Lines of a bill, summed by resource, kind of usage and time.

    `ours`, `key`: which of our resources it is: a distribution's id, or the uid of a channel. What is not
    ours has no times, so that it is one row for the month.
    """

    version = models.ForeignKey(BillVersion, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=32)
    service = models.CharField(max_length=128, blank=True)
    usage_type = models.CharField(max_length=200, blank=True)
    operation = models.CharField(max_length=200, blank=True)
    resource = models.TextField(blank=True)
    ours = models.CharField(max_length=16, choices=Ours.choices, blank=True)
    key = models.CharField(max_length=64, blank=True)
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    quantity = models.FloatField(default=0)
    picos = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["version", "ours", "key", "start"], name="bill_line_of_resource")]

    def __str__(self) -> str:
        return f"{self.usage_type} of {self.resource}"


class BillShare(models.Model):
    """What of a version's lines is a breakout's, or no breakout's and `why`. Their sum is the version's."""

    version = models.ForeignKey(BillVersion, on_delete=models.CASCADE, related_name="shares")
    breakout = models.ForeignKey(
        "channels_app.Breakout", on_delete=models.SET_NULL, null=True, related_name="bill_shares"
    )
    why = models.CharField(max_length=16, choices=Unexplained.choices, blank=True)
    service = models.CharField(max_length=128, blank=True)
    usage_type = models.CharField(max_length=200, blank=True)
    resource = models.TextField(blank=True)
    channel_uid = models.CharField(max_length=32, blank=True)
    picos = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["version", "why", "-picos"], name="bill_share_unexplained")]

    def __str__(self) -> str:
        return f"{self.usage_type}: {self.amount}"

    @property
    def amount(self) -> Decimal:
        return as_decimal(self.picos)


class BreakoutBill(models.Model):
    """What a version bills of one breakout, and what StreamHub estimated for it then (None: unknown)."""

    version = models.ForeignKey(BillVersion, on_delete=models.CASCADE, related_name="breakouts")
    breakout = models.ForeignKey("channels_app.Breakout", on_delete=models.CASCADE, related_name="bills")
    picos = models.BigIntegerField()
    estimate_picos = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "breakout"], name="breakout_bill_once_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.breakout}: {as_decimal(self.picos)}"


def as_decimal(picos: int) -> Decimal:
    return Decimal(picos).scaleb(-DIGITS)


def as_picos(amount: Decimal) -> int:
    return int(amount.scaleb(DIGITS).to_integral_value())
