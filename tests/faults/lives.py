"""Lives in forked children, each of which dies a little later than the one before it."""

import json
import os
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tests.faults.bomb import DEAD, Bomb


def lead(
    kinds: Iterable[str],
    begin: Callable[[], Any],
    live: Callable[[Bomb, Any], Any],
    afterwards: Callable[[Any], list[str]],
    *,
    most: int,
) -> None:
    """Print one line of JSON for each life: whether it met its bomb, and what `afterwards` found wrong. A kind of bomb
    is done with the first life that does not meet it; `most` lives are led of each. What `begin` gives goes to both."""
    for kind in kinds:
        for number in range(1, most):
            given = begin()
            ended, trouble = in_a_child(partial(live, Bomb(kind, number), given))
            _, found = in_a_child(partial(afterwards, given))
            told = {"kind": kind, "number": number, "died": ended == DEAD, "found": found}
            if ended not in (0, DEAD):
                told["found"] = ["it died of something else", trouble]
            print(json.dumps(told), flush=True)
            if ended != DEAD:
                break


def done(action: Callable[[], Any]) -> Any:
    """What an action returned that must not fail, in a child."""
    status, told = in_a_child(action)
    assert status == 0, told
    return told


def in_a_child(action: Callable[[], Any]) -> tuple[int, Any]:
    """Exit status of a forked child that did `action`, and what that returned; 1 and the trouble where it raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status, told = 0, None
        try:
            told = action()
        except BaseException:
            status, told = 1, traceback.format_exc().splitlines()[-12:]
        os.write(writer, json.dumps(told).encode()[:60_000])
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, json.loads(told) if told else None
