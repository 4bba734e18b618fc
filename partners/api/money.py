"""What the account has, and every movement of it."""

from collections.abc import Mapping
from typing import ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from billing import statement
from billing.models import Account
from partners.models import Scope

from . import presented, shapes
from .describe import described
from .generations import PAGE
from .query import Query
from .view import ApiView, answer

READ = (Scope.BILLING_READ,)


class Balance(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ}

    @described("getBalance", "Read the balance", {200: shapes.Balance}, tag="Money")
    def get(self, request: Request) -> HttpResponse:
        """What can be spent, what is set aside, and what is owed."""
        return answer(presented.balance(_wallet(request) or Account()))


class Ledger(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("cursor", "limit")}

    @described("listLedger", "List the movements", {200: shapes.Movements}, parameters=PAGE, tag="Money")
    def get(self, request: Request) -> HttpResponse:
        """Every movement of the account, newest first. A generation has one row, of kind `usage`."""
        query = Query(request)
        cursor, size = query.id("cursor"), query.page_size()
        query.done()
        page = statement.page(_wallet(request), cursor=str(cursor or ""), size=size)
        return answer(presented.movements(page.movements, page.following))


def _wallet(request: Request) -> Account | None:
    return Account.objects.filter(user_id=request.user.pk).first()
