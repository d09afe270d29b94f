"""Does what can be done of the Dockerfile without an engine.

usage: check_dockerfile.py SCRATCH_FOLDER

Copies what the Dockerfile copies into the folder and runs its cargo command
there, as `check` of the development profile, so that dependencies need not be
built again: a file that the image lacks, a lock file that is out of date, or a
feature that does not exist fail here as they would there.
"""

import json
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import manifests

ROOT = manifests.ROOT
PACKAGE = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]


def instructions():
    """(instruction, words) in order; a command in JSON is the list of its words."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.partition(" ")
        if name:
            yield name, json.loads(rest) if rest.startswith("[") else shlex.split(rest)


def stages(parsed):
    """The instructions of each stage, the first of which is its FROM."""
    found = []
    for name, words in parsed:
        if name == "FROM":
            found.append([])
        found[-1].append((name, words))
    return found


def of(stage, wanted):
    return [words for name, words in stage if name == wanted]


def commands(stage):
    """The simple commands of the RUN instructions."""
    for words in of(stage, "RUN"):
        command = []
        for word in [*words, "&&"]:
            if word == "&&":
                yield command
                command = []
            elif not word.startswith("--mount="):
                command.append(word)


def from_context(stage):
    """(sources, target) of each COPY that takes files of the repository."""
    for words in of(stage, "COPY"):
        if not words[0].startswith("--from="):
            yield words[:-1], words[-1]


def version(text):
    return tuple(int(part) for part in text.split("."))


def images(build, final):
    """Base images are pinned, Rust is new enough, and both have one Debian."""
    (rust, debian) = of(build, "FROM")[0][0].removeprefix("rust:").split("-")
    if len(version(rust)) != 3 or version(rust) < version(PACKAGE["rust-version"]):
        yield f"Rust {rust} is not a version of at least {PACKAGE['rust-version']}"
    number = {"bookworm": "12", "trixie": "13"}[debian]
    if f"debian{number}" not in of(final, "FROM")[0][0]:
        yield f"built on {debian}, run on {of(final, 'FROM')[0][0]}"


def user(final):
    """The image's user is a number, not root, and the one that the Job asks for."""
    ((named,),) = of(final, "USER")
    context = manifests.as_written()["Job"]["spec"]["template"]["spec"]["securityContext"]
    if named != f"{context['runAsUser']}:{context['runAsGroup']}" or context["runAsUser"] == 0:
        yield f"the image's user is {named}"


def binary(build, final):
    """What cargo builds is what is copied, and what is started."""
    built = {f"target/dist/{name}" for name in targets("bin")}
    copied = {command[1]: command[2] for command in commands(build) if command[0] == "cp"}
    if copied.keys() != built:
        yield f"copied is {sorted(copied)}, built {sorted(built)}"
    taken = {words[1]: words[2] for words in of(final, "COPY") if words[0] == "--from=build"}
    if taken.keys() != set(copied.values()) or [[path] for path in taken.values()] != of(final, "ENTRYPOINT"):
        yield f"taken from the build is {taken}, started {of(final, 'ENTRYPOINT')}"


def targets(kind):
    """The names of what cargo builds of that kind."""
    command = ["cargo", "metadata", "--no-deps", "--format-version=1", "--locked"]
    described = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (package,) = json.loads(described.stdout)["packages"]
    return [target["name"] for target in package["targets"] if kind in target["kind"]]


def context(every_stage):
    """What is copied is sent to the builder, and nothing else."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    ignored = [line for line in ignored if line and not line.startswith("#")]
    sent = sorted(line.removeprefix("!") for line in ignored[1:])
    copied = sorted(source for stage in every_stage for sources, _ in from_context(stage) for source in sources)
    if ignored[0] != "*" or sent != copied:
        yield f".dockerignore lets {sent} through, copied is {copied}"


def build_command(build, scratch):
    """The cargo command with the files that the image has."""
    (command,) = [command for command in commands(build) if command[0] == "cargo"]
    if command[:3] != ["cargo", "build", "--locked"] or command[3:5] != ["--profile", "dist"]:
        yield f"`{' '.join(command)}` is not a locked build with the profile `dist`"
        return
    shutil.rmtree(scratch, ignore_errors=True)
    for sources, target in from_context(build):
        for source in sources:
            place = scratch / target / source if target.endswith("/") else scratch / target
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, place)
    command = ["cargo", "check", "--quiet", "--locked", *command[5:]]
    if subprocess.run(command, cwd=scratch, check=False).returncode != 0:
        yield f"`{' '.join(command)}` fails with the files that the image has"
    shutil.rmtree(scratch)


def main(scratch):
    every_stage = stages(instructions())
    build, final = every_stage
    found = [
        *images(build, final),
        *user(final),
        *binary(build, final),
        *context(every_stage),
        *build_command(build, Path(scratch)),
    ]
    for problem in found:
        print(f"    {problem}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1])
