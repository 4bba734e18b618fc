"""The same key with the same parameters gets the same answer, for a day of the stand-in's clock."""

import hashlib
from dataclasses import dataclass

from standins.stripe.clock import Clock
from standins.stripe.errors import key_in_use, malformed, other_parameters
from standins.stripe.store import Store

KIND = "_answer"
KEPT_S = 24 * 3600
LONGEST_KEY = 255


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    request_id: str


class Idempotency:
    """Answers by account key and idempotency key. `begin` before the work, then `keep` or `drop`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self._under_way: set[str] = set()

    def begin(self, account: str, key: str, asked: str) -> Answer | None:
        """The kept answer, or None where the work is to be done; an error where the key does not fit."""
        if len(key) > LONGEST_KEY:
            raise malformed(f"Idempotency keys have at most {LONGEST_KEY} characters.")
        name = name_of(account, key)
        if name in self._under_way:
            raise key_in_use(key)
        row = self.store.get(KIND, name)
        if row and row["at"] + KEPT_S <= self.clock.now():
            self.store.remove(row)
            row = None
        if row is None:
            self._under_way.add(name)
            return None
        if row["asked"] != digest(asked):
            raise other_parameters(key)
        return Answer(row["status"], row["body"], row["request_id"])

    def keep(self, account: str, key: str, asked: str, answer: Answer) -> None:
        while (old := self.store.oldest(KIND)) and old["at"] + KEPT_S <= self.clock.now():
            self.store.remove(old)
        row = {"object": KIND, "id": name_of(account, key), "at": self.clock.now(), "asked": digest(asked)}
        row |= {"status": answer.status, "body": answer.body, "request_id": answer.request_id}
        self.store.add(row)

    def end(self, account: str, key: str) -> None:
        """The work is over, kept or not."""
        self._under_way.discard(name_of(account, key))


def name_of(account: str, key: str) -> str:
    return digest(f"{account} {key}")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
