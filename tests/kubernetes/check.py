"""What a schema cannot say about the manifests in deploy/kubernetes.

usage: check.py

Needs PyYAML. If `kubectl` is there, it builds the kustomization (which needs
no cluster), and the result is checked as well.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import manifests

PACKAGE = tomllib.loads((manifests.ROOT / "Cargo.toml").read_text())["package"]
A_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def shards(documents):
    """N stands in three places that have to agree, and all else is the same in each pod."""
    job = documents["Job"]
    completions = job["spec"]["completions"]
    if job["spec"]["parallelism"] != completions:
        yield f"parallelism {job['spec']['parallelism']} is not completions {completions}"
    if job["spec"]["completionMode"] != "Indexed":
        yield "pods have no index"
    pods = manifests.pods(job)
    given = [manifests.option(arguments, "shard") for arguments in pods]
    if given != [f"{index}/{completions}" for index in range(completions)]:
        yield f"the shards of {completions} pods are {given}"
    rest = {tuple(text for text in arguments if not text.startswith("--shard=")) for arguments in pods}
    if len(rest) != 1:
        yield f"pods are told different things: {rest}"


def run(documents):
    """One run whenever a pod starts: seed, time, end, scenario and version are fixed."""
    job, config_map = documents["Job"], documents["ConfigMap"]
    arguments = manifests.pods(job)[0]
    if not manifests.option(arguments, "seed").isdigit():
        yield "the seed is not a number"
    if not A_TIME.fullmatch(manifests.option(arguments, "from")):
        yield "`--from` is not a fixed time"
    if manifests.option(arguments, "key") != "instance":
        yield "records are not keyed by instance"
    for path in (arguments[1], manifests.option(arguments, "kafka-config")):
        if path not in manifests.mounts(job, config_map):
            yield f"{path} is not mounted"
    undelivered = manifests.option(arguments, "undelivered")
    if undelivered.rpartition("/")[0] not in manifests.writable(job):
        yield f"the list of undelivered events, {undelivered}, is in no folder that can be written"
    if config_map.get("immutable") is not True:
        yield "the scenario may change between two starts of a pod"
    tag = manifests.container(job)["image"].rpartition(":")[2]
    if tag != PACKAGE["version"]:
        yield f"the image is of version {tag}, this is {PACKAGE['version']}"


def secrets(documents):
    """A login comes from a Secret, through the environment, and there need not be one."""
    job, config_map = documents["Job"], documents["ConfigMap"]
    if manifests.container(job).get("envFrom") != [{"secretRef": {"name": "kafka", "optional": True}}]:
        yield "the environment is not that of the Secret"
    for path, text in manifests.mounts(job, config_map).items():
        for line in re.findall(r"password *=.*", text):
            if line != "password=${KAFKA_PASSWORD}":
                yield f"{path} has a password"
    if any("password" in text or text.startswith("-X") for text in manifests.container(job)["args"]):
        yield "an argument has a property that belongs into kafka.properties"


def retries(documents):
    """What the policies of the Job need, which the API server would refuse otherwise."""
    spec = documents["Job"]["spec"]
    if spec["template"]["spec"]["restartPolicy"] != "Never":
        yield "`backoffLimitPerIndex` and `podFailurePolicy` need `restartPolicy: Never`"
    names = {manifests.container(documents["Job"])["name"]}
    for rule in spec["podFailurePolicy"]["rules"]:
        if "onExitCodes" in rule and rule["onExitCodes"]["containerName"] not in names:
            yield f"a rule is about another container: {rule}"
    if spec["template"]["spec"]["terminationGracePeriodSeconds"] <= 30:
        yield "a pod is killed before its last events are acknowledged"


def restricted(documents):
    """Kubernetes' Pod Security Standard `restricted`, a read-only root, and resources."""
    spec = documents["Job"]["spec"]["template"]["spec"]
    only = manifests.container(documents["Job"])
    wanted = [
        (spec["securityContext"]["runAsNonRoot"], True),
        (spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault"),
        (only["securityContext"]["allowPrivilegeEscalation"], False),
        (only["securityContext"]["readOnlyRootFilesystem"], True),
        (only["securityContext"]["capabilities"], {"drop": ["ALL"]}),
        (spec["automountServiceAccountToken"], False),
        (only["resources"]["requests"]["memory"], only["resources"]["limits"]["memory"]),
    ]
    yield from (f"{found!r} where {value!r} is wanted" for found, value in wanted if found != value)
    if not spec["securityContext"]["runAsUser"]:
        yield "the user is root"


def kustomize(folder):
    built = subprocess.run(["kubectl", "kustomize", folder], check=True, capture_output=True, text=True)
    return manifests.read(built.stdout)


def with_shards(number):
    """What the kustomization builds if only `completions` is changed."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(manifests.FOLDER, folder, dirs_exist_ok=True)
        job = Path(folder, "job.yaml")
        text, changed = re.subn(r"completions: (&\w+) \d+", rf"completions: \1 {number}", job.read_text())
        if changed != 1:
            raise SystemExit("`completions` was not found")
        job.write_text(text)
        return kustomize(folder)


def without_registry(documents):
    only = manifests.container(documents["Job"])
    only["image"] = only["image"].rpartition("/")[2]
    return {kind: documents[kind] for kind in ("ConfigMap", "Job")}


def kustomization(written):
    """Building changes nothing but where the image is, and keeps the number of shards in one place."""
    if not shutil.which("kubectl"):
        print("    kubectl is not installed: the kustomization was not built")
        return
    if without_registry(kustomize(manifests.FOLDER)) != without_registry(written):
        yield "the kustomization builds something else than is written"
    for number in (1, 13):
        built = with_shards(number)
        if built["Job"]["spec"]["completions"] != number:
            yield f"the kustomization does not take {number} shards"
        yield from (f"of {number} shards: {problem}" for problem in shards(built))
    print("    the kustomization takes the number of shards from `completions`")


def main():
    written = manifests.as_written()
    rules = [shards, run, secrets, retries, restricted, kustomization]
    found = [problem for rule in rules for problem in rule(written)]
    for problem in found:
        print(f"    {problem}")
    print(f"    {len(manifests.pods(written['Job']))} pods: {' '.join(manifests.pods(written['Job'])[0])}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
