"""While Stripe hangs, only some threads wait for it: the others go on serving pages."""

import threading

import pytest

from billing.stripe_gateway import library
from billing.stripe_values import StripeUnavailable


def test_no_more_threads_than_that_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "PATIENCE_S", 0)
    inside, leave = threading.Semaphore(0), threading.Event()

    def ask() -> None:
        with library.asking(), library.asking():  # one within the other is one
            inside.release()
            leave.wait(10)

    threads = [threading.Thread(target=ask) for _ in range(library.AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=10)

    with pytest.raises(StripeUnavailable, match="Too many"), library.asking():
        pass
    leave.set()
    for thread in threads:
        thread.join()
    with library.asking():
        pass
