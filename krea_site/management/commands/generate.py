"""From a prompt to files, on the command line: the very road that the pages and the API take.

Standard output has the files' paths, one a line, and nothing else; all that is said to people goes to standard error.
Exit status: 0 when something was delivered, 1 when nothing was, 2 for a wish that cannot be drawn, 130 after Ctrl-C.
"""

import shlex
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from billing import credits, ledger
from billing.errors import AllowanceExceeded, InsufficientCredits
from billing.models import Transfer
from generations import lifecycle, reach, references
from generations.brief import BadBrief, Brief
from generations.models import Generation, Image, Status
from generations.switches import Unavailable
from generations.unfinished import TooManyUnfinished
from krea_site import brief_options, database, demo, people, takeaway
from krea_site.ending import Ending
from krea_site.progress_line import ProgressLine
from krea_site.standby import Hopeless, Standby, standby

LOOK_EVERY_S = 0.2
BAD_INPUT, INTERRUPTED = 2, 130


class Command(BaseCommand):
    help = "Draw pictures for a user: price, hold, drawing, files. What is not running is started for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("prompt", metavar="PROMPT")
        parser.add_argument("--out", type=Path, metavar="DIR", help="a folder for the files; made if need be")
        brief_options.add(parser)

    def handle(self, *, email: str, prompt: str, out: Path | None, **options: Any) -> None:
        with Ending() as ending:
            brief = self._brief(prompt, options)
            folder = None if out is None else _folder(out)
            self._migrate()
            user = self._user(email)
            generation = self._submit(user, brief)
            ending.at_once = _leave
            needs_web = reach.fal_reaches_us() or bool(generation.references)
            with standby(needs_web=needs_web) as helpers:
                self._wait(generation, helpers, ending, options["verbosity"])
                self._tell(generation, folder, was_interrupted=ending.asked)

    def _brief(self, prompt: str, options: dict[str, Any]) -> Brief:
        try:
            return brief_options.read(prompt, options)
        except BadBrief as error:
            raise _refused(error) from None

    def _migrate(self) -> None:
        try:
            database.migrate_local()
        except database.Behind:
            raise CommandError("The database lacks migrations. Run: python manage.py migrate") from None

    def _user(self, email: str) -> User:
        """Who pays. With the stand-in nothing costs anybody anything, so a stranger gets credits to try it with."""
        user = people.find(email)
        if user is not None:
            return user
        if not settings.USES_STANDIN:
            give = f"python manage.py grant_credits {shlex.quote(email)} 500 --reason 'to begin with'"
            raise CommandError(f"There is no user {email}. Make them, with credits: {give}")
        user, _ = people.find_or_make(email)
        demo.give_credits(user)
        self._say(f"There was no user {user.email}; made one with {credits.show(demo.CREDITS)} demo credits.")
        return user

    def _submit(self, user: User, brief: Brief) -> Generation:
        try:
            generation = lifecycle.submit(user, brief, uploads=references.resolve(user, brief))
        except BadBrief as error:
            raise _refused(error) from None
        except InsufficientCredits as error:
            give = f"grant_credits {shlex.quote(user.email)} {credits.show(error.missing)} --reason 'to go on'"
            raise CommandError(f"{error} Nothing was charged. Add them with: python manage.py {give}") from None
        except (AllowanceExceeded, TooManyUnfinished, Unavailable) as error:
            raise CommandError(f"{error} Nothing was charged.") from None
        self._say(f"{brief.model.name}, {_images(brief.quantity)}: {credits.show(generation.quoted)} credits held.")
        return generation

    def _wait(self, generation: Generation, helpers: Standby, ending: Ending, verbosity: int) -> None:
        """Until every image is final. The first Ctrl-C cancels what can be canceled, the second one leaves."""
        line = ProgressLine(self.stderr)
        was_canceled = False
        try:
            while not _is_finished(generation):
                if ending.asked and not was_canceled:
                    was_canceled = True
                    line.close()
                    self._say("Canceling; once more Ctrl-C leaves at once …")
                    lifecycle.cancel(generation)
                if ending.asked_again:
                    _leave()
                self._look(helpers, generation)
                if verbosity:
                    line.show(generation.images.all())
                time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            self._say(f"Left. Generation {generation.pk} goes on wherever a worker runs; its page is /history/.")
            raise SystemExit(INTERRUPTED) from None
        finally:
            line.close()

    def _look(self, helpers: Standby, generation: Generation) -> None:
        try:
            helpers.look()
        except Hopeless as error:
            lifecycle.cancel(generation)
            state = "Nothing was charged." if _is_finished(generation) else "It goes on when a worker runs again."
            raise CommandError(f"{error} {state}") from None

    def _tell(self, generation: Generation, folder: Path | None, *, was_interrupted: bool) -> None:
        """The files' paths, the statement, and the reason for each picture that is missing."""
        images = list(generation.images.all())
        stored = [image for image in images if image.status == Status.STORED]
        for image in stored:
            self.stdout.write(self._place(generation, image, folder))
        self.stdout.flush()
        for image in images:
            if image.status != Status.STORED:
                self._say(f"Picture {image.index + 1}: {image.status}. {reason(image)}")
        self._say(statement(generation, len(stored)))
        if was_interrupted:
            raise SystemExit(INTERRUPTED)
        if not stored:
            raise SystemExit(1)

    def _place(self, generation: Generation, image: Image, folder: Path | None) -> str:
        try:
            return takeaway.place_of(image) if folder is None else str(takeaway.save(generation, image, folder))
        except OSError as error:
            kept = takeaway.place_of(image)
            self._say(f"Picture {image.index + 1} could not be written to {folder}: {error.strerror}. It is kept here:")
            return kept

    def _say(self, text: str) -> None:
        self.stderr.write(text, str)  # without the red of errors


def reason(image: Image) -> str:
    """Why there is no picture, and that it costs nothing."""
    message = image.error_message
    return message if "not charged" in message else f"{message} Not charged.".strip()


def statement(generation: Generation, delivered: int) -> str:
    """What the ledger has moved for this generation, and what is left."""
    moved = Transfer.objects.filter(key=generation.key).first()
    charged = moved.amount if moved else 0
    balance = credits.show(ledger.wallet(generation.user).balance)
    return f"Charged {credits.show(charged)} credits for {_images(delivered)}; balance {balance}."


def _is_finished(generation: Generation) -> bool:
    return Generation.objects.filter(pk=generation.pk, outcome__isnull=False).exists()


def _folder(out: Path) -> Path:
    """The folder, made where it is not there; asked for before anything is paid for."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".krea-writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(f"--out: {out} cannot be written to ({error.strerror}).", returncode=BAD_INPUT) from None
    return out


def _refused(error: BadBrief) -> CommandError:
    return CommandError("\n".join(each.detail for each in error.errors), returncode=BAD_INPUT)


def _images(number: int) -> str:
    return f"{number} image{'' if number == 1 else 's'}"


def _leave() -> None:
    raise KeyboardInterrupt
