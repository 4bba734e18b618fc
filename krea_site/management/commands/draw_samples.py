"""The sample pictures of the landing and model pages, drawn by the very road that customers' pictures take.

Into VAR_DIR/assets/samples, unless said otherwise: there they come before the ones that are shipped. Restart the site
afterwards; where it was deployed with `collectstatic`, run that again first.
"""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generations import samples
from generations.models import Generation, Image, Status
from generations.pictures import store
from generations.samples import Wish


class Command(BaseCommand):
    help = "Draw the sample pictures of the landing and model pages; EMAIL pays for them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--out", type=Path, metavar="DIR", help="default: VAR_DIR/assets/samples")

    def handle(self, *, email: str, out: Path | None, **options: Any) -> None:
        folder: Path = out or settings.VAR_DIR / "assets" / samples.FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        listed = [self._drawn(email, wish, folder) for wish in samples.WISHES]
        (folder / samples.LIST).write_text(json.dumps(listed, indent=2) + "\n")
        self.stdout.write(str(folder))

    def _drawn(self, email: str, wish: Wish, folder: Path) -> dict[str, Any]:
        rest = {name: value for name, value in wish.input.items() if name != "prompt"}
        call_command(
            "generate", email, wish.input["prompt"], model=wish.image_model, input=json.dumps(rest), stdout=self.stderr
        )
        generation = Generation.objects.filter(user__email=email, image_model=wish.image_model).latest("created_at")
        image = generation.images.filter(status=Status.STORED).first()
        if image is None:
            raise CommandError(f"There is no picture for {wish.name}; nothing was changed.")
        files = _thumbnails(image, wish.name, folder)
        return {
            "image_model": wish.image_model,
            "prompt": wish.input["prompt"],
            "drawn_by": samples.STAND_IN if settings.USES_STANDIN else "fal",
            "width": files[-1][1],
            "height": round(files[-1][1] * (image.height or 1) / (image.width or 1)),
            "files": files,
        }


def _thumbnails(image: Image, name: str, folder: Path) -> list[tuple[str, int]]:
    """Write every thumbnail of a stored picture, the smallest first; they carry the mark of pictures made by AI."""
    written = []
    for variant in sorted(image.variants.values(), key=lambda each: each["width"]):
        file = f"{name}-{variant['width']}.webp"
        reader = store.open_range(variant["name"])
        try:
            (folder / file).write_bytes(reader.read(variant["bytes"]))
        finally:
            reader.close()
        written.append((file, variant["width"]))
    return written
