"""Who is staff, in which role, and everything that they did."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class Role(models.TextChoices):
    """What each may do is in krea_site/dashboard/roles.py."""

    SUPPORT = "support", "Support"
    FINANCE = "finance", "Finance"
    MODERATOR = "moderator", "Moderator"
    OWNER = "owner", "Owner"


class StaffMember(models.Model):
    """One member of staff. `User.is_staff` goes with it; only `roles.give` writes either."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_member")
    role = models.CharField(max_length=16, choices=Role.choices)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.role} {self.user_id}"


class StaffAct(models.Model):
    """One thing that somebody of the staff did. Added, never edited and never deleted: the database refuses both.

    `verb` is a dotted name such as `people.suspend`; `subject` what it was done to, as `kind:id`; `before` and `after`
    hold what changed, never a prompt, a secret or an e-mail address. Only `dashboard.acts` adds one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    verb = models.CharField(max_length=64)
    subject = models.CharField(max_length=128)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    why = models.CharField(max_length=300)

    class Meta:
        verbose_name = "staff act"
        indexes = [
            models.Index(fields=["subject", "id"], name="staff_act_by_subject"),
            models.Index(fields=["actor", "id"], name="staff_act_by_actor"),
            models.Index(fields=["verb", "id"], name="staff_act_by_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"
