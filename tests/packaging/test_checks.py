"""What is checked before a commit, by hand and in continuous integration is one list of commands."""

from __future__ import annotations

import re

import yaml

from tests.packaging.environments import ROOT


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    return [line.strip() for line in found.splitlines()]


def test_the_hooks_run_what_make_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    assert [hook["entry"].removeprefix(".venv/bin/") for hook in hooks] == recipe("check")
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in hooks)


def test_continuous_integration_is_ci_run_and_nothing_of_its_own() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    commands = {
        name: [step["run"] for step in job["steps"] if "run" in step]
        for name, job in workflow["jobs"].items()
    }
    assert {name: typed[-1] for name, typed in commands.items()} == {
        "all": "bash .ci/run",
        "cluster": "make test-cluster",
    }
    preparation = ("git config ", "apt-get update")
    assert all(command.startswith(preparation) for typed in commands.values() for command in typed[:-1])
    made = re.findall(r"^make (\S+)", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    assert made == ["check", "site", "test"]
