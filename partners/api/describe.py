"""What the OpenAPI document says of a call, written beside the call: answers, problems, parameters, scopes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel

from partners import idempotency, problems

from . import examples, shapes

View = TypeVar("View", bound=Callable[..., Any])
Answers = Mapping[int, type[BaseModel] | None]

# What every call with a key can answer.
OF_ANY_KEY = (
    "missing_key",
    "invalid_key",
    "revoked_key",
    "expired_key",
    "account_closed",
    "account_suspended",
    "missing_scope",
)
OF_ANY_CALL = ("bad_request", "method_not_allowed", "invalid_query", "too_many_requests", "internal_error", "busy")
OF_ANY_POST = (
    "csrf_failed",
    "invalid_json",
    "body_too_large",
    "unsupported_media_type",
    "invalid_idempotency_key",
    "idempotency_key_reused",
    "idempotency_key_in_use",
)
OF_ANY_CHANGE = ("csrf_failed", "invalid_json", "body_too_large", "unsupported_media_type")
POSTS = ("create", "cancel", "test", "redeliver", "rotate")  # the first words of their operations
IDEMPOTENCY = OpenApiParameter(
    idempotency.HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    OpenApiParameter.HEADER,
    description="Names this wish: a retry with the same key and body gets the first answer for 24 hours.",
)
MEDIA = {"json": "application/json", "form": "multipart/form-data", "problem": problems.CONTENT_TYPE}


def parameter(
    name: str,
    description: str,
    schema: Mapping[str, Any] | None = None,
    where: Literal["query", "header"] = "query",
) -> OpenApiParameter:
    return OpenApiParameter(name, dict(schema or {"type": "string"}), where, description=description)


def described(
    operation: str,
    summary: str,
    answers: Answers,
    *,
    tag: str,
    problems: Sequence[str] = (),
    body: type[BaseModel] | dict[str, Any] | None = None,
    form: Mapping[str, Any] | None = None,
    parameters: Sequence[OpenApiParameter] = (),
    other: Mapping[tuple[int, str], OpenApiResponse] | None = None,
) -> Callable[[View], View]:
    """For a method of a view. `problems`: codes of its own, beside those that any such call can answer with. `form`:
    the schema of a body of multipart/form-data, where that is taken as well as JSON."""
    is_open = tag == "Models"
    is_post = operation.startswith(POSTS)
    codes = [*problems, *OF_ANY_CALL, *(() if is_open else OF_ANY_KEY), *(OF_ANY_POST if is_post else ())]
    if operation.startswith("delete"):
        codes.append("csrf_failed")
    if operation.startswith("update"):
        codes.extend(OF_ANY_CHANGE)
    found: dict[Any, Any] = {
        (status, MEDIA["json"]) if shape else status: _success(shape) for status, shape in answers.items()
    }
    schema = extend_schema(
        operation_id=operation,
        summary=summary,
        tags=[tag],
        request={MEDIA["json"]: body} | ({MEDIA["form"]: dict(form)} if form else {}) if body is not None else None,
        responses=found | dict(other or {}) | _refusals(codes),
        parameters=[*parameters, *((IDEMPOTENCY,) if is_post else ())],
        examples=[
            OpenApiExample(name, value=value, request_only=True, media_type=MEDIA["json"])
            for name, value in (examples.REQUESTS | examples.MORE_REQUESTS).get(operation, {}).items()
        ],
        auth=[{}, {"key": []}] if is_open else [{"key": []}],  # type: ignore[list-item]
    )
    return schema


def _success(shape: type[BaseModel] | None) -> OpenApiResponse:
    if shape is None:
        return OpenApiResponse(description="Done; the answer has no body.")
    told = [OpenApiExample(shape.__name__, value=examples.of(shape))]
    return OpenApiResponse(shape, description=(shape.__doc__ or "").strip(), examples=told)


def _refusals(codes: Sequence[str]) -> dict[tuple[int, str], OpenApiResponse]:
    by_status: dict[int, list[str]] = {}
    for code in sorted(set(codes), key=list(problems.KINDS).index):
        by_status.setdefault(problems.KINDS[code].status, []).append(code)
    return {
        (status, MEDIA["problem"]): OpenApiResponse(
            shapes.ProblemDetails,
            description=" ".join(f"`{code}`: {problems.KINDS[code].title}" for code in told),
            examples=[OpenApiExample(code, value=examples.problem(code)) for code in told],
        )
        for status, told in sorted(by_status.items())
    }
