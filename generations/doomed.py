"""Files whose rows are gone: deleted a while later, unless another row has come to use them.

Equal pictures share one file, so a writer may find a file there already and leave it alone, while whoever owned it
leaves. The order of things makes that safe, and docs/decisions/0007 says why:

- a writer takes the names off the list (`spare`), then writes the files, then commits its row; one that nobody would
  come after puts them on the list for later instead (`expect`), so that its files go where it dies before its row;
- a leaver puts the names on the list (`doom`) in the transaction that clears its rows;
- the sweep takes a name off the list, asks the rows, and deletes the file, all in one transaction: a writer that comes
  meanwhile waits in `spare`, and then finds the file missing and writes it. A name waits longer on the list than any
  writer lives between `spare` and its row, so no row is overlooked.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from .models import DoomedFile, Image, KeptFile, Upload
from .pictures import store

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
AT_ONCE = 100  # files in one sweep


def doom(names: Iterable[str]) -> None:
    """Put files on the list; belongs into the transaction that clears the rows."""
    due_at = timezone.now() + GRACE
    wanted = sorted({name for name in names if name})
    DoomedFile.objects.bulk_create([DoomedFile(name=name, due_at=due_at) for name in wanted], ignore_conflicts=True)


def spare(names: Iterable[str]) -> None:
    """Take files off the list; outside of any transaction, before they are written."""
    DoomedFile.objects.filter(name__in=list(names)).delete()


def expect(names: Iterable[str]) -> None:
    """As `spare`, for files whose row may never come: the sweep looks whether it came, and until then leaves them."""
    due_at = timezone.now() + GRACE
    rows = [DoomedFile(name=name, due_at=due_at) for name in sorted(set(names))]
    DoomedFile.objects.bulk_create(rows, update_conflicts=True, update_fields=["due_at"], unique_fields=["name"])


def sweep() -> int:
    """Delete the files that are due and that no row uses; how many names were looked at."""
    due = DoomedFile.objects.filter(due_at__lte=timezone.now()).order_by("due_at").values_list("name", flat=True)
    names = list(due[:AT_ONCE])
    for name in names:
        try:
            _delete(name)
        except DatabaseError:
            raise
        except Exception as error:  # whatever the storage's library raises; the others go on
            logger.error("the file %s could not be deleted (%s); again later", name, type(error).__name__)
            DoomedFile.objects.filter(name=name).update(due_at=timezone.now() + GRACE)
    return len(names)


@transaction.atomic
def _delete(name: str) -> None:
    """The one place where a file is touched inside a transaction: its lock on this row keeps writers of the same file
    out, and nobody else waits for it."""
    taken, _ = DoomedFile.objects.filter(name=name, due_at__lte=timezone.now()).delete()
    if taken and not is_used(name):
        store.delete(name)


def is_used(name: str) -> bool:
    """Whether any row has this file."""
    others = (model._default_manager.filter(name=name) for model in (Upload, KeptFile))
    return Image.objects.showing([name]).exists() or any(rows.exists() for rows in others)
