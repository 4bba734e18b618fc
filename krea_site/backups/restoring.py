"""`manage.py restore`: a set is proved before anything is touched; then files, database, migrations, and the proof.

Files come first: a row never names what is not there. Broken off, it can be said again: until it is through, a note in
VAR_DIR keeps the site from starting (krea_site.E014) and lets the same set be put over what it left.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.loader import MigrationLoader

from krea_site import database, health, occupied
from krea_site.backups import copies, figures, lists, manifest, proof, shelving
from krea_site.backups.folder import Folder, wrong_sums
from krea_site.backups.lists import LACKING, Names
from krea_site.backups.manifest import Manifest

Say = Callable[[str], None]
PAGE = 200  # files
ALIVE_S = 60.0  # a process that gave a sign of life within this time is taken for running
HOLD_PEOPLES_WORK = ("accounts_user", "billing_transfer", "generations_generation")  # empty: nothing is lost
BESIDE_MODELS = {"django_migrations", "cache"}  # tables of ours that no model has


class Refused(Exception):
    """Nothing was touched. `findings` say why."""

    def __init__(self, why: str, findings: list[str]) -> None:
        self.findings = findings
        super().__init__(why)


@dataclass
class Wishes:
    """What the operator said: which set (the newest where none is named), the name of the database that may be
    replaced, and whether to go on where something is lost for good."""

    set: str = ""
    replace: str = ""
    accept_losses: bool = False


@dataclass
class Checked:
    """A set that was looked at whole. `names` are its files as the shelf has them; `losses` says what is lost."""

    set: Path
    manifest: Manifest
    names: Names
    losses: list[str]


def note() -> Path:
    """Stands in VAR_DIR while a restore is under way, or was broken off."""
    return settings.VAR_DIR / "restore.json"


@contextmanager
def checked(root: Path, wishes: Wishes, say: Say) -> Iterator[Checked]:
    """Prove a set without touching anything. Raises Refused where it cannot be restored at all, and `folder.Busy`."""
    folder = Folder(root)
    with folder.alone(), tempfile.TemporaryDirectory(prefix="krea-restore-") as aside:
        set_ = _chosen(folder, wishes.set)
        if wrong := wrong_sums(set_):
            raise Refused("the set is damaged; name another one with --set", wrong)
        told = manifest.read(set_)
        if unfit := _unfit(told) or copies.check(set_ / told.database):
            raise Refused("the set cannot be restored here", unfit)
        with closing(Names(Path(aside) / "names")) as names:
            losses = [*_locked_out(told), *_look(folder, set_, names)]
            say(f"set {set_.name}: its database and {len(names):,} files looked at, {len(losses):,} things wrong")
            yield Checked(set_, told, names, losses)


def restore(root: Path, wishes: Wishes, say: Say) -> tuple[Checked, proof.Proof]:
    """Put a set back and prove it. Raises Refused before anything is touched, else what the tools raise."""
    with checked(root, wishes, say) as found:
        if found.losses and not wishes.accept_losses:
            raise Refused("something would be lost; with --accept-losses it goes on without it", found.losses)
        _refuse_what_is_in_the_way(found, wishes)
        _write_note(found.set)
        proved = proof.Proof()
        _put_files_back(Folder(root), found.names, proved, say)
        say("the files are in the store; now the database")
        copies.put_back(found.set / found.manifest.database)
        proved.compare(found.manifest.figures, figures.of(DEFAULT_DB_ALIAS))
        database.migrate()
        proved.prove(found.names, say)
        note().unlink()
        return found, proved


def database_name() -> str:
    return Path(str(connection.settings_dict["NAME"])).name


def _write_note(set_: Path) -> None:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    note().write_text(json.dumps({"set": set_.name, "database": database_name()}))


def _look(folder: Folder, set_: Path, names: Names) -> Iterator[str]:
    """Read every file on the shelf into `names`; a sentence for each that is lost."""
    lines = lists.read(set_)
    while page := list(islice(lines, PAGE)):
        kept = [line for line in page if line.state == lists.KEPT]
        found = shelving.at_once(lambda line: shelving.look_at_shelf(folder, line), kept)
        names.add([*found, *(line for line in page if line.state != lists.KEPT)])
        yield from (f"{line.name} was {line.state} when the backup was made" for line in page if line.state in LACKING)
        yield from (f"{line.name} is {line.state} in the backup" for line in found if line.state in LACKING)


def _chosen(folder: Folder, name: str) -> Path:
    sets = folder.sets()
    found = [each for each in sets if not name or each.name == name]
    if not found:
        there = [each.name for each in sets]
        raise Refused(f"there is no set {name!r} in {folder.root}" if name else f"no set in {folder.root}", there)
    return found[-1]


def _unfit(told: Manifest) -> list[str]:
    """Why this code on this database cannot take the set, however whole it is."""
    vendor = connection.vendor
    if told.vendor != vendor:
        return [f"it is of {told.vendor}, and DATABASE_URL names {vendor}"]
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    ours = {config.label for config in apps.get_app_configs()}
    newer = [each for each in told.figures.migrations if each not in known and each.partition(".")[0] in ours]
    return [f"it is of a newer release: this one does not know {', '.join(newer)}"] if newer else []


def _locked_out(told: Manifest) -> list[str]:
    """What cannot be opened with the secrets of here."""
    here, found = manifest.present_keys(), []
    for place, key in enumerate(told.keys.secret_keys):
        if key not in here.secret_keys:
            what = "SECRET_KEY" if place == 0 else "an earlier key of SECRET_KEY_FALLBACKS"
            found.append(
                f"{what} of then is neither SECRET_KEY nor among SECRET_KEY_FALLBACKS here: second factors, webhook "
                "secrets, kept answers and addresses made with it do not open"
            )
    if told.keys.trial_key != here.trial_key:
        found.append("TRIAL_KEY is not that of then: nobody is recognised who had a trial already")
    return found


def _refuse_what_is_in_the_way(found: Checked, wishes: Wishes) -> None:
    there = figures.tables(DEFAULT_DB_ALIAS)
    strange = there.keys() - found.manifest.figures.tables.keys() - _tables_of_models() - BESIDE_MODELS
    if strange:
        raise Refused(f"the database {database_name()} holds tables that are not ours", sorted(strange))
    if running := _running("generations_beat" in there):
        raise Refused("the site is running; end it first", running)
    work = [f"{there[table]:,} rows in {table}" for table in HOLD_PEOPLES_WORK if there.get(table)]
    if work and wishes.replace != database_name() and not _was_broken_off(found.set):
        words = f"the database {database_name()} is not empty; to replace all of it, say --replace {database_name()}"
        raise Refused(words, work)


def _tables_of_models() -> set[str]:
    return {model._meta.db_table for model in apps.get_models(include_auto_created=True)}


def _running(has_beats: bool) -> list[str]:
    here = occupied.occupant()
    found = [f"`manage.py run` at {here}"] if here else []
    ages = health.ages() if has_beats else {}
    found += [f"a {name} gave a sign of life {age:.0f} s ago" for name, age in ages.items() if age < ALIVE_S]
    connection.close()
    return found


def _was_broken_off(set_: Path) -> bool:
    """Whether an earlier restore of this set into this database was."""
    if not note().exists():
        return False
    told: dict[str, str] = json.loads(note().read_text())
    return told == {"set": set_.name, "database": database_name()}


def _put_files_back(folder: Folder, names: Names, proved: proof.Proof, say: Say) -> None:
    for page in names.pages(PAGE):
        whole = [line for line in page if line.state == lists.KEPT]
        for line in shelving.at_once(lambda line: shelving.put_back(folder, line), whole):
            if line.state == lists.KEPT:
                proved.files += 1
                if proved.files % 10_000 == 0:
                    say(f"{proved.files:,} files")
            else:
                proved.differences.append(f"{line.name} is {line.state} in the store")
