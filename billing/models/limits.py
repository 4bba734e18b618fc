"""Limits that the operator set, for everybody, for the customers of a plan, or for one customer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .shop import Plan


class LimitRow(models.Model):
    """One limit for somebody; where there is no row, the next wider one holds, and at last the setting. `what` is the
    name of a `billing.set_limits.Limit`. Only `billing.set_limits` writes it."""

    what = models.CharField(max_length=32)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.CASCADE, related_name="+")
    value = models.PositiveIntegerField()
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="limit_for_a_user_or_a_plan", condition=Q(user=None) | Q(plan=None)),
            models.UniqueConstraint(
                fields=["what"], condition=Q(user__isnull=True, plan__isnull=True), name="limit_once_for_everybody"
            ),
            models.UniqueConstraint(
                fields=["what", "plan"], condition=Q(plan__isnull=False), name="limit_once_for_a_plan"
            ),
            models.UniqueConstraint(
                fields=["what", "user"], condition=Q(user__isnull=False), name="limit_once_for_a_user"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.value}"
