"""A person with an account: the e-mail address is the name."""

from typing import Any, ClassVar

from django.apps import apps
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new user with a usable password, or with none that fits when `password` is None."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """As `create_user`, for whoever has the machine itself: the mailbox needs no proof, as the first owner may have
        to come in before the site sends mails."""
        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        addresses = apps.get_model("account", "EmailAddress").objects.using(self._db)
        addresses.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.email

    @property
    def is_suspended(self) -> bool:
        """Shut out by staff for a while; an account that is closed for good is not. Asks the database where nobody may
        log in, and nowhere else."""
        return not self.is_active and self.suspensions.filter(lifted_at=None).exists()


class Suspension(models.Model):
    """One time for which staff shut a person out. `User.is_active` goes with it; only `accounts.suspensions` writes
    either, and `accounts.erasure` where the account is deleted meanwhile. `by` and `lifted_by` are ids of staff."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="suspensions")
    reason = models.CharField(max_length=300)
    since = models.DateTimeField(default=timezone.now)
    by = models.BigIntegerField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], name="suspended_once", condition=Q(lifted_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"suspension of user {self.user_id}"
