"""A small business with a past, to be backed up: customers, credits, pictures drawn for money, deletions, secrets."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.files.storage import storages
from django.db import connection, connections
from django.utils import timezone

from billing import ledger
from generations import erasure, kept_files, lifecycle
from generations.brief import Brief
from generations.models import Generation, Image
from generations.pictures import store
from krea_site.backups import copies
from partners import signing_keys
from partners.webhooks import endpoints
from tests import migrated
from tests.conftest import make_user
from tests.krea_site.belongings import drawn, uploaded

INPUT = {"prompt": "a pier at low tide", "image_size": {"width": 256, "height": 256}}


def business(finish_all: Callable[[], None]) -> Any:
    """Pictures that were paid for, some of them deleted since, references, a file of a program, a second factor, keys
    that sign webhooks; and a customer who owes. The first customer."""
    alice, bob = make_user("alice@example.com", 1000_00), make_user("bob@example.com", 50_00)
    orders = [lifecycle.submit(alice, Brief.read("flux-krea-dev", INPUT, 2)), order(bob), order(alice)]
    finish_all()
    with_one_less = Generation.objects.get(pk=orders[0].pk)
    with_one_less.images.filter(index=1).update(binned_at=timezone.now())
    erasure.erase_images(Image.objects.filter(generation=with_one_less, index=1))
    erasure.delete_generation(orders[2])
    uploaded(alice, 40)
    kept_files.keep(None, bob, "notes.txt", b"notes of a program")
    totp.TOTP.activate(alice, totp.generate_totp_secret())
    endpoints.make(bob, "https://bob.example/hooks", ["generation.finished"])
    signing_keys.signer(timezone.now())
    ledger.grant(alice, 7, key="gift", memo="A gift")
    return alice


def quick_business() -> Any:
    """A customer with pictures that were not drawn, a reference, a second factor and webhooks: enough for damage."""
    alice = make_user("alice@example.com", 1000_00)
    drawn(alice, 10, 20)
    uploaded(alice, 40)
    totp.TOTP.activate(alice, totp.generate_totp_secret())
    endpoints.make(alice, "https://alice.example/hooks", ["generation.finished"])
    signing_keys.signer(timezone.now())
    return alice


def order(user: Any) -> Generation:
    return lifecycle.submit(user, Brief.read("flux-krea-dev", INPUT))


def wipe() -> None:
    """Nothing is left: no table, no file."""
    if connection.vendor == "postgresql":
        copies.drop_tables()
    else:
        # Emptied, not deleted: threads that served earlier tests have it open, and would go on with the old file.
        connections.close_all()
        with closing(sqlite3.connect(":memory:")) as nothing, closing(sqlite3.connect(_file())) as database:
            nothing.backup(database)
    empty_the_store()


def fresh_tables() -> None:
    """Tables as a new site has them, in place of whatever is there."""
    wipe()
    connections.close_all()
    if connection.vendor == "sqlite":
        migrated.fill(_file())
    else:
        migrated.clone(settings.DATABASE_URL, str(connection.settings_dict["NAME"]))


def _file() -> Path:
    return Path(connection.settings_dict["NAME"])


def empty_the_store() -> None:
    storage: Any = storages["pictures"]
    if isinstance(storage, store.PictureFiles):
        shutil.rmtree(settings.MEDIA_DIR, ignore_errors=True)
    else:
        storage.bucket.objects.all().delete()


def rows() -> dict[str, list[Any]]:
    """Every row of every table of the apps, as a backup must bring it back."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found
