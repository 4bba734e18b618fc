"""Civitai's official JavaScript client against the site as it runs: nothing is changed but the address and the key."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from generations import lifecycle
from generations.models import Generation, Image, Status
from tests.conftest import draw_everything, wallet_of
from tests.generations.pages import picture
from tests.partners.dialects import node
from tests.partners.dialects.civilian import workflow
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

Drawing = Callable[[Callable[[], Any]], Any]
DECLINED = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}

# Plain Node does not find the package's own files, which name each other without their endings, as for a bundler.
FOUND = """
import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(`export async function resolve(name, context, next) {
  if (!name.startsWith(".") || name.endsWith(".js")) return next(name, context);
  try { return await next(name + ".js", context); } catch { return next(name + "/index.js", context); }
}`));
const api = await import("@civitai/client");
const at = (auth) => api.createCivitaiClient({ baseUrl: process.env.SITE, auth });
const client = at(process.env.KREA_API_KEY);
const workflow = (input, around = {}) => ({
  ...around,
  steps: [{
    $type: "imageGen",
    input: { engine: "fal", model: "krea2", operation: "createImage", prompt: "a fox", ...input },
  }],
});
const told = {};
"""


@pytest.fixture
def javascript(public: str, key: Any) -> Callable[..., Any]:
    """What a script with Civitai's client tells, as JSON."""
    folder = node.package("@civitai/client", "0.2.0-beta.86")

    def run(script: str, **env: str) -> Any:
        whole = f"{FOUND}{script}\nconsole.log(JSON.stringify(told));"
        return json.loads(node.run(folder, whole, SITE=public, KREA_API_KEY=key.secret, **env))

    return run


EVERYTHING = """
const whatif = await api.submitWorkflow({ client, query: { whatif: true, wait: 60 }, body: workflow({ quantity: 2 }) });
told.whatif = [whatif.data.cost.total, whatif.response.headers.get("x-civitai-cost-total"), whatif.data.id];

const around = { tags: ["shop", "fox"], metadata: { order: "4711" }, externalId: "order-4711" };
const submitted = await api.submitWorkflow({ client, query: { wait: 0 }, body: workflow({ size: "large" }, around) });
const path = { workflowId: submitted.data.id };
told.submitted = [submitted.response.status, submitted.data.status];
const done = await api.getWorkflow({ client, path, query: { wait: 60 } });
told.done = [done.response.status, done.data.status, done.data.transactions.list[0].amount];
const step = await api.getWorkflowStep({ client, path: { ...path, stepName: "$0" } });
told.step = [step.data.name, step.data.status];

await api.updateWorkflow({ client, path, body: { metadata: { order: "4712" } } });
await api.patchWorkflow({ client, path, body: [{ op: "add", path: "/tags/-", value: "third" }] });
await api.addWorkflowTag({ client, path, body: JSON.stringify("my tag"), bodySerializer: null });
await api.removeWorkflowTag({ client, path: { ...path, tag: "fox" } });
const query = { take: 10, tags: ["shop", "my tag"], query: "4712", ascending: true, excludeFailed: true };
const listed = await api.queryWorkflows({ client, query });
told.listed = listed.data.items.map((each) => [each.id === path.workflowId, each.tags, each.metadata]);
told.none = (await api.queryWorkflows({ client, query: { tags: ["fox"] } })).data.items.length;

const [image] = done.data.steps[0].output.images;
const blob = { client, path: { blobId: image.id } };
const head = await api.headBlob(blob);
const bytes = await api.getBlob({ ...blob, parseAs: "blob" });
const fresh = await api.refreshBlob(blob);
const plain = await (await fetch(fresh.data.url)).arrayBuffer();
told.blob = [head.response.status, bytes.data.type, bytes.data.size === plain.byteLength, fresh.data.available];

const file = new Blob([await (await import("node:fs/promises")).readFile(process.env.PICTURE)], { type: "image/png" });
const raw = { body: file, bodySerializer: null, headers: { "Content-Type": file.type } };
const uploaded = await api.uploadConsumerBlob({ client, ...raw });
const { data: presigned } = await api.getConsumerBlobUploadUrl({ client });
const anonymous = await (await fetch(presigned.uploadUrl, { method: "POST", body: file })).json();
const styled = workflow({ imageStyleReferences: [{ imageUrl: uploaded.data.url }] });
const { data: withStyle } = await api.submitWorkflow({ client, query: { wait: 60 }, body: styled });
told.uploaded = [uploaded.response.status, anonymous.id === uploaded.data.id, withStyle.cost.total, withStyle.status];

const { data: output } = await api.invokeImageGenStepTemplate({ client, body: styled.steps[0].input });
told.recipe = output.images.map((each) => each.available);

told.deleted = (await api.deleteWorkflow({ client, path })).response.status;
told.gone = (await api.getWorkflow({ client, path })).error;
"""


def test_it_does_everything_that_it_can_do(
    javascript: Callable[..., Any], drawing: Drawing, tmp_path: Any, acme: Any
) -> None:
    file = tmp_path / "style.png"
    file.write_bytes(picture().read())

    told = drawing(lambda: javascript(EVERYTHING, PICTURE=str(file)))

    assert told == {
        "whatif": [78, "78", None],
        "submitted": [202, "unassigned"],
        "done": [200, "succeeded", 78],
        "step": ["0", "succeeded"],
        "listed": [[True, ["shop", "third", "my tag"], {"order": "4712"}]],
        "none": 0,
        "blob": [204, "image/png", True, True],
        "uploaded": [201, True, 45.5, "succeeded"],
        "recipe": [True],
        "deleted": 204,
        "gone": {"status": 404, "detail": "Not Found"},
    }
    assert wallet_of(acme) == (1000_00 - 78_00 - 45_50 - 45_50, 0)


ERRORS = """
const wrong = { size: "Large", prompt: "", imageStyleReferences: [{ imageUrl: "https://a.example/a", strength: 3 }] };
const refused = await api.submitWorkflow({ client, body: workflow(wrong) });
told.wrong = [refused.error.status, Object.keys(refused.error.errors).sort(), refused.error.detail];
const dear = await api.submitWorkflow({ client, body: workflow({ size: "large", quantity: 10 }) });
const dearer = await api.submitWorkflow({ client, body: workflow({ size: "large", quantity: 10 }) });
told.poor = [dear.response.status, dearer.error.status];
told.nobody = (await api.getWorkflow({ client: at("krea_wrong"), path: { workflowId: "x" } })).error;
"""


def test_it_reads_every_kind_of_error(javascript: Callable[..., Any]) -> None:
    told = javascript(ERRORS)

    input = "steps[0].input"
    fields = [f"{input}.imageStyleReferences[0].strength", f"{input}.prompt", f"{input}.size", "messages"]
    assert told["wrong"][:2] == [400, sorted(fields)]
    assert "size must be one of: medium, large" in told["wrong"][2]
    assert told["poor"] == [202, 403]
    assert told["nobody"] == {"status": 401, "detail": "Unauthorized"}


POLLED = """
const poll = async (workflowId) => {
  for (;;) {
    const { data, error } = await api.getWorkflow({ client, path: { workflowId } });
    if (error) return [error.status, error.detail];
    if (["succeeded", "failed", "expired", "canceled"].includes(data.status)) {
      const [{ output, jobs }] = data.steps;
      return [data.status, jobs.map((job) => job.reason ?? null), output.errors];
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
};
told.ends = await Promise.all(JSON.parse(process.env.IDS).map(poll));
"""


def test_whoever_polls_comes_to_an_end_with_an_error_that_is_understood(
    javascript: Callable[..., Any], http: Any, standin: StandIn
) -> None:
    def order(prompt: str = "a fox", quantity: int = 1) -> str:
        body = workflow(prompt=prompt, quantity=quantity)
        return str(http.post("/v2/consumer/workflows", json=body).json()["id"])

    def image(id: str) -> Image:
        return Image.objects.filter(generation__pk=id).order_by("index")[0]

    def end_them() -> None:
        lifecycle.cancel(Generation.objects.get(pk=canceled))
        lifecycle.cancel_image(image(partial))
        lifecycle.delete(Generation.objects.get(pk=deleted))
        for id, code in ((failed, "fal_error"), (late, "timed_out")):
            lifecycle.finish(image(id), Status.FAILED, error_code=code, error_message="It did not work. Try again.")
        while Generation.objects.filter(outcome=None).exists():
            draw_everything()

    standin.control(fail={"status": 422, "prompt": "forbidden", "body": DECLINED})
    ids = [order("a forbidden fox"), order(), order(), order(), order(quantity=2), order()]
    blocked, canceled, failed, late, partial, deleted = ids
    with ThreadPoolExecutor(max_workers=1) as aside:
        telling = aside.submit(javascript, POLLED, IDS=json.dumps(ids))
        end_them()
        ends = dict(zip(ids, telling.result()["ends"], strict=True))

    assert ends[blocked][:2] == ["failed", ["blocked"]] and "content check" in ends[blocked][2][0]
    assert ends[canceled] == ["canceled", ["canceled"], ["This image was canceled. You were not charged."]]
    assert ends[failed] == ["failed", [None], ["It did not work. Try again."]]
    assert ends[late] == ["expired", ["timeout"], ["It did not work. Try again."]]
    assert ends[partial] == ["succeeded", ["canceled", None], ["This image was canceled. You were not charged."]]
    assert ends[deleted] == [404, "Not Found"]
