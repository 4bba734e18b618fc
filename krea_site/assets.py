"""The static files: hashed, compressed copies where they were collected, else straight from the sources.

`manage.py run` collects them into VAR_DIR whenever the sources changed; whoever starts the web process alone runs
`manage.py collectstatic` first. Tests, and a site with DEBUG on, do without.
"""

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands import collectstatic
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.management import call_command
from whitenoise.compress import brotli_installed
from whitenoise.storage import CompressedManifestStaticFilesStorage

MADE_FROM = "made-from.txt"  # in the folder of the copies: the fingerprint of their sources


class Collected(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Addresses with a hash, for a browser to keep for ever; plain ones where nothing was collected."""

    def url(self, name: str | None, force: bool = False) -> str:
        if not self.hashed_files:
            return StaticFilesStorage.url(self, name)
        address: str = super().url(name, force)
        return address


def collect() -> bool:
    """Bring the copies in step with the sources; whether there was something to do.

    They are made beside the old ones and moved in their place whole: who is killed meanwhile leaves a site that serves
    the old ones, or the sources. No web process may be running on the folder."""
    folder = Path(settings.STATIC_ROOT)
    now = fingerprint()
    if _read(folder / MADE_FROM) == now:
        return False
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    command = collectstatic.Command()
    command.storage = Collected(location=str(new), base_url=settings.STATIC_URL)
    call_command(command, interactive=False, verbosity=0)
    (new / MADE_FROM).write_text(now)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    return True


def fingerprint() -> str:
    """Of every source, by name and content, and of what makes the copies."""
    digest = hashlib.sha256(f"{version('django')} {version('whitenoise')} {brotli_installed}".encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=lambda found: found[0]):
            with storage.open(name) as file:
                digest.update(f"\n{name} ".encode() + hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""
