"""People, their keys and sessions, row by row: without passwords, hashes and the names of sessions."""

from typing import ClassVar

from django.contrib import admin

from accounts.models import Suspension, User
from accounts.sessions import UserSession
from krea_site.dashboard.roles import Lever
from krea_site.dashboard.site import Rows
from krea_site.models import CreditRequest, Impersonation, StaffMember
from partners.models import Key


@admin.register(User)
class Users(Rows):
    lever = Lever.SEE_PEOPLE
    list_display: ClassVar[tuple[str, ...]] = ("id", "email", "date_joined", "last_login", "is_active", "is_staff")
    list_filter: ClassVar[tuple[str, ...]] = ("is_active", "is_staff")
    search_fields: ClassVar[tuple[str, ...]] = ("email",)
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    fields: ClassVar[tuple[str, ...]] = (
        "id",
        "email",
        "date_joined",
        "last_login",
        "is_active",
        "is_staff",
        "is_superuser",
    )


@admin.register(Key)
class Keys(Rows):
    lever = Lever.HELP_PEOPLE
    list_display: ClassVar[tuple[str, ...]] = (
        "prefix",
        "user",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    search_fields: ClassVar[tuple[str, ...]] = ("prefix__startswith", "=user__email")
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)
    fields: ClassVar[tuple[str, ...]] = (
        "id", "user", "prefix", "scopes", "family", "monthly_limit", "calls_a_minute", "unfinished_limit", "created_at",
        "expires_at", "last_used_at", "revoked_at", "rotated_at", "was_found",
    )  # fmt: skip


@admin.register(UserSession)
class Sessions(Rows):
    lever = Lever.HELP_PEOPLE
    list_display: ClassVar[tuple[str, ...]] = ("user", "ip", "user_agent", "created_at", "last_seen_at")
    search_fields: ClassVar[tuple[str, ...]] = ("=user__email", "=ip")
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)
    fields: ClassVar[tuple[str, ...]] = ("user", "ip", "user_agent", "created_at", "last_seen_at")


@admin.register(Suspension)
class Suspensions(Rows):
    lever = Lever.SUSPEND_PEOPLE
    list_display: ClassVar[tuple[str, ...]] = ("user", "since", "by", "reason", "lifted_at", "lifted_by")
    search_fields: ClassVar[tuple[str, ...]] = ("=user__email",)
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)


@admin.register(CreditRequest)
class CreditRequests(Rows):
    lever = Lever.GIVE_CREDITS
    list_display: ClassVar[tuple[str, ...]] = (
        "asked_at",
        "user",
        "takes",
        "amount",
        "state",
        "asked_by",
        "decided_by",
        "decided_at",
    )
    list_filter: ClassVar[tuple[str, ...]] = ("state", "takes")
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    list_select_related: ClassVar[tuple[str, ...]] = ("user", "asked_by", "decided_by")


@admin.register(Impersonation)
class Impersonations(Rows):
    lever = Lever.SEE_ACTS
    list_display: ClassVar[tuple[str, ...]] = ("began_at", "staff", "user", "ends_at", "ended_at", "why")
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    list_select_related: ClassVar[tuple[str, ...]] = ("staff", "user")


@admin.register(StaffMember)
class StaffMembers(Rows):
    lever = Lever.SET_ROLES
    list_display: ClassVar[tuple[str, ...]] = ("user", "role", "since")
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)
