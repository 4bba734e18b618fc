"""One more file in the folder of the catalogue, for as long as a test takes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generations import catalogue


@contextmanager
def one_more(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[catalogue.ImageModel]:
    """The image model that `source` declares under the id `sketch`. Python forgets it afterwards: another test's file
    of the same name would not be read else."""
    (folder / "sketch.py").write_text(source)
    monkeypatch.setattr(catalogue, "__path__", [*catalogue.__path__, str(folder)])
    catalogue.all.cache_clear()
    try:
        yield catalogue.get("sketch")
    finally:
        catalogue.all.cache_clear()
        sys.modules.pop("generations.catalogue.sketch", None)
