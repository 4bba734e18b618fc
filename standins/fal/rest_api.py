"""fal's storage over HTTP, as the two official clients use it: tokens; uploads at once, promised, in parts."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from standins.fal.answers import answer, detail
from standins.fal.call import Call
from standins.fal.queue_api import lifetime
from standins.fal.uploads import TooLarge, Upload
from standins.fal.world import World

FOR_EVER = "2099-01-01T00:00:00+00:00"


async def token(world: World, call: Call) -> Response:
    """A bearer token for the CDN (Python client, step one)."""
    told = {"token": world.uploads.new_token(), "token_type": "Bearer", "expires_at": FOR_EVER}
    base = f"{call.base}/cdn"
    return refusal(world) or answer({**told, "base_url": base, "base_upload_url": base})


async def upload(world: World, call: Call) -> Response:
    """The bytes at once (Python client, step two)."""
    if said := refusal(world) or wrong_token(world, call):
        return said
    promised = begin(world, call, call.headers.get("x-fal-file-name", ""), call.headers.get("content-type", ""))
    return await fill(world, call, promised) or answer({"access_url": public_address(call, promised)})


async def begin_parts(world: World, call: Call) -> Response:
    """A large file, to be sent in parts (Python client)."""
    if said := refusal(world) or wrong_token(world, call):
        return said
    promised = begin(world, call, call.headers.get("x-fal-file-name", ""), call.headers.get("content-type", ""))
    return answer({"access_url": public_address(call, promised), "uploadId": "1"})


async def initiate(world: World, call: Call) -> Response:
    """A promised place to PUT the bytes to (JavaScript client, and the Python one's second way)."""
    return refusal(world) or promise(world, call, "upload_url")


async def initiate_parts(world: World, call: Call) -> Response:
    """The same for a large file in parts (JavaScript client)."""
    return refusal(world) or promise(world, call, "upload_url")


async def put(world: World, call: Call) -> Response:
    """The bytes for a promised place. Needs no key: the address is the secret."""
    promised = world.uploads.find(call.found["name"])
    if promised is None:
        return detail("Upload not found", 404)
    return await fill(world, call, promised) or answer({}, 200)


async def put_part(world: World, call: Call) -> Response:
    """One part; its etag stands in the header for the one client and in the body for the other."""
    promised = world.uploads.find(call.found["name"])
    if promised is None:
        return detail("Upload not found", 404)
    number = int(call.found["part"])
    try:
        etag = await world.uploads.fill_part(promised, number, call.request.stream())
    except TooLarge:
        return too_large()
    return answer({"partNumber": number, "etag": etag}, headers={"ETag": etag})


async def complete(world: World, call: Call) -> Response:
    """All parts are there: make one file of them."""
    promised = world.uploads.find(call.found["name"])
    if promised is None:
        return detail("Upload not found", 404)
    try:
        numbers = [int(part.get("partNumber", part.get("part_number"))) for part in call.json["parts"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return detail("`parts` must list every part with its number", 422)
    if not world.uploads.join(promised, numbers):
        return detail("A part is missing", 400)
    return answer({"access_url": public_address(call, promised)})


def promise(world: World, call: Call, name: str) -> Response:
    given: Any = call.json if call.is_json else None
    if not isinstance(given, dict):
        return detail("Invalid JSON in the request body", 400, "bad_request")
    promised = begin(world, call, str(given.get("file_name") or ""), str(given.get("content_type") or ""))
    where = f"{call.base}/cdn/put/{quote(promised.name)}"
    return answer({name: where, "file_url": public_address(call, promised)})


def begin(world: World, call: Call, file_name: str, content_type: str) -> Upload:
    wish = call.headers.get("x-fal-object-lifecycle") or call.headers.get("x-fal-object-lifecycle-preference")
    return world.uploads.begin(file_name=file_name, content_type=content_type, lifetime_s=lifetime(wish))


async def fill(world: World, call: Call, promised: Upload) -> Response | None:
    try:
        await world.uploads.fill(promised, call.request.stream())
    except TooLarge:
        return too_large()
    return None


def public_address(call: Call, promised: Upload) -> str:
    return f"{call.base}/cdn/files/uploads/{quote(promised.name)}"


def refusal(world: World) -> Response | None:
    if reason := world.locked_for():
        return detail(f"User is locked. Reason: {reason}", 403)
    return None


def wrong_token(world: World, call: Call) -> Response | None:
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer" and world.uploads.knows_token(given):
        return None
    return detail("Invalid token", 401)


def too_large() -> Response:
    return detail("The file is too large", 413)
