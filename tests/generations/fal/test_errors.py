"""Every error that fal documents, and the shapes in which it is known to send them, mean one thing for an image."""

from decimal import Decimal

import pytest

from generations.fal.errors import (
    FLAGGED,
    NO_MEDIA,
    Billed,
    Verdict,
    account_reason,
    billed,
    classify,
    classify_type,
    without_echo,
)
from generations.fal.verdicts import CODES

PROMPT = "a very private lighthouse"
MODEL_ROWS = [
    ("internal_server_error", 500, "again", "fal_error"),
    ("generation_timeout", 504, "again", "timed_out"),
    ("downstream_service_error", 400, "again", "fal_error"),
    ("downstream_service_error", 500, "again", "fal_error"),
    ("downstream_service_unavailable", 500, "again", "fal_error"),
    ("content_policy_violation", 422, "blocked", "content_blocked"),
    ("no_media_generated", 422, "failed", "no_media"),
    ("image_too_small", 422, "failed", "reference_size"),
    ("image_too_large", 422, "failed", "reference_size"),
    ("image_load_error", 422, "failed", "reference_unreadable"),
    ("file_download_error", 422, "failed", "reference_unreachable"),
    ("face_detection_error", 422, "failed", "reference_unreadable"),
    ("file_too_large", 422, "failed", "reference_too_large"),
    ("greater_than", 422, "failed", "bad_input"),
    ("greater_than_equal", 422, "failed", "bad_input"),
    ("less_than", 422, "failed", "bad_input"),
    ("less_than_equal", 422, "failed", "bad_input"),
    ("multiple_of", 422, "failed", "bad_input"),
    ("sequence_too_short", 422, "failed", "bad_input"),
    ("sequence_too_long", 422, "failed", "bad_input"),
    ("one_of", 422, "failed", "bad_input"),
    ("literal_error", 422, "failed", "bad_input"),
    ("enum", 422, "failed", "bad_input"),
    ("feature_not_supported", 422, "failed", "not_supported"),
    ("unsupported_image_format", 422, "failed", "reference_format"),
    ("unsupported_audio_format", 422, "failed", "reference_format"),
    ("unsupported_video_format", 422, "failed", "reference_format"),
    ("unsupported_something_new", 422, "failed", "reference_format"),
    ("invalid_archive", 422, "failed", "reference_unreadable"),
    ("archive_file_count_exceeds_maximum", 422, "failed", "reference_unreadable"),
    ("archive_something_new", 422, "failed", "reference_unreadable"),
    ("missing", 422, "failed", "bad_input"),
    ("string_type", 422, "failed", "bad_input"),
    ("value_error.missing", 422, "failed", "bad_input"),
    ("value_error.number.not_le", 422, "failed", "bad_input"),
    ("type_error.integer", 422, "failed", "bad_input"),
    ("float_parsing", 422, "failed", "bad_input"),
]
PLATFORM_ROWS = [
    ("request_timeout", 504, "again", "timed_out"),
    ("startup_timeout", 504, "again", "timed_out"),
    ("runner_scheduling_failure", 503, "again", "fal_error"),
    ("runner_connection_timeout", 503, "again", "fal_error"),
    ("runner_disconnected", 503, "again", "fal_error"),
    ("runner_connection_refused", 503, "again", "fal_error"),
    ("runner_connection_error", 503, "again", "fal_error"),
    ("runner_incomplete_response", 502, "again", "fal_error"),
    ("runner_server_error", 500, "again", "fal_error"),
    ("client_disconnected", 499, "again", "fal_error"),
    ("client_cancelled", 499, "canceled", "canceled"),
    ("bad_request", 400, "failed", "bad_input"),
    ("internal_error", 500, "again", "fal_error"),
    ("concurrent_requests_limit", 429, "again", "fal_busy"),
]
ACCOUNT_ROWS = [
    (401, "No user found for Key ID and Secret", "locked", "bad_key"),
    (401, "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.", "locked", "bad_key"),
    (401, "invalid key credentials", "locked", "bad_key"),
    (402, "Payment required", "locked", "account_locked"),
    (403, "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai.", "locked", "account_locked"),
    (403, "User is locked. Reason: Admin lock. Please contact support@fal.ai", "locked", "account_locked"),
    (403, "User is locked. Reason: TOP_UP", "locked", "account_locked"),
    (403, "Sorry, you have been blocked", "failed", "model_unavailable"),
    (403, "Access denied to this app", "failed", "model_unavailable"),
    (404, "Path /krea/v3 not found", "failed", "model_unavailable"),
]
UNTYPED_ROWS: list[tuple[int, object, str, str]] = [
    (400, {"detail": "Request is still in progress"}, "busy", "in_progress"),
    (400, {"detail": "Something else"}, "failed", "fal_rejected"),
    (404, {"status": "NOT_FOUND"}, "gone", "result_expired"),
    (404, {"detail": "Request not found"}, "gone", "result_expired"),
    (410, {"detail": "Gone"}, "gone", "result_expired"),
    (408, None, "again", "fal_busy"),
    (413, "too large", "failed", "bad_input"),
    (422, {"detail": "no"}, "failed", "fal_rejected"),
    (422, {"detail": [{"loc": ["body", "seed"], "msg": "?"}]}, "failed", "bad_input"),
    (425, None, "again", "fal_busy"),
    (429, {"detail": "slow down"}, "again", "fal_busy"),
    (499, "", "canceled", "canceled"),
    (500, "Internal Server Error", "again", "fal_error"),
    (502, "<html>nginx</html>", "again", "fal_error"),
    (503, None, "again", "fal_error"),
    (504, [], "again", "timed_out"),
    (599, 7, "again", "fal_error"),
    (307, "", "again", "fal_error"),
    (418, {"message": "teapot"}, "failed", "fal_rejected"),
    (405, {"detail": "Method Not Allowed"}, "failed", "fal_rejected"),
]


def model_error(kind: str, *loc: str | int) -> dict[str, object]:
    """As fal's apps write it, prompt and all."""
    entry = {"loc": ["body", *(loc or ("prompt",))], "msg": f"about {PROMPT}", "type": kind, "input": PROMPT}
    return {"detail": [{**entry, "url": f"https://docs.fal.ai/errors#{kind}", "ctx": {"max": 3}}]}


def summed_up(verdict: Verdict) -> tuple[str, str]:
    return str(verdict.kind), verdict.code


@pytest.mark.parametrize(("kind", "status", "means", "code"), MODEL_ROWS)
def test_an_error_of_the_model_means(kind: str, status: int, means: str, code: str) -> None:
    verdict = classify(status, model_error(kind))

    assert summed_up(verdict) == (means, code)
    assert verdict.raw_type == kind
    assert verdict.billed_maybe is (status == 422)
    assert PROMPT not in repr(verdict)


@pytest.mark.parametrize(("kind", "status", "means", "code"), PLATFORM_ROWS)
def test_an_error_of_the_platform_means_the_same_by_body_and_by_header(
    kind: str, status: int, means: str, code: str
) -> None:
    flat = classify(status, {"detail": "Whatever", "error_type": kind}, {"X-Fal-Error-Type": kind})

    assert summed_up(flat) == (means, code)
    assert summed_up(classify(status, {"detail": "Whatever", "error_type": kind})) == (means, code)
    assert summed_up(classify(status, "no JSON", {"x-fal-error-type": kind})) == (means, code)
    assert summed_up(classify_type(kind)) == (means, code)
    assert billed(flat) is Billed.NO


@pytest.mark.parametrize(("status", "detail", "means", "code"), ACCOUNT_ROWS)
def test_an_error_of_the_account_means(status: int, detail: str, means: str, code: str) -> None:
    body = {"detail": detail}

    assert summed_up(classify(status, body, submitting=True)) == (means, code)
    assert account_reason(body) == detail


@pytest.mark.parametrize(("status", "body", "means", "code"), UNTYPED_ROWS)
def test_an_error_without_a_type_means(status: int, body: object, means: str, code: str) -> None:
    assert summed_up(classify(status, body)) == (means, code)


@pytest.mark.parametrize("status", [404, 410])
def test_an_unknown_address_at_a_submit_is_an_unknown_image_model(status: int) -> None:
    verdict = classify(status, {"detail": "whatever"}, submitting=True)

    assert summed_up(verdict) == ("failed", "model_unavailable")


def test_a_404_that_bears_a_bill_is_the_jobs_own() -> None:
    assert classify(404, {"detail": "Not found"}, {"x-fal-billable-units": "0"}).code == "model_unavailable"


@pytest.mark.parametrize(
    ("loc", "code", "index", "named"),
    [
        (("image_style_references", 2, "image_url"), "reference_unreachable", 2, "style reference 3"),
        (("reference_image_urls", 0), "reference_unreachable", 0, "style reference 1"),
        (("loras", 1, "path"), "lora_unreachable", 1, "LoRA 2"),
        (("loras", "1", "path"), "lora_unreachable", 1, "LoRA 2"),
        (("loras",), "lora_unreachable", None, "a LoRA"),
        (("image_url",), "reference_unreachable", None, "a style reference"),
        ((7,), "reference_unreachable", None, "a style reference"),
    ],
)
def test_the_file_at_fault_is_named(loc: tuple[str | int, ...], code: str, index: int | None, named: str) -> None:
    verdict = classify(422, model_error("file_download_error", *loc))

    assert (verdict.code, verdict.loc_index) == (code, index)
    assert f"could not fetch {named}." in verdict.message
    assert verdict.retryable is True


def test_a_file_without_a_place_is_a_lora_where_the_image_model_takes_loras() -> None:
    body = {"detail": [{"type": "file_download_error"}]}

    assert classify(422, body, endpoint="fal-ai/krea-2/turbo/lora").code == "lora_unreachable"


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_in_plain_words_that_nothing_was_charged(code: str) -> None:
    known = CODES[code]

    assert code in {"delivered", "in_progress"} or "not charged" in known.message
    assert "fal" not in known.message


def test_declined_content_outweighs_whatever_else_is_wrong() -> None:
    entries = [{"type": "brand_new"}, {"type": "missing"}, {"type": "content_policy_violation"}]

    assert classify(422, {"detail": entries}).code == "content_blocked"


def test_a_known_error_outweighs_an_unknown_one() -> None:
    assert (
        classify(422, {"detail": ["?", {"type": "brand_new"}, {"type": "file_too_large"}]}).code
        == "reference_too_large"
    )


@pytest.mark.parametrize(
    "body",
    [
        {"detail": {"type": "content_policy_violation", "msg": "x"}},
        {"detail": "x", "error_type": "content_policy_violation"},
        {"error": {"type": "content_policy_violation", "message": "x"}},
        [{"type": "content_policy_violation"}],
    ],
)
def test_one_error_may_come_in_many_shapes(body: object) -> None:
    assert classify(422, body).code == "content_blocked"


@pytest.mark.parametrize(
    ("value", "wants"), [("1", True), ("true", True), ("TRUE", True), ("0", False), ("false", False)]
)
@pytest.mark.parametrize("name", ["X-Fal-Retryable", "X-Fal-Needs-Retry", "X-Fal-needs-retry", "x-fal-retryable"])
def test_fals_word_on_trying_again_is_heeded(name: str, value: str, wants: bool) -> None:
    server_error = classify(500, model_error("internal_server_error"), {name: value})
    bad_input = classify(422, model_error("missing"), {name: value})

    assert (server_error.retryable, bad_input.retryable) == (wants, wants)
    assert server_error.kind == ("again" if wants else "failed")
    assert bad_input.kind == "failed"


def test_the_newer_header_outweighs_the_older_and_nonsense_is_passed_over() -> None:
    both = classify(500, None, {"X-Fal-Retryable": "true", "X-Fal-Needs-Retry": "0"})
    odd = classify(500, None, {"X-Fal-Needs-Retry": "perhaps"})

    assert (both.retryable, odd.retryable) == (False, True)


def test_too_many_requests_are_tried_again_whatever_the_header_says() -> None:
    assert classify(429, None, {"X-Fal-Needs-Retry": "0"}).kind == "again"


def test_what_may_have_been_billed_is_never_drawn_again_unasked() -> None:
    verdict = classify(422, model_error("internal_server_error"))

    assert (verdict.kind, verdict.code, verdict.billed_maybe) == ("failed", "fal_error", True)


def test_a_picture_is_delivered_and_a_2xx_without_one_is_a_failure() -> None:
    assert classify(200, {"images": [{"url": "https://x/a"}]}).kind == "delivered"
    assert classify(201, {"images": [{"url": "https://x/a"}], "has_nsfw_concepts": [True]}).kind == "delivered"
    assert classify(200, {"images": []}) == NO_MEDIA
    assert summed_up(NO_MEDIA) == ("failed", "no_media")
    assert summed_up(FLAGGED) == ("blocked", "content_blocked")


PICTURE = {"images": [{"url": "https://x/a"}]}


@pytest.mark.parametrize(
    ("status", "body", "units", "charged"),
    [
        (200, PICTURE, None, "yes"),
        (200, PICTURE, "1", "yes"),
        (200, PICTURE, "0", "no"),
        (200, {"images": []}, None, "maybe"),
        (200, {"images": []}, "1.05", "yes"),
        (422, model_error("content_policy_violation"), None, "maybe"),
        (422, model_error("content_policy_violation"), "0", "no"),
        (422, model_error("content_policy_violation"), "1", "yes"),
        (400, {"detail": "no", "error_type": "bad_request"}, None, "no"),
        (404, {"status": "NOT_FOUND"}, None, "maybe"),
        (499, None, None, "no"),
        (500, None, None, "no"),
        (504, None, "1", "no"),
    ],
)
def test_what_fal_charges(status: int, body: object, units: str | None, charged: str) -> None:
    verdict = classify(status, body, {"X-Fal-Billable-Units": units} if units else {})

    assert billed(verdict, Decimal(units) if units else None) == charged


def test_a_422_at_a_submit_costs_nothing() -> None:
    assert classify(422, model_error("missing"), submitting=True).billed_maybe is False


@pytest.mark.parametrize(
    "body",
    [
        None,
        7,
        "",
        [],
        {},
        {"detail": None},
        {"detail": []},
        {"detail": [None, 7]},
        {"detail": [{"type": 7, "loc": "x"}]},
    ],
)
def test_no_body_is_too_odd_to_be_read(body: object) -> None:
    assert classify(500, body).kind == "again"
    assert classify(400, body).kind == "failed"
    assert account_reason(body) == ""


def test_what_fal_echoes_of_the_input_is_dropped() -> None:
    told = without_echo(model_error("missing") | {"input": PROMPT, "error_type": "x"})

    entry = {"loc": ["body", "prompt"], "msg": f"about {PROMPT}", "type": "missing"}
    assert told == {"detail": [{**entry, "url": "https://docs.fal.ai/errors#missing"}], "error_type": "x"}
