"""Style references and LoRAs: had before anything is held, refused at once with their index, handed to fal."""

import base64
import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image as Pillow

from generations import lifecycle, references
from generations.brief import BadBrief, Brief
from generations.models import Generation, Image, Upload
from generations.pictures import store
from tests.conftest import status_of, wallet_of
from tests.standins.launch import StandIn

Run = Callable[[], Any]


def picture(color: str = "teal", size: tuple[int, int] = (300, 200), kind: str = "PNG", **extra: Any) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", size, color).save(file, kind, **extra)
    return file.getvalue()


class Shelf(BaseHTTPRequestHandler):
    """A stranger's web server: what it holds is in `files`."""

    files: dict[str, tuple[int, str, bytes]] = {}

    def do_GET(self) -> None:
        status, kind, body = self.files.get(self.path, (404, "text/plain", b"nothing here"))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def shelf(settings: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    Shelf.files = {
        "/teal.png": (200, "image/png", picture()),
        "/red.jpg": (200, "image/jpeg", picture("red", kind="JPEG")),
        "/page.html": (200, "text/html", b"<html>"),
        "/broken.png": (200, "image/png", picture()[:60]),
        "/mine.safetensors": (200, "application/octet-stream", b"weights"),
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_address[1]}"
    settings.SAFE_FETCH_ALLOW = frozenset({address})
    yield f"http://{address}"
    server.shutdown()


def brief_with(*urls: str) -> Brief:
    listed = [{"image_url": url, "strength": 0.5} for url in urls]
    return Brief.read("krea-2-medium", {"prompt": "a fox", "image_style_references": listed})


def data_uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def test_references_are_fetched_re_encoded_and_kept_once(alice: Any, shelf: str) -> None:
    brief = brief_with(f"{shelf}/teal.png", data_uri(picture("navy")), f"{shelf}/teal.png")

    uploads = references.resolve(alice, brief)

    assert len(uploads) == 3
    assert uploads[0] == uploads[2] != uploads[1]
    assert Upload.objects.count() == 2
    assert (uploads[0].content_type, uploads[0].width, uploads[0].height) == ("image/jpeg", 300, 200)
    assert store.size(uploads[0].name) == uploads[0].bytes


def test_an_upload_of_ones_own_stands_by_its_id_and_nobody_elses_does(alice: Any, mallory: Any, shelf: str) -> None:
    (mine,) = references.resolve(alice, brief_with(f"{shelf}/teal.png"))

    assert references.resolve(alice, brief_with(str(mine.id))) == [mine]
    with pytest.raises(BadBrief, match="Style reference 1"):
        references.resolve(mallory, brief_with(str(mine.id)))


@pytest.mark.parametrize(
    ("path", "code"),
    [("/nothing.png", "bad_status"), ("/page.html", "bad_type"), ("/broken.png", "broken")],
)
def test_one_that_cannot_be_had_is_refused_with_its_index(alice: Any, shelf: str, path: str, code: str) -> None:
    with pytest.raises(BadBrief) as refused:
        references.resolve(alice, brief_with(f"{shelf}/teal.png", f"{shelf}{path}"))

    (error,) = refused.value.errors
    assert error.pointer == "/input/image_style_references/1/image_url"
    assert error.detail.startswith("Style reference 2: ")
    assert error.code == code


def test_private_addresses_are_refused(alice: Any) -> None:
    with pytest.raises(BadBrief) as refused:
        references.resolve(alice, brief_with("http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/x.png"))

    assert [error.code for error in refused.value.errors] == ["address_not_allowed"] * 2


def test_a_lora_that_cannot_be_reached_is_refused(alice: Any) -> None:
    lora = {"path": "https://127.0.0.1/mine.safetensors", "scale": 1}
    brief = Brief.read("krea-2-turbo-lora", {"prompt": "a fox", "loras": [lora]})

    with pytest.raises(BadBrief) as refused:
        references.resolve(alice, brief)

    assert refused.value.errors[0].pointer == "/input/loras/0/path"


def test_metadata_of_the_customers_file_does_not_travel_on(alice: Any) -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "home address"

    (upload,) = references.resolve(alice, brief_with(data_uri(picture(kind="JPEG", exif=exif))))

    reader = store.open_range(upload.name)
    data = reader.read(upload.bytes)
    reader.close()
    assert b"home address" not in data


def test_style_references_cost_their_premium_and_reach_fal(
    alice: Any, standin: StandIn, finish_all: Run, shelf: str
) -> None:
    brief = brief_with(f"{shelf}/red.jpg")
    uploads = references.resolve(alice, brief)

    generation = lifecycle.submit(alice, brief, uploads=uploads)
    finish_all()

    assert (generation.quoted, status_of(generation), wallet_of(alice)) == (45_50, "succeeded", (954_50, 0))
    assert generation.references == [str(uploads[0].id)]
    (call,) = standin.log(on="submit")
    (sent,) = call["body"]["image_style_references"]
    assert sent["strength"] == 0.5
    assert sent["image_url"].startswith(standin.url)  # fal cannot reach us here: it has a copy in its own storage


def test_a_reference_that_fal_cannot_download_all_the_same_fails_by_name_and_is_free(
    alice: Any, standin: StandIn, finish_all: Run, shelf: str
) -> None:
    place = ["body", "image_style_references", 0, "image_url"]
    body = {"detail": [{"loc": place, "msg": "x", "type": "file_download_error"}]}
    standin.control(fail={"prompt": "fox", "status": 422, "times": 1, "body": body})
    brief = brief_with(f"{shelf}/red.jpg")

    lifecycle.submit(alice, brief, uploads=references.resolve(alice, brief))
    finish_all()

    image = Image.objects.get()
    assert (image.status, image.error_code) == ("failed", "reference_unreachable")
    assert "style reference 1" in image.error_message
    assert wallet_of(alice) == (1000_00, 0)
    assert Generation.objects.get().outcome == "failed"
