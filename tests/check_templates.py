"""The shipped templates mean the same to another implementation of JSON-e.

Renders every template of templates/confluent-flink with the `json-e` package from PyPI, in the contexts under
tests/contexts, and compares with the documented examples: values and, since Python keeps it, key order. Then it goes
through the variants that the documents do not show: both outcomes, both kinds of principal, both envelopes.

    python3 tests/check_templates.py
"""

import copy
import itertools
import json
import pathlib
import sys

import jsone

ROOT = pathlib.Path(__file__).resolve().parent
TEMPLATES = ROOT.parent / "templates" / "confluent-flink"
ENVELOPE = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def expected(method, example):
    """The one liberty: the second item of ListStatements has its keys in the first one's order."""
    if method == "ListStatements":
        for item in example["data"]["result"]["data"]["data"]:
            spec = item["spec"]
            item["spec"] = {key: spec[key] for key in ("compute_pool_id", "name", "principal")}
    return example


def problems_of(method):
    template = load(TEMPLATES / f"{method}.json")
    context = load(ROOT / "contexts" / f"{method}.json")
    example = expected(method, load(ROOT / "examples" / f"{method}.json"))
    if json.dumps(jsone.render(template, context)) != json.dumps(example):
        yield "does not give its documented example"
    variants = itertools.product((True, False), (True, False), ("user", "service-account"))
    for success, as_documented, kind in variants:
        varied = copy.deepcopy(context)
        varied.update(success=success, as_documented=as_documented)
        varied["principal"]["kind"] = kind
        event = jsone.render(template, varied)
        where = f"with success={success}, as_documented={as_documented}, a {kind}"
        if not as_documented and not ENVELOPE <= set(event):
            yield f"lacks {sorted(ENVELOPE - set(event))} {where}"
        result = event["data"]["result"]
        if result["status"] != ("SUCCESS" if success else "FAILURE"):
            yield f"says {result['status']} {where}"
        if not success and list(result["data"]["errors"][0]) != ["status", "detail", "source", "id"]:
            yield f"has another form of failure {where}"
        if ("onfluentServiceAccount" in json.dumps(event).replace("_service_account", "ServiceAccount")) == (kind == "user"):
            yield f"names the wrong kind of principal {where}"


def main():
    methods = sorted(path.stem for path in (ROOT / "examples").glob("*.json"))
    found = [f"{method}: {problem}" for method in methods for problem in problems_of(method)]
    print("\n".join(found) or f"ok: {len(methods)} templates, 9 renderings each")
    return 1 if found or not methods else 0


if __name__ == "__main__":
    sys.exit(main())
