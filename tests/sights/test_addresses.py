"""Every address of the site: who gets what there. An address that is not in the table fails, and so does a page that is
in no scene."""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.contrib import admin
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from krea_site import asgi
from tests.sights.house import PUBLIC_URL, House
from tests.sights.scenes import SCENES

pytestmark = pytest.mark.journey

LOGIN = 302  # and it leads to the log-in page
NOBODY, ANOTHER, OF_STAFF, OWNER = CAST = ("", "bob", "operator", "owner")

# The statuses that nobody, another customer, a member of staff, and the owner of what is there (or any customer) get.
# None: not asked, since it would change what other tests look at.
Rule = tuple[int, int, int, int | None]
EVERYBODY: Rule = (200, 200, 200, 200)
MEMBERS: Rule = (LOGIN, 200, 200, 200)
OWN: Rule = (LOGIN, 404, 404, 200)
STAFF: Rule = (LOGIN, 404, 200, 404)
STAFF_ACT: Rule = (LOGIN, 404, 302, 404)
GUESTS: Rule = (200, 302, 302, 302)  # who is logged in is sent on
WITH_KEY: Rule = (401, 200, 200, 200)
OWN_WITH_KEY: Rule = (401, 404, 404, 200)
ACT_WITH_KEY: Rule = (401, 404, 404, None)
NOWHERE: Rule = (404, 404, 404, 404)
KEY_ALONE: Rule = (401, 401, 401, 401)  # a session is none
Answers = dict[tuple[str, str], httpx.Response]


@dataclass(frozen=True)
class Asked:
    """`path` is needed where the route has a parameter. `is_token`: whoever calls proves it in the address or a header,
    and no form of ours is sent there."""

    rule: Rule
    path: str | None = None
    post: bool = False
    owner: str = "alice"
    is_token: bool = False


ADDRESSES = {
    # For everybody
    "": Asked(EVERYBODY),
    "models/": Asked(EVERYBODY),
    "models/<slug:id>/": Asked(EVERYBODY, "/models/krea-2-large/"),
    "models/<slug:id>/llms.txt": Asked(EVERYBODY, "/models/krea-2-large/llms.txt"),
    "llms.txt": Asked(EVERYBODY),
    "robots.txt": Asked(EVERYBODY),
    "sitemap.xml": Asked(EVERYBODY),
    "terms/": Asked(EVERYBODY),
    "privacy/": Asked(EVERYBODY),
    "refunds/": Asked(EVERYBODY),
    "imprint/": Asked(EVERYBODY),
    "report/": Asked(EVERYBODY),
    "status/": Asked(EVERYBODY),
    "healthz": Asked(EVERYBODY),
    "readyz": Asked(EVERYBODY),
    # On this machine alone
    "inbox/": Asked(EVERYBODY),
    # The studio and the gallery
    "studio/": Asked(MEMBERS),
    "studio/price": Asked(MEMBERS, post=True),
    "studio/rows": Asked((LOGIN, 400, 400, 400), post=True),
    "studio/pictures": Asked(MEMBERS),
    "studio/loras/": Asked(MEMBERS),
    "studio/draft": Asked((401, 200, 200, 200)),  # asked by a script: JSON
    "studio/prompts": Asked(MEMBERS),
    "studio/logged-in": Asked(MEMBERS),
    "studio/notice": Asked(MEMBERS),
    "studio/code": Asked(MEMBERS, post=True),
    "studio/generations/<uuid:id>/again": Asked(OWN, "/studio/generations/{partial}/again"),
    "images/<uuid:id>/finish": Asked(OWN, "/images/{medium_picture}/finish"),
    "studio/generations/<uuid:id>/": Asked(OWN, "/studio/generations/{generation}/"),
    "studio/generations/<uuid:id>/cancel": Asked(
        (LOGIN, 404, 404, 302), "/studio/generations/{spare}/cancel", post=True, owner="carol"
    ),
    "history/": Asked(MEMBERS),
    "history/pictures": Asked(MEMBERS),
    "images/<uuid:id>/": Asked(OWN, "/images/{picture}/"),
    "images/<uuid:id>/view": Asked(OWN, "/images/{picture}/view"),
    "studio/recall": Asked(OWN, "/studio/recall?image={picture}"),
    "compare/": Asked(OWN, "/compare/?image={picture}&image={styled}"),
    "images/<uuid:id>/delete": Asked(OWN, "/images/{picture}/delete"),
    "images/<uuid:id>/favourite": Asked((LOGIN, 404, 404, 302), "/images/{picture}/favourite", post=True),
    "images/<uuid:id>/restore": Asked((LOGIN, 404, 404, 302), "/images/{binned_too}/restore", post=True),
    "images/<uuid:id>/purge": Asked(OWN, "/images/{binned}/purge"),
    "history/bulk": Asked((LOGIN, 302, 302, 302), post=True),
    "history/count": Asked(MEMBERS),
    "history/bin/": Asked(MEMBERS),
    "history/bin/empty": Asked(MEMBERS),
    "history/bin/undo": Asked((LOGIN, 302, 302, 302), post=True),
    "images/<uuid:id>/share": Asked((LOGIN, 404, 404, 302), "/images/{picture}/share", post=True),
    "history/shares/": Asked(MEMBERS),
    "history/shares/revoke": Asked(MEMBERS),
    "history/shares/<uuid:id>/change": Asked((LOGIN, 404, 404, 302), "/history/shares/{spare_share}/change", post=True),
    "history/shares/<uuid:id>/revoke": Asked((LOGIN, 404, 404, 302), "/history/shares/{spare_share}/revoke", post=True),
    # By a link of an owner's
    "s/<str:token>/": Asked(EVERYBODY, "/s/{shared}/"),
    "s/<str:token>/download": Asked((302, 302, 302, 302), "/s/{shared}/download"),
    "s/…/picture": Asked(EVERYBODY, "/s/{shared}/picture"),
    # Money
    "billing/": Asked(MEMBERS),
    "billing/balance": Asked((204, 200, 200, 200)),
    "billing/buy/": Asked(MEMBERS),
    "billing/buy/begin": Asked((LOGIN, 409, 409, 409), post=True),
    "billing/portal": Asked((LOGIN, 302, 302, 302), post=True),
    "billing/purchases/": Asked(MEMBERS),
    "billing/purchases/<uuid:id>/": Asked(OWN, "/billing/purchases/{plain_purchase}/", owner="mallory"),
    "billing/purchases/<uuid:id>/state": Asked(
        (LOGIN, 404, 404, 302), "/billing/purchases/{plain_purchase}/state", owner="mallory"
    ),
    "billing/purchases/<uuid:id>/pay": Asked(
        (LOGIN, 404, 404, 302), "/billing/purchases/{plain_purchase}/pay", post=True, owner="mallory"
    ),
    "billing/purchases/<uuid:id>/drop": Asked(
        (LOGIN, 404, 404, 302), "/billing/purchases/{plain_purchase}/drop", post=True, owner="mallory"
    ),
    "billing/ceilings": Asked((LOGIN, 400, 400, 400), post=True),
    "billing/top-up/": Asked(MEMBERS),
    "billing/top-up/agree": Asked((LOGIN, 302, 302, 302)),  # nothing was typed before
    "billing/top-up/card": Asked((LOGIN, 302, 302, 302), post=True),  # Stripe is not on the stage
    "billing/top-up/off": Asked((LOGIN, 302, 302, 302), post=True, owner="mallory"),
    "billing/top-up/low": Asked((LOGIN, 302, 302, 302), post=True, owner="mallory"),
    "billing/top-up/<uuid:id>/": Asked(OWN, "/billing/top-up/{top_up}/", owner="carol"),
    "billing/top-up/<uuid:id>/pay": Asked((LOGIN, 404, 404, 302), "/billing/top-up/{old_top_up}/pay", post=True),
    "billing/top-up/<uuid:id>/cancel": Asked((LOGIN, 404, 404, 302), "/billing/top-up/{old_top_up}/cancel", post=True),
    # For developers
    "developers/": Asked(MEMBERS),
    "developers/guide/<slug:slug>/": Asked(EVERYBODY, "/developers/guide/start/"),
    "developers/found-key/": Asked(EVERYBODY),
    "developers/keys/": Asked(MEMBERS),
    "developers/keys/new/": Asked(MEMBERS),
    "developers/keys/<uuid:id>/": Asked(OWN, "/developers/keys/{key}/"),
    "developers/keys/<uuid:id>/rotate/": Asked(OWN, "/developers/keys/{key}/rotate/"),
    "developers/keys/<uuid:id>/revoke/": Asked(OWN, "/developers/keys/{key}/revoke/"),
    "developers/webhooks/": Asked(MEMBERS),
    "developers/webhooks/new/": Asked(MEMBERS),
    "developers/webhooks/callbacks/": Asked(MEMBERS),
    "developers/webhooks/orders/": Asked(MEMBERS),
    "developers/webhooks/orders/<uuid:delivery>/": Asked(OWN, "/developers/webhooks/orders/{callback}/"),
    "developers/webhooks/orders/<uuid:delivery>/again": Asked(
        (LOGIN, 404, 404, 302), "/developers/webhooks/orders/{callback}/again", post=True
    ),
    "developers/webhooks/<uuid:id>/": Asked(OWN, "/developers/webhooks/{webhook}/"),
    "developers/webhooks/<uuid:id>/rotate/": Asked(OWN, "/developers/webhooks/{webhook}/rotate/"),
    "developers/webhooks/<uuid:id>/delete/": Asked(OWN, "/developers/webhooks/{webhook}/delete/"),
    "developers/webhooks/<uuid:id>/switch": Asked(
        (LOGIN, 404, 404, 302), "/developers/webhooks/{spare_webhook}/switch", post=True
    ),
    "developers/webhooks/<uuid:id>/test": Asked(
        (LOGIN, 404, 404, 302), "/developers/webhooks/{spare_webhook}/test", post=True
    ),
    "developers/webhooks/<uuid:id>/again": Asked(
        (LOGIN, 404, 404, 422), "/developers/webhooks/{spare_webhook}/again", post=True
    ),
    "developers/webhooks/<uuid:id>/deliveries/<uuid:delivery>/": Asked(
        OWN, "/developers/webhooks/{webhook}/deliveries/{delivery}/"
    ),
    "developers/webhooks/<uuid:id>/deliveries/<uuid:delivery>/again": Asked(
        (LOGIN, 404, 404, 302), "/developers/webhooks/{spare_webhook}/deliveries/{spare_delivery}/again", post=True
    ),
    "developers/usage/": Asked(MEMBERS),
    "developers/usage/csv": Asked(MEMBERS),
    # The way in
    "accounts/login/": Asked(GUESTS),
    "accounts/signup/": Asked(GUESTS),
    "accounts/inactive/": Asked(EVERYBODY),
    "accounts/confirm-email/": Asked(EVERYBODY),
    r"accounts/confirm-email/(?P<key>[-:\w]+)/$": Asked(EVERYBODY, "/accounts/confirm-email/none/"),
    "accounts/password/reset/": Asked(EVERYBODY),
    "accounts/password/reset/done/": Asked(EVERYBODY),
    "accounts/password/reset/key/done/": Asked(EVERYBODY),
    r"accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Asked(
        EVERYBODY, "/accounts/password/reset/key/1-none/"
    ),
    "accounts/2fa/authenticate/": Asked((302, 302, 302, 302)),  # only between the password and the log-in
    "accounts/2fa/webauthn/login/": Asked((302, 302, 302, 302)),  # a page of scripts alone
    ".well-known/change-password": Asked((302, 302, 302, 302)),  # to the page of the account
    # The account
    "accounts/": Asked(MEMBERS),
    "accounts/logout/": Asked((302, 200, 200, 200)),
    "accounts/email/": Asked(MEMBERS),
    "accounts/email/change/": Asked(MEMBERS),
    "accounts/password/change/": Asked(MEMBERS),
    "accounts/password/set/": Asked((LOGIN, 302, 302, 302)),  # for who has none
    "accounts/reauthenticate/": Asked((LOGIN, 200, 302, 200)),
    "accounts/sessions/": Asked(MEMBERS),
    "accounts/sessions/<int:pk>/end/": Asked(
        (LOGIN, 404, 404, None), "/accounts/sessions/{session}/end/", post=True, owner="carol"
    ),
    "accounts/data/": Asked(MEMBERS),
    "accounts/data/delete/": Asked(MEMBERS),
    # Second factors: carol has one of each
    "accounts/2fa/": Asked(MEMBERS),
    "accounts/2fa/reauthenticate/": Asked((LOGIN, 302, 200, 200), owner="carol"),
    "accounts/2fa/totp/activate/": Asked((LOGIN, 302, 302, 302), owner="carol"),
    "accounts/2fa/totp/deactivate/": Asked((LOGIN, 404, 200, 200), owner="carol"),
    "accounts/2fa/recovery-codes/": Asked(OWN, owner="carol"),
    "accounts/2fa/recovery-codes/generate/": Asked(MEMBERS, owner="carol"),
    "accounts/2fa/recovery-codes/download/": Asked(OWN, owner="carol"),
    "accounts/2fa/webauthn/": Asked(MEMBERS),
    "accounts/2fa/webauthn/add/": Asked((LOGIN, 302, 200, 200)),
    "accounts/2fa/webauthn/reauthenticate/": Asked((LOGIN, 302, 302, 200), owner="carol"),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": Asked(
        OWN, "/accounts/2fa/webauthn/keys/{passkey}/edit/", owner="carol"
    ),
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": Asked(
        OWN, "/accounts/2fa/webauthn/keys/{passkey}/remove/", owner="carol"
    ),
    # The staff area
    "admin/": Asked(STAFF),
    "admin/components/": Asked(STAFF),
    "admin/alerts/": Asked(STAFF),
    "admin/alerts/<int:id>/acknowledge": Asked((LOGIN, 404, 422, 404), "/admin/alerts/{alert}/acknowledge", post=True),
    "admin/mails/": Asked(STAFF),
    "admin/mails/<uuid:id>/": Asked(STAFF, "/admin/mails/{mail}/"),
    "admin/mails/<uuid:id>/again": Asked(STAFF_ACT, "/admin/mails/{mail}/again", post=True),
    "admin/mail-hosts/": Asked(STAFF),
    "admin/mail-hosts/add": Asked(STAFF_ACT, post=True),
    "admin/mail-hosts/remove": Asked(STAFF_ACT, post=True),
    "admin/packs/": Asked(STAFF),
    "admin/packs/add/<slug:what>/": Asked(STAFF, "/admin/packs/add/pack/"),
    "admin/packs/<uuid:id>/": Asked(STAFF, "/admin/packs/{pack}/"),
    "admin/packs/<uuid:id>/offer": Asked(STAFF, "/admin/packs/{pack}/offer"),
    "admin/packs/planned/<uuid:id>/": Asked(STAFF, "/admin/packs/planned/{planned_offer}/"),
    "admin/prices/": Asked(STAFF),
    "admin/prices/<str:item>/": Asked(STAFF, "/admin/prices/krea-2-large/"),
    "admin/prices/<str:item>/<int:id>/withdraw": Asked(STAFF, "/admin/prices/krea-2-medium/{coming_price}/withdraw"),
    "admin/models/": Asked(STAFF),
    "admin/models/<slug:id>/": Asked(STAFF, "/admin/models/krea-2-large/"),
    "admin/switches/": Asked(STAFF),
    "admin/switches/<slug:what>/": Asked(STAFF, "/admin/switches/sending/"),
    "admin/switches/notices/new": Asked(STAFF),
    "admin/switches/notices/<int:id>/": Asked(STAFF, "/admin/switches/notices/{notice}/"),
    "admin/people/": Asked(STAFF),
    "admin/people/<int:id>/": Asked(STAFF, "/admin/people/{person}/"),
    "admin/people/<int:id>/statement/": Asked(STAFF, "/admin/people/{person}/statement/"),
    "admin/people/<int:id>/give/": Asked(STAFF, "/admin/people/{person}/give/"),
    "admin/people/<int:id>/take/": Asked(STAFF, "/admin/people/{person}/take/"),
    "admin/people/<int:id>/suspend/": Asked(STAFF, "/admin/people/{person}/suspend/"),
    "admin/people/<int:id>/lift/": Asked(STAFF, "/admin/people/{suspended}/lift/"),
    "admin/people/<int:id>/factor/": Asked(STAFF, "/admin/people/{person}/factor/"),
    "admin/people/<int:id>/sessions/": Asked(STAFF, "/admin/people/{person}/sessions/"),
    "admin/people/<int:id>/sessions/<int:session>/": Asked(STAFF, "/admin/people/{person}/sessions/{their_session}/"),
    "admin/people/<int:id>/password/": Asked(STAFF, "/admin/people/{person}/password/"),
    "admin/people/<int:id>/keys/<uuid:key>/": Asked(STAFF, "/admin/people/{person}/keys/{their_key}/"),
    "admin/people/<int:id>/visit/": Asked(STAFF, "/admin/people/{person}/visit/"),
    "admin/people/<int:id>/unchecked/": Asked(STAFF, "/admin/people/{person}/unchecked/"),
    "admin/people/<int:id>/checked/": Asked(STAFF, "/admin/people/{person}/checked/"),
    "admin/credit-requests/": Asked(STAFF),
    "admin/credit-requests/<uuid:id>/confirm": Asked(
        (LOGIN, 404, 422, 404), "/admin/credit-requests/{credit_request}/confirm", post=True
    ),
    "admin/credit-requests/<uuid:id>/refuse": Asked(
        (LOGIN, 404, 422, 404), "/admin/credit-requests/{credit_request}/refuse", post=True
    ),
    "admin/members/": Asked(STAFF),
    "admin/members/give": Asked((LOGIN, 404, 422, 404), post=True),
    "as-customer/end": Asked((302, 302, 302, 302), post=True),
    "admin/purchases/": Asked(STAFF),
    "admin/purchases/<uuid:id>/": Asked(STAFF, "/admin/purchases/{paid_purchase}/"),
    "admin/purchases/<uuid:id>/refund": Asked(
        (LOGIN, 404, 422, 404), "/admin/purchases/{paid_purchase}/refund", post=True
    ),
    "admin/purchases/<uuid:id>/ask": Asked(STAFF_ACT, "/admin/purchases/{paid_purchase}/ask", post=True),
    "admin/debts/": Asked(STAFF),
    "admin/debts/<int:id>/": Asked(STAFF, "/admin/debts/{debtor}/"),
    "admin/purchases/<uuid:id>/correct": Asked(
        (LOGIN, 404, 422, 404), "/admin/purchases/{paid_purchase}/correct", post=True
    ),
    "admin/audit/": Asked(STAFF),
    "admin/fal/": Asked(STAFF),
    "admin/fal/days/<int:id>/": Asked(STAFF, "/admin/fal/days/{fal_day}/"),
    "admin/checks/<slug:kind>/now": Asked(STAFF_ACT, "/admin/checks/audit/now", post=True),
    "admin/stripe/": Asked(STAFF),
    "admin/stripe/<str:id>/": Asked(STAFF, "/admin/stripe/{stripe_event}/"),
    "admin/stripe/<str:id>/repeat": Asked(STAFF_ACT, "/admin/stripe/{stripe_event}/repeat", post=True),
    "admin/generations/": Asked(STAFF),
    "admin/generations/many/": Asked(STAFF),
    "admin/generations/many/new": Asked(STAFF, "/admin/generations/many/new?do=refund&all=yes&status=partial"),
    "admin/generations/many/<uuid:id>/": Asked(STAFF, "/admin/generations/many/{bulk_act}/"),
    "admin/generations/many/<uuid:id>/stop": Asked(STAFF_ACT, "/admin/generations/many/{bulk_act}/stop", post=True),
    "admin/generations/<uuid:id>/": Asked(STAFF, "/admin/generations/{generation}/"),
    "admin/generations/<uuid:id>/road.json": Asked(STAFF, "/admin/generations/{generation}/road.json"),
    "admin/generations/<uuid:id>/act": Asked((LOGIN, 404, 422, 404), "/admin/generations/{generation}/act", post=True),
    "admin/acts/": Asked(STAFF),
    "admin/acts/acts.csv": Asked(STAFF),
    "admin/acts/<uuid:id>/": Asked(STAFF, "/admin/acts/{staff_act}/"),
    "admin/texts/": Asked(STAFF),
    "admin/texts/<slug:slug>/": Asked(STAFF, "/admin/texts/terms/"),
    "admin/reports/": Asked(STAFF),
    "admin/reports/<uuid:id>/": Asked(STAFF, "/admin/reports/{report}/"),
    "admin/reports/<uuid:id>/picture": Asked(STAFF_ACT, "/admin/reports/{report}/picture"),
    "admin/reports/<uuid:id>/claim": Asked(STAFF_ACT, "/admin/reports/{urgent_report}/claim", post=True),
    "admin/reports/<uuid:id>/release": Asked(STAFF_ACT, "/admin/reports/{report}/release", post=True),
    "admin/reports/<uuid:id>/dismiss": Asked((LOGIN, 404, 422, 404), "/admin/reports/{report}/dismiss", post=True),
    "admin/reports/<uuid:id>/takedown": Asked((LOGIN, 404, 422, 404), "/admin/reports/{report}/takedown", post=True),
    "admin/limits/": Asked(STAFF),
    "admin/limits/plan/<uuid:id>/": Asked(STAFF, "/admin/limits/plan/{limited_plan}/"),
    "admin/limits/user/<int:id>/": Asked(STAFF, "/admin/limits/user/{limited}/"),
    "admin/erasures/": Asked(STAFF),
    "admin/erasures/begin/": Asked(STAFF),
    "admin/erasures/again": Asked((LOGIN, 404, 302, 404), post=True),
    "admin/erasures/<int:id>/go-on": Asked((LOGIN, 404, 404, 404), "/admin/erasures/999999/go-on", post=True),
    # The API: a key, or the session of a page of ours
    "api/v1/models": Asked(EVERYBODY),
    "api/v1/models/<str:id>": Asked(EVERYBODY, "/api/v1/models/krea-2-large"),
    "api/v1/quotes": Asked((401, 422, 422, 422), post=True),
    "api/v1/generations": Asked(WITH_KEY),
    "api/v1/generations/<uuid:id>": Asked(OWN_WITH_KEY, "/api/v1/generations/{generation}"),
    "api/v1/generations/<uuid:id>/cancel": Asked(
        (401, 404, 404, None), "/api/v1/generations/{spare}/cancel", post=True, owner="carol"
    ),
    "api/v1/generations/<uuid:id>/events": Asked(OWN_WITH_KEY, "/api/v1/generations/{generation}/events"),
    "api/v1/images/<uuid:id>": Asked(OWN_WITH_KEY, "/api/v1/images/{picture}"),
    "api/v1/images/<uuid:id>/content": Asked(OWN_WITH_KEY, "/api/v1/images/{picture}/content"),
    "api/v1/uploads": Asked(WITH_KEY),
    "api/v1/uploads/<uuid:id>": Asked(OWN_WITH_KEY, "/api/v1/uploads/{upload}"),
    "api/v1/uploads/<uuid:id>/content": Asked(OWN_WITH_KEY, "/api/v1/uploads/{upload}/content"),
    "api/v1/events": Asked(WITH_KEY),
    "api/v1/balance": Asked(WITH_KEY),
    "api/v1/ledger": Asked(WITH_KEY),
    "api/v1/usage": Asked(WITH_KEY),
    "api/v1/webhooks": Asked(WITH_KEY),
    "api/v1/webhooks/settings": Asked(WITH_KEY),
    "api/v1/webhooks/settings/rotate": Asked((401, 200, 200, None), post=True),
    "api/v1/webhooks/callbacks": Asked(WITH_KEY),
    "api/v1/webhooks/callbacks/<uuid:delivery>": Asked(OWN_WITH_KEY, "/api/v1/webhooks/callbacks/{callback}"),
    "api/v1/webhooks/callbacks/<uuid:delivery>/redeliver": Asked(
        ACT_WITH_KEY, "/api/v1/webhooks/callbacks/{callback}/redeliver", post=True
    ),
    "api/v1/webhooks/<uuid:id>": Asked(OWN_WITH_KEY, "/api/v1/webhooks/{webhook}"),
    "api/v1/webhooks/<uuid:id>/rotate": Asked(ACT_WITH_KEY, "/api/v1/webhooks/{webhook}/rotate", post=True),
    "api/v1/webhooks/<uuid:id>/test": Asked(ACT_WITH_KEY, "/api/v1/webhooks/{webhook}/test", post=True),
    "api/v1/webhooks/<uuid:id>/redeliver": Asked(ACT_WITH_KEY, "/api/v1/webhooks/{webhook}/redeliver", post=True),
    "api/v1/webhooks/<uuid:id>/deliveries": Asked(OWN_WITH_KEY, "/api/v1/webhooks/{webhook}/deliveries"),
    "api/v1/webhooks/<uuid:id>/deliveries/<uuid:delivery>": Asked(
        OWN_WITH_KEY, "/api/v1/webhooks/{webhook}/deliveries/{delivery}"
    ),
    "api/v1/webhooks/<uuid:id>/deliveries/<uuid:delivery>/redeliver": Asked(
        ACT_WITH_KEY, "/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", post=True
    ),
    "api/v1/openapi.json": Asked(EVERYBODY),
    "api/v1/docs/": Asked(EVERYBODY),
    "api/v1/": Asked(NOWHERE),
    # The dialects: a key in the header, and nothing for a browser
    "fal/queue/<path:app>/requests/<uuid:id>": Asked(
        KEY_ALONE, "/fal/queue/krea/v2/requests/{generation}", is_token=True
    ),
    "fal/queue/<path:app>/requests/<uuid:id>/response": Asked(
        KEY_ALONE, "/fal/queue/krea/v2/requests/{generation}/response", is_token=True
    ),
    "fal/queue/<path:app>/requests/<uuid:id>/status": Asked(
        KEY_ALONE, "/fal/queue/krea/v2/requests/{generation}/status", is_token=True
    ),
    "fal/queue/<path:app>/requests/<uuid:id>/status/stream": Asked(
        KEY_ALONE, "/fal/queue/krea/v2/requests/{generation}/status/stream", is_token=True
    ),
    "fal/queue/<path:app>/requests/<uuid:id>/cancel": Asked(
        KEY_ALONE, "/fal/queue/krea/v2/requests/{generation}/cancel", is_token=True
    ),
    "fal/queue/<path:endpoint>": Asked(KEY_ALONE, "/fal/queue/krea/v2/large/text-to-image", is_token=True),
    "fal/run/<path:endpoint>": Asked(KEY_ALONE, "/fal/run/krea/v2/large/text-to-image", is_token=True),
    "fal/rest/storage/upload/initiate": Asked(KEY_ALONE, is_token=True),
    "fal/rest/storage/upload/initiate-multipart": Asked(KEY_ALONE, is_token=True),
    "fal/rest/storage/auth/token": Asked(KEY_ALONE, is_token=True),
    "fal/rest/put/<str:secret>": Asked(KEY_ALONE, "/fal/rest/put/none", is_token=True),
    "fal/rest/files/upload": Asked(KEY_ALONE, is_token=True),
    "fal/rest/files/upload/multipart": Asked(KEY_ALONE, is_token=True),
    "fal/rest/files/<str:secret>/<str:name>": Asked(NOWHERE, "/fal/rest/files/none/a.txt", is_token=True),
    "fal/.well-known/jwks.json": Asked(EVERYBODY),
    "fal/rest/.well-known/jwks.json": Asked(EVERYBODY),
    "fal/proxy": Asked((400, 400, 400, 400), is_token=True),
    "fal/api/openapi/queue/openapi.json": Asked((404, 404, 404, 404)),  # without an endpoint_id
    "fal/": Asked(NOWHERE),
    "v2/consumer/workflows": Asked(KEY_ALONE, is_token=True),
    "v2/consumer/workflows/<str:id>": Asked(KEY_ALONE, "/v2/consumer/workflows/{generation}", is_token=True),
    "v2/consumer/workflows/<str:id>/tags": Asked(KEY_ALONE, "/v2/consumer/workflows/{generation}/tags", is_token=True),
    "v2/consumer/workflows/<str:id>/tags/<path:tag>": Asked(
        KEY_ALONE, "/v2/consumer/workflows/{generation}/tags/a", is_token=True
    ),
    "v2/consumer/workflows/<str:id>/steps/<str:name>": Asked(
        KEY_ALONE, "/v2/consumer/workflows/{generation}/steps/0", is_token=True
    ),
    "v2/consumer/recipes/imageGen": Asked(KEY_ALONE, is_token=True),
    "v2/consumer/blobs": Asked(KEY_ALONE, is_token=True),
    "v2/consumer/blobs/upload": Asked(KEY_ALONE, is_token=True),
    "v2/consumer/blobs/content/<str:token>": Asked(KEY_ALONE, "/v2/consumer/blobs/content/none", is_token=True),
    "v2/consumer/blobs/<str:id>": Asked(KEY_ALONE, "/v2/consumer/blobs/blob_{picture}", is_token=True),
    "v2/consumer/blobs/<str:id>/refresh": Asked(KEY_ALONE, "/v2/consumer/blobs/blob_{picture}/refresh", is_token=True),
    "v2/consumer/": Asked(NOWHERE),
    "api/ai/images/generate": Asked(KEY_ALONE, is_token=True),
    "api/ai/images/generate/<uuid:id>": Asked(KEY_ALONE, "/api/ai/images/generate/{generation}", is_token=True),
    "api/ai/queue": Asked(KEY_ALONE, is_token=True),
    "api/ai/queue/<uuid:id>": Asked(KEY_ALONE, "/api/ai/queue/{generation}", is_token=True),
    "api/ai/generations": Asked(KEY_ALONE, is_token=True),
    "api/ai/generations/<uuid:id>": Asked(KEY_ALONE, "/api/ai/generations/{generation}", is_token=True),
    "api/ai/models": Asked(KEY_ALONE, is_token=True),
    "api/ai/models/search": Asked(KEY_ALONE, "/api/ai/models/search?search=krea", is_token=True),
    "api/ai/models/featured": Asked(KEY_ALONE, "/api/ai/models/featured", is_token=True),
    "api/ai/models/favorites": Asked(KEY_ALONE, "/api/ai/models/favorites", is_token=True),
    "api/ai/models/<str:id>": Asked(KEY_ALONE, "/api/ai/models/flux-krea-dev", is_token=True),
    "api/ai/": Asked(NOWHERE),
    "api/events": Asked(KEY_ALONE, is_token=True),
    # With a secret in the address
    "webhooks/fal/<str:token>": Asked(NOWHERE, "/webhooks/fal/none", post=True, is_token=True),
    "webhooks/stripe": Asked((400, 400, 400, 400), post=True, is_token=True),
    "pictures/…": Asked(NOWHERE, "/pictures/none", is_token=True),
    # Beside Django
    "live/": Asked((403, 200, 200, 200), is_token=True),
    "billing/statement.csv": Asked(MEMBERS),
    "metrics": Asked(EVERYBODY),  # from this machine
    "accounts/data/….zip": Asked((403, 404, 404, 200), "/accounts/data/{export}.zip"),
}
SENT_ELSEWHERE = {
    "as-customer/end",
    ".well-known/change-password",
    "accounts/logout/",
    "accounts/2fa/authenticate/",
    "accounts/2fa/webauthn/login/",
    "s/<str:token>/download",
}
# The branches of krea_site/asgi.py, and where their addresses stand above.
BESIDE_DJANGO = {
    "scope['path'].startswith('/pictures/')": ("pictures/…",),
    "share_door.PATH.fullmatch(scope['path'])": ("s/…/picture",),
    "scope['path'] in ('/healthz', '/readyz')": ("healthz", "readyz"),
    "export_door.PATH.fullmatch(scope['path'])": ("accounts/data/….zip",),
    "scope['path'] == statement_csv.PATH": ("billing/statement.csv",),
    "scope['path'] == '/live/'": ("live/",),
    "scope['path'] == metrics.PATH": ("metrics",),
}


@pytest.fixture(scope="module")
def clients(house: House) -> Iterator[dict[str, httpx.Client]]:
    """A browser without scripts for each of the cast, with a CSRF token."""
    opened = {}
    for who in (NOBODY, ANOTHER, OF_STAFF, *{asked.owner for asked in ADDRESSES.values()}):
        client = httpx.Client(base_url=house.url, trust_env=False, timeout=20)
        if who:
            client.cookies.set("sessionid", house.cookies[who])
        page = client.get("/accounts/logout/" if who else "/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        client.headers["X-CSRFToken"] = token[1]
        opened[who] = client
    yield opened
    for client in opened.values():
        client.close()


def path_of(house: House, route: str) -> str:
    return (ADDRESSES[route].path or f"/{route}").format(**house.places)


@pytest.fixture(scope="module")
def answers(house: House, clients: dict[str, httpx.Client]) -> Answers:
    """What each of the cast gets at each address; of a stream the head alone."""
    found: Answers = {}
    for who in CAST:
        for route, asked in ADDRESSES.items():
            if asked.rule[CAST.index(who)] is not None:
                client = clients[asked.owner if who == OWNER else who]
                request = client.build_request("POST" if asked.post else "GET", path_of(house, route))
                found[who, route] = answer = client.send(request, stream=True)
                if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                    answer.read()
                answer.close()
    return found


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for found in resolver.url_patterns:
        if isinstance(found, URLPattern):
            yield before + str(found.pattern).removeprefix("^")
        else:
            yield from routes(found, before + str(found.pattern))


def branches() -> set[str]:
    """What krea_site/asgi.py asks about the path before it hands on to Django."""
    tree = ast.parse(Path(asgi.__file__).read_text())
    tests = [ast.unparse(node.test) for node in ast.walk(tree) if isinstance(node, ast.If)]
    return {test for test in tests if "'path'" in test}


def test_every_address_is_in_the_table() -> None:
    beside = {route for routes in BESIDE_DJANGO.values() for route in routes}
    # Those of Django's admin are asked, as each role, in tests/krea_site/dashboard/test_roles.py.
    of_the_admin = {f"admin/{route}" for route in routes(URLResolver(RegexPattern(""), admin.site.get_urls()))}
    known = {*routes(get_resolver("krea_site.urls")), *beside} - (of_the_admin - {"admin/"})

    assert branches() == set(BESIDE_DJANGO)
    assert sorted(known - ADDRESSES.keys()) == []
    assert sorted(ADDRESSES.keys() - known) == []


@pytest.mark.parametrize("who", CAST)
def test_each_of_the_cast_gets_what_the_table_says(who: str, answers: Answers) -> None:
    wrong = []
    for route, asked in ADDRESSES.items():
        if (who, route) not in answers:
            continue
        answer, expected = answers[who, route], asked.rule[CAST.index(who)]
        is_sent_to_log_in = answer.headers.get("Location", "").startswith("/accounts/login/?next=")
        must_log_in = who == NOBODY and expected == LOGIN and route not in SENT_ELSEWHERE
        if answer.status_code != expected or is_sent_to_log_in != must_log_in:
            wrong.append(f"/{route}: {answer.status_code} {answer.headers.get('Location', '')}, not {expected}")

    assert wrong == []


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son[a-z]+=|javascript:", re.I)
ELSEWHERE = re.compile(r"""<(?!a\b)[^>]*\s(?:src|srcset|href|action|poster|data)=["'](?:https?:)?//[^"']*""", re.I)


def test_every_page_is_strict_and_in_a_scene(answers: Answers, house: House) -> None:
    shown = {route for scene in SCENES for route in matching(scene.address.format(**house.places))}
    wrong = set()
    for (_, route), answer in answers.items():
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            wrong |= {f"/{route}: {problem}" for problem in problems(answer)}
            if answer.status_code == 200 and "<html" in answer.text and route not in shown:
                wrong.add(f"/{route}: a page that is in no scene")

    assert sorted(wrong) == []


def problems(answer: httpx.Response) -> Iterator[str]:
    for name, value in HEADERS.items():
        if answer.headers.get(name) != value:
            yield f"{name} is {answer.headers.get(name)!r}"
    policy = answer.headers.get("Content-Security-Policy", "")
    if answer.request.url.path.startswith("/admin/"):  # what docs/decisions/0016 allows there, and nothing else
        policy = policy.replace("script-src 'self' 'unsafe-eval'", "script-src 'self'")
        policy = policy.replace("style-src-attr 'unsafe-inline'", "")
    if "default-src 'self'" not in policy or "script-src 'self'" not in policy or "unsafe" in policy or "*" in policy:
        yield f"the Content-Security-Policy is {policy!r}"
    told = answer.text.replace(f"{PUBLIC_URL}/", "/")
    for found in [*INLINE.findall(told), *ELSEWHERE.findall(told)]:
        if found == " style=" and answer.request.url.path.startswith("/admin/"):
            continue
        yield f"it has {found!r}"


def matching(path: str) -> Iterator[str]:
    """The route of a path, if it has one."""
    with suppress(Resolver404):
        yield get_resolver("krea_site.urls").resolve(path.partition("?")[0]).route


def test_every_form_wants_the_token_of_its_own_page(clients: dict[str, httpx.Client], house: House) -> None:
    for route, asked in ADDRESSES.items():
        if not asked.is_token:
            strange = {"X-CSRFToken": "of another page"}
            answer = clients[asked.owner].post(path_of(house, route), headers=strange)
            assert answer.status_code in (403, 404, 405) or route in ("healthz", "readyz", "metrics"), route


def test_what_is_for_this_machine_alone_is_not_there_through_a_proxy(house: House) -> None:
    answer = httpx.get(f"{house.url}/inbox/", headers={"X-Forwarded-For": "192.0.2.7"}, trust_env=False)

    assert answer.status_code == 404
