"""A test that wipes the site leaves tables behind, for the audit that follows every test and for the next one."""

from collections.abc import Iterator

import pytest

from krea_site.backups import figures, restoring
from tests.krea_site.backups.business import empty_the_store, fresh_tables


@pytest.fixture(autouse=True)
def _tables_are_back(transactional_db: None) -> Iterator[None]:
    yield
    restoring.note().unlink(missing_ok=True)
    if figures.tables("default").get("billing_transfer") is None:
        fresh_tables()
    empty_the_store()
