"""Stripe's error objects, with the status that belongs to each."""

from typing import Any

from standins.stripe.objects import Object

DOCS = "https://docs.stripe.com/error-codes"


class StripeError(Exception):
    """Ends a call. `kept`: whether the answer is remembered under the call's idempotency key."""

    def __init__(self, status: int, kind: str, message: str, *, kept: bool = True, **facts: Any) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        self.error: Object = {"message": message, "type": kind, **{k: v for k, v in facts.items() if v is not None}}
        if code := self.error.get("code"):
            self.error.setdefault("doc_url", f"{DOCS}/{code.replace('_', '-')}")

    def body(self, log_url: str) -> Object:
        return {"error": {**self.error, "request_log_url": log_url}}


def invalid(message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> StripeError:
    """The call cannot be done as things stand."""
    return StripeError(status, "invalid_request_error", message, param=param, code=code)


def malformed(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """The parameters cannot be understood: nothing was begun, so nothing is kept under the key."""
    return StripeError(400, "invalid_request_error", message, kept=False, param=param, code=code)


def missing(what: str, id: str, param: str = "id") -> StripeError:
    """404 where the path names it, 400 where a parameter does."""
    status = 404 if param == "id" else 400
    return invalid(f"No such {what}: '{id}'", param=param, code="resource_missing", status=status)


def strange_key(given: str) -> StripeError:
    shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 12 else "*" * len(given)
    return StripeError(401, "invalid_request_error", f"Invalid API Key provided: {shown}", kept=False)


def no_key() -> StripeError:
    return StripeError(
        401,
        "invalid_request_error",
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer"
        " auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        kept=False,
    )


def no_such_address(method: str, path: str) -> StripeError:
    return StripeError(
        404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).", kept=False, code=None
    )


def too_many() -> StripeError:
    return StripeError(429, "invalid_request_error", "Request rate limit exceeded.", kept=False, code="rate_limit")


def other_parameters(key: str) -> StripeError:
    return StripeError(
        400,
        "idempotency_error",
        "Keys for idempotent requests can only be used with the same parameters they were first used with."
        f" Try using a key other than '{key}' if you meant to execute a different request.",
        kept=False,
    )


def key_in_use(key: str) -> StripeError:
    return StripeError(
        409,
        "invalid_request_error",
        f"There is currently another in-progress request using this Idempotent Key: {key}. Please try again later.",
        kept=False,
        code="idempotency_key_in_use",
    )
