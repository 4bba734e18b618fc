"""The catalogue, quotes, and orders with their price: what a partner pays is what they were told."""

from datetime import timedelta
from typing import Any

import time_machine
from django.conf import settings
from django.utils import timezone

from billing import ledger
from billing.models import Allowance, Price, Unit
from generations.models import Generation
from partners import keys
from partners.models import Order
from tests.conftest import wallet_of
from tests.generations.pages import raise_price
from tests.partners.caller import FOX, Caller, fields, refusal

PAIR = FOX | {"quantity": 2}


def test_catalogue_has_every_image_model_with_its_schema_and_live_prices(api: Caller) -> None:
    found = api.get("/models").json()["items"]

    assert [model["id"] for model in found] == ["krea-2-medium", "krea-2-large", "krea-2-turbo-lora", "flux-krea-dev"]
    medium = found[0]
    assert medium["input_schema"]["properties"]["creativity"]["enum"] == ["raw", "low", "medium", "high"]
    assert medium["prices"] == [
        {"item": "krea-2-medium", "unit": "image", "price": "39.00"},
        {"item": "krea-2-medium.style_references", "unit": "image", "price": "6.50"},
    ]
    assert api.get("/models/krea-2-medium").json() == medium


def test_a_price_that_changes_is_told_at_once(api: Caller) -> None:
    raise_price("krea-2-medium", 41_00)

    assert api.get("/models/krea-2-medium").json()["prices"][0]["price"] == "41.00"
    assert api.post("/quotes", FOX).json()["price"] == "41.00"


def test_an_image_model_without_a_price_is_listed_and_not_sold(api: Caller) -> None:
    Price.objects.filter(item="krea-2-medium").delete()

    assert api.get("/models/krea-2-medium").json()["prices"] == []
    assert refusal(api.post("/quotes", FOX)) == (409, "model_not_for_sale")
    assert refusal(api.post("/generations", FOX)) == (409, "model_not_for_sale")


def test_a_whole_number_may_be_written_with_a_point(api: Caller) -> None:
    body = '{"model": "flux-krea-dev", "input": {"prompt": "a fox", "image_size": {"width": 1024.0, "height": 512}}, '

    quote = api.post("/quotes", body + '"quantity": 2.0}').json()

    assert (quote["quantity"], quote["input"]["image_size"]) == (2, {"width": 1024, "height": 512})
    assert refusal(api.post("/quotes", body + '"quantity": 2.5}')) == (422, "invalid_input")


def test_an_unknown_image_model_names_those_that_there_are(api: Caller) -> None:
    answer = api.get("/models/dall-e")

    assert refusal(answer) == (404, "not_found")
    assert "krea-2-large" in answer.json()["allowed"]


def test_an_order_holds_its_price_and_says_everything_about_itself(api: Caller, acme: Any, key: Any) -> None:
    response = api.post("/generations", PAIR | {"reference": "order 7", "metadata": {"shop": "north", "n": 1.5}})

    made = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"/api/v1/generations/{made['id']}"
    assert response.headers["Cache-Control"] == "no-store"
    assert (made["status"], made["model"], made["quantity"]) == ("queued", "krea-2-medium", 2)
    assert made["quoted"] == "78.00"
    assert made["cost"] == {"held": "78.00", "charged": "0.00", "refunded": "0.00", "refunds": []}
    assert (made["reference"], made["metadata"]) == ("order 7", {"shop": "north", "n": 1.5})
    assert [(image["index"], image["status"], image["price"]) for image in made["images"]] == [
        (0, "queued", "39.00"),
        (1, "queued", "39.00"),
    ]
    assert made["created_at"].endswith("Z") and made["finished_at"] is None
    assert made["queue"] == {"position": 0}
    assert made["input"]["creativity"] == "medium"
    assert api.get(f"/generations/{made['id']}").json() == made
    assert wallet_of(acme) == (1000_00, 78_00)
    assert Order.objects.get().key == key


def test_a_quote_binds_its_price_when_the_price_rises(api: Caller) -> None:
    quote = api.post("/quotes", PAIR).json()
    raise_price("krea-2-medium", 50_00)

    made = api.order(PAIR | {"quote": quote["quote"]})

    assert (quote["image_price"], quote["price"], made["quoted"]) == ("39.00", "78.00", "78.00")


def test_a_price_that_fell_goes_before_the_quote(api: Caller) -> None:
    quote = api.post("/quotes", PAIR).json()
    raise_price("krea-2-medium", 30_00)

    assert api.order(PAIR | {"quote": quote["quote"]})["quoted"] == "60.00"


def test_a_quote_for_something_else_is_refused(api: Caller) -> None:
    quote = api.post("/quotes", PAIR).json()["quote"]

    for body in (FOX, PAIR | {"input": {"prompt": "a blue fox"}}, PAIR | {"model": "krea-2-large"}):
        assert refusal(api.post("/generations", body | {"quote": quote})) == (422, "quote_mismatch")
    assert refusal(api.post("/generations", FOX | {"quote": "x" + quote})) == (422, "quote_mismatch")
    assert not Generation.objects.exists()


def test_a_quote_that_is_over_is_refused_and_not_replaced(api: Caller) -> None:
    quote = api.post("/quotes", PAIR).json()["quote"]

    with time_machine.travel(timezone.now() + timedelta(seconds=601)):
        answer = api.post("/generations", PAIR | {"quote": quote})

    assert refusal(answer) == (409, "quote_expired")


def test_an_old_price_is_not_kept_by_asking_for_it_again(api: Caller) -> None:
    first = api.post("/quotes", PAIR).json()
    raise_price("krea-2-medium", 50_00)

    with time_machine.travel(timezone.now() + timedelta(seconds=500)):
        again = api.post("/generations?dry_run=true", PAIR | {"quote": first["quote"]}).json()
    with time_machine.travel(timezone.now() + timedelta(seconds=700)):
        answer = api.post("/generations", PAIR | {"quote": again["quote"]})

    assert (again["image_price"], again["expires_at"]) == ("39.00", first["expires_at"])
    assert refusal(answer) == (409, "quote_expired")


def test_a_quote_costs_holds_and_fetches_nothing(api: Caller, acme: Any) -> None:
    with_reference = {"image_style_references": [{"image_url": "https://nowhere.invalid/x.png"}]}

    quote = api.post("/quotes", FOX | {"input": FOX["input"] | with_reference}).json()  # type: ignore[operator]

    assert quote["price"] == "45.50"
    assert wallet_of(acme) == (1000_00, 0)


def test_a_dry_run_checks_and_prices_and_orders_nothing(api: Caller, acme: Any) -> None:
    answer = api.post("/generations?dry_run=true", PAIR)
    refused = api.post("/generations?dry_run=true", PAIR | {"quantity": 99})

    assert (answer.status_code, answer.json()["price"]) == (200, "78.00")
    assert refusal(refused) == (422, "invalid_input")
    assert not Generation.objects.exists() and wallet_of(acme) == (1000_00, 0)
    assert api.order(PAIR | {"quote": answer.json()["quote"]})["quoted"] == "78.00"


def test_what_only_some_may_choose_is_refused_in_a_dry_run_too(api: Caller) -> None:
    body = {"model": "flux-krea-dev", "input": {"prompt": "a fox", "enable_safety_checker": False}}

    for path in ("/generations?dry_run=true", "/generations"):
        answer = api.post(path, body)
        assert (refusal(answer), fields(answer)) == (
            (422, "invalid_input"),
            {"/input/enable_safety_checker": [True]},
        )


def test_too_few_credits_say_price_available_and_missing(bob: Any) -> None:
    ledger.grant(bob, 12_00, key="twelve", memo="A little")
    api = Caller(keys.make(bob, "Poor")[1])

    answer = api.post("/generations", PAIR)

    assert refusal(answer) == (402, "insufficient_credits")
    body = answer.json()
    assert (body["price"], body["available"], body["missing"]) == ("78.00", "12.00", "66.00")
    assert body["detail"].endswith(f"Buy more on the billing page ({settings.PUBLIC_URL}/billing/buy/).")
    assert not Generation.objects.exists()


def test_a_key_spends_no_more_than_its_limit_of_the_month(acme: Any) -> None:
    key, secret = keys.make(acme, "Limited", monthly_limit=100_00)
    api = Caller(secret)
    api.order(PAIR)

    answer = api.post("/generations", FOX)

    assert refusal(answer) == (403, "limit_reached")
    body = answer.json()
    assert (body["price"], body["limit"], body["left"], body["period"]) == ("39.00", "100.00", "22.00", "month")
    assert Allowance.objects.get(name=f"key:{key.family}").used == 78_00
    assert Caller(keys.make(acme, "Unlimited")[1]).order(FOX)["quoted"] == "39.00"


def test_a_limit_of_nothing_spends_nothing(acme: Any) -> None:
    api = Caller(keys.make(acme, "Reads only", monthly_limit=0)[1])

    assert refusal(api.post("/generations", FOX)) == (403, "limit_reached")


def test_a_style_reference_is_fetched_before_anything_is_held(api: Caller, fox_host: str) -> None:
    with_reference = {"image_style_references": [{"image_url": f"{fox_host}/fox.png", "strength": 0.5}]}

    made = api.order(FOX | {"input": FOX["input"] | with_reference})  # type: ignore[operator]

    kept = made["input"]["image_style_references"][0]
    assert (made["quoted"], kept["strength"]) == ("45.50", 0.5)
    assert kept["image_url"] in str(Generation.objects.get().references)


def test_a_style_reference_that_cannot_be_had_is_refused_with_its_place(api: Caller, acme: Any) -> None:
    references = [{"image_url": "https://127.0.0.1/x.png"}]

    answer = api.post("/generations", FOX | {"input": FOX["input"] | {"image_style_references": references}})  # type: ignore[operator]

    assert refusal(answer) == (422, "invalid_input")
    assert set(fields(answer)) == {"/input/image_style_references/0/image_url"}
    assert wallet_of(acme) == (1000_00, 0)


def test_a_price_by_the_megapixel_is_rounded_up_for_each_image(api: Caller) -> None:
    Price.objects.create(
        item="flux-krea-dev", unit=Unit.MEGAPIXEL, amount=32_51, cost_microusd=1, holds_from=timezone.now()
    )
    size = {"width": 1024, "height": 768}
    body = {"model": "flux-krea-dev", "input": {"prompt": "a fox", "image_size": size}, "quantity": 3}

    quote = api.post("/quotes", body).json()

    # 32.51 times 0.786432 is 25.5669…
    assert (quote["image_price"], quote["price"]) == ("25.57", "76.71")
    assert api.order(body)["quoted"] == "76.71"
