"""What a person has on the site, made without drawing: for archives and farewells."""

import io
import time
from functools import cache
from typing import Any

from django.test import Client
from django.utils import timezone
from PIL import Image as Pillow

from generations.models import Draw, Generation, Image, Outcome, Status, Upload
from generations.pictures import store
from generations.pictures.develop import Developed, develop

SMALL = 360, 240


@cache
def picture(shade: int, size: tuple[int, int] = SMALL) -> bytes:
    """A picture, different for each shade (1 to 255)."""
    file = io.BytesIO()
    canvas = Pillow.new("RGB", size, (shade, 255 - shade, 90))
    canvas.putpixel((shade % 300, 7), (255, 255, 255))
    canvas.save(file, "PNG")
    return file.getvalue()


@cache
def developed(shade: int, size: tuple[int, int] = SMALL) -> Developed:
    return develop(picture(shade, size))


def confirmed(client: Client, user: Any) -> Client:
    """Logged in, and confirmed just now that it is they, as allauth writes it into the session."""
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def drawn(user: Any, *shades: int, prompt: str = "a red fox", size: tuple[int, int] = SMALL) -> Generation:
    """A finished generation of one picture for each shade, with its files; it cost nothing."""
    now = timezone.now()
    generation = Generation.objects.create(
        user=user, image_model="krea-2-medium", input={"prompt": prompt}, quantity=len(shades), image_price=0,
        unfinished=0, outcome=Outcome.SUCCEEDED, created_at=now, finished_at=now,
    )  # fmt: skip
    for index, shade in enumerate(shades):
        stored = store.write(developed(shade, size))
        image = Image.objects.create(
            generation=generation, user=user, image_model=generation.image_model, index=index, seed=shade, price=0,
            status=Status.STORED, name=stored.name, sha256=stored.sha256, content_type=stored.content_type,
            width=stored.width, height=stored.height, bytes=stored.bytes, variants=stored.variants,
        )  # fmt: skip
        image.draw = Draw.objects.create(image=image, endpoint="x", result={"images": [{"url": "https://fal/x"}]})
        image.save(update_fields=["draw"])
    return generation


def uploaded(user: Any, shade: int) -> Upload:
    """A style reference with its file."""
    data = picture(shade)
    name = store.put(data, "image/png")
    return Upload.objects.create(
        user=user, sha256=name.rpartition("/")[2][:64], name=name, content_type="image/png", width=360, height=240,
        bytes=len(data),
    )  # fmt: skip


def files(user: Any) -> list[str]:
    """The names of every file that a user's rows name."""
    images = Image.objects.filter(user=user).exclude(name="")
    names = [name for image in images for name in [image.name, *(each["name"] for each in image.variants.values())]]
    return sorted({*names, *Upload.objects.filter(user=user).values_list("name", flat=True)})
