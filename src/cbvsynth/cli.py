"""The command line for people: `cbvsynth WORD ...`.

A command's module is imported only when its word is typed, so that help appears at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from cbvsynth import __version__
from cbvsynth.entrypoint import run_function

COMMANDS: dict[str, tuple[str, str]] = {
    "phantom": ("cbvsynth.commands.phantom:phantom", "Fill an empty folder with a digital phantom study"),
    "manifest": ("cbvsynth.commands.manifest:manifest", "List the examinations of a study"),
    "sweep list": ("cbvsynth.commands.sweep:show", "The 62 models, with the paper's SSIM"),
    "sweep quick": ("cbvsynth.commands.sweep:quick", "Choose 16 models that show the whole path"),
    "sweep paper": ("cbvsynth.commands.sweep:paper", "Choose all 62 models of the paper"),
    "sweep status": (
        "cbvsynth.commands.sweep:status",
        "Which models are done, running, failed; what each cost",
    ),
    "tour": ("cbvsynth.commands.tour:tour", "What a finished run has left, and where to look next"),
    "leaderboard": ("cbvsynth.commands.leaderboard:leaderboard", "Models from best to worst"),
    "verdict": ("cbvsynth.commands.verdict:verdict", "What the gate decided and why; --check recomputes it"),
    "synthesise": (
        "cbvsynth.synthesis.command:synthesise",
        "Make the maps that the reports and the reader study show",
    ),
    "report": (
        "cbvsynth.commands.report:report",
        "A finished run as pages: costs, lesions, every examination",
    ),
    "clinical": ("cbvsynth.commands.clinical:clinical", "Do readers decide better with synthetic CBV?"),
    "clinical simulate": (
        "cbvsynth.synthesis.simulate:simulate",
        "The same tables on phantom patients and simulated readers",
    ),
    "reader-study make": (
        "cbvsynth.commands.reader_study:make",
        "Blinded pages on which readers score real and synthetic maps",
    ),
    "reader-study analyse": (
        "cbvsynth.commands.reader_study:analyse",
        "What the readers' scores say, and what they must discuss",
    ),
    "pipeline compile": ("pipelines.commands:compile_", "Compile the Kubeflow pipeline to one YAML file"),
    "pipeline run-local": ("pipelines.commands:run_local", "Run the compiled pipeline on this machine"),
    "pipeline submit": ("pipelines.commands:submit", "Start a run of the pipeline on a Kubeflow host"),
    "pipeline schedule": ("pipelines.commands:schedule", "Have a Kubeflow host start runs at set times"),
    "pipeline status": ("pipelines.commands:status", "How far a run on a Kubeflow host has come"),
    "predict": ("serving.predict:predict", "Make a synthetic CBV map, of one examination or of a study"),
    "registry list": (
        "cbvsynth.commands.registry:show",
        "Registered versions, champion, best by available sequences",
    ),
    "registry rollback": ("cbvsynth.commands.registry:rollback", "Go back to an earlier champion"),
    "registry canary": ("cbvsynth.commands.registry:canary", "Try a version beside the champion"),
}
"""Word or words of a command -> (module:function, one line of help)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 done, 1 data, 2 usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["version"]):
        print(f"cbvsynth {__version__}")
        return 0
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS and len(words) >= length:
            target, _ = COMMANDS[name]
            module, _, function = target.partition(":")
            return run_function(getattr(import_module(module), function), words[length:], f"cbvsynth {name}")
    asked_for_help = not words or words[0] in ("-h", "--help", "help")
    group = words[0] if words else ""
    known = {name: line for name, (_, line) in COMMANDS.items() if name.split()[0] == group}
    if known:
        asked_for_help = len(words) == 1 or words[1] in ("-h", "--help")
    print(_overview(known), file=sys.stdout if asked_for_help else sys.stderr)
    if not asked_for_help:
        print(f"error: '{' '.join(words[:2])}' is not a command of cbvsynth.", file=sys.stderr)
    return 0 if asked_for_help else 2


def _overview(chosen: dict[str, str]) -> str:
    lines = chosen or {name: line for name, (_, line) in COMMANDS.items()}
    width = max((len(name) for name in lines), default=0)
    rows = "\n".join(f"  {name:<{width}}  {line}" for name, line in lines.items())
    return (
        "usage: cbvsynth COMMAND [OPTIONS]\n\n"
        "Quantitative cerebral blood volume maps from standard brain-tumour MRI.\n"
        "For research only; not a medical device.\n\n"
        f"{rows}\n\n"
        "'cbvsynth COMMAND --help' explains a command. The five steps are programs of their own:\n"
        "  python -m components.{validate,preprocess,train,evaluate,promote} --help"
    )


if __name__ == "__main__":
    sys.exit(main())
