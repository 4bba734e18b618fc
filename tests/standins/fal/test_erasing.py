"""A request that is erased: input, output and pictures are gone, its bill stays, a restart does not bring it back."""

from tests.standins.fal.caller import MEDIUM, Caller
from tests.standins.launch import StandIn

HISTORY = "/api/models/requests/by-endpoint"


def payloads(ticket: dict[str, str]) -> str:
    return f"/api/models/requests/{ticket['request_id']}/payloads"


def test_everything_but_the_bill_is_gone_also_after_a_restart(fal: StandIn, caller: Caller) -> None:
    ticket, other = caller.submit(seed=5), caller.submit(seed=6)
    url, kept = (caller.result(each).json()["images"][0]["url"] for each in (ticket, other))
    assert caller.http.get(url).status_code == 200

    told = caller.http.delete(payloads(ticket))

    assert (told.status_code, told.json()) == (200, {"cdn_delete_results": [{"link": url, "exception": None}]})
    assert caller.http.delete(payloads(ticket)).status_code == 404
    assert caller.http.get(url).status_code == 404
    assert caller.result(ticket).status_code == 404
    params = {"endpoint_id": MEDIUM, "expand": "payloads", "request_id": ticket["request_id"]}
    (item,) = caller.http.get(HISTORY, params=params).json()["items"]
    assert (item["status_code"], item["json_input"], item["json_output"]) == (200, None, None)
    assert fal.summary()["billed_draws"] == 2
    assert caller.http.get(kept).status_code == 200
    assert caller.http.get("/").status_code == 200

    fal.restart()

    assert caller.http.get(url).status_code == 404


def test_faults_and_keys(fal: StandIn, caller: Caller) -> None:
    ticket = caller.submit()
    url = caller.result(ticket).json()["images"][0]["url"]
    fal.control([{"on": "payloads", "kept": "busy"}, {"on": "payloads", "status": 503}])

    assert caller.http.delete(payloads(ticket)).json() == {"cdn_delete_results": [{"link": url, "exception": "busy"}]}
    assert caller.http.delete(payloads(ticket)).status_code == 503
    fal.control(admin_key=False)
    assert caller.http.delete(payloads(ticket)).status_code == 403
    assert caller.http.get(url).status_code == 200
    fal.control(admin_key=True)
    assert caller.http.delete(payloads(ticket)).status_code == 200
