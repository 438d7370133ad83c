"""The command line: `cbvsynth WORD ...`, every word with its function, on the top floor of the house.

Only the module of the requested command is imported, and what is heavy it imports when it runs: a
shell that waits for `--help` or for a mistyped flag waits for the parser alone.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union

import tyro

from cbvsynth.entrypoint import run_function
from cbvsynth.errors import UsageError

ABOUT = """Quantitative cerebral blood volume maps from standard brain-tumour MRI.

For research only; not a medical device."""


@dataclass(frozen=True)
class Command:
    """What one word runs, and its line in the list."""

    place: str
    """Module in `cbvsynth.commands` and the function in it, as in `sweep.quick`."""
    line: str

    @property
    def run(self) -> Callable[..., object]:
        """The function; its module is imported now."""
        module, _, function = self.place.partition(".")
        if module == "cli":
            return completion
        found: Callable[..., object] = getattr(
            importlib.import_module(f"cbvsynth.commands.{module}"), function
        )
        return found


@dataclass(frozen=True)
class Group:
    """Commands that share their first word."""

    line: str
    commands: Mapping[str, Command]
    usual: str = ""
    """Word of the command that is meant where only flags follow the first word; empty where none is."""


def completion(shell: tyro.conf.Positional[Literal["bash", "zsh", "fish"]]) -> None:
    """Print the script that makes a shell complete words and flags.

    bash: source <(cbvsynth completion bash)

    zsh: cbvsynth completion zsh > ~/.zfunc/_cbvsynth, where ~/.zfunc is in $fpath

    fish: cbvsynth completion fish | source

    Args:
        shell: Which shell.
    """
    run_function(_choice(COMMANDS, None), ["--tyro-write-completion", shell, "-"], "cbvsynth", ABOUT)


COMMANDS: dict[str, Command | Group] = {
    "phantom": Command("phantom.phantom", "Fill an empty folder with a digital phantom study"),
    "manifest": Command("manifest.manifest", "List the examinations of a study"),
    "study": Group(
        "Which study this checkout works on",
        {
            "use": Command("study.use", "A study of your own; nothing is copied, moved or deleted"),
            "back": Command("study.back", "What was there before; again, and it is your study"),
        },
    ),
    "plan": Command("plan.plan", "What a run will learn from, be judged on and cost, before it starts"),
    "validate": Command("steps.validate", "Step 1: check every examination"),
    "limits": Group(
        "Limits of the checks of validate",
        {"suggest": Command("limits.suggest", "Propose a laboratory's own from its good examinations")},
    ),
    "preprocess": Command("steps.preprocess", "Step 2: one grid, brain mask, units, split"),
    "train": Command("steps.train", "Step 3: train, export and score one model"),
    "evaluate": Command("steps.evaluate", "Step 4: rank the models, give the verdict"),
    "promote": Command("steps.promote", "Step 5: make the registry obey the verdict"),
    "sweep": Group(
        "Which models a run trains, and how far it has come",
        {
            "list": Command("sweep.show", "The 62 models, with the paper's SSIM"),
            "quick": Command("sweep.quick", "Choose 4 models that show the whole path"),
            "paper": Command("sweep.paper", "Choose all 62 models of the paper"),
            "folds": Command("sweep.folds", "Every patient held out once: does the same model win?"),
            "status": Command("sweep.status", "Which models are done, running, failed; what each cost"),
        },
    ),
    "tour": Command("tour.tour", "What a finished run has left, and where to look next"),
    "leaderboard": Command("leaderboard.leaderboard", "Models from best to worst"),
    "verdict": Command("verdict.verdict", "What the gate decided and why; --check recomputes it"),
    "score": Command("score.score", "Score a registered version on a study from elsewhere"),
    "cohort": Command("cohort.cohort", "Table 1: age, sex, diagnosis, by exclusion and by split"),
    "synthesise": Command("synthesise.synthesise", "Make the maps that reports and reader study show"),
    "report": Command("report.report", "A finished run as pages: costs, lesions, every examination"),
    "clinical": Group(
        "Do readers decide better with synthetic CBV?",
        {
            "analyse": Command("clinical.analyse", "The paper's tables from a table of reads"),
            "prognosis": Command("prognosis.prognosis", "Does CBV tell how long patients live?"),
            "simulate": Command("clinical.simulate", "The same on phantom patients and simulated readers"),
        },
    ),
    "reader-study": Group(
        "Blinded reading of real and synthetic maps",
        {
            "make": Command("reader_study.make", "Pages on which readers score the maps"),
            "analyse": Command("reader_study.analyse", "What the readers' scores say"),
        },
    ),
    "pipeline": Group(
        "The same steps on Kubeflow Pipelines",
        {
            "compile": Command("pipeline.compile_", "Compile the pipeline to one YAML file"),
            "run-local": Command("pipeline.run_local", "Run the compiled pipeline on this machine"),
            "submit": Command("pipeline.submit", "Start a run on a Kubeflow host"),
            "schedule": Command("pipeline.schedule", "Have a Kubeflow host start runs at set times"),
            "status": Command("pipeline.status", "How far a run on a Kubeflow host has come"),
        },
    ),
    "predict": Command("predict.predict", "Make a synthetic CBV map, of one examination or of a study"),
    "page": Command("page.page", "The page: drop an examination, look at its map, measure it"),
    "node": Group(
        "The DICOM node: studies in, maps out, beside a PACS",
        {
            "run": Command("node.run", "Receive, make and send; what `cbvsynth node` alone means"),
            "status": Command("node.status", "What came, what was sent, and why there is no map of what"),
        },
        usual="run",
    ),
    "rescue": Command("rescue.rescue", "Maps where metal or failure spoilt the measured CBV"),
    "registry": Group(
        "Registered versions and who is champion",
        {
            "list": Command("registry.show", "Versions, champion, best by available sequences"),
            "rollback": Command("registry.rollback", "Go back to an earlier champion"),
            "canary": Command("registry.canary", "Try a version beside the champion"),
        },
    ),
    "serving": Group(
        "From the registry to a prediction server; the server itself is cbvsynth-server",
        {
            "sync": Command("serving.sync", "Follow the registry: the folder that a server reads"),
            "demo": Command("serving.demo", "Serve what a run has promoted, and ask for one map"),
            "skew": Command("serving.skew", "Is what is served what was scored, for every model?"),
        },
    ),
    "k8s": Group(
        "Kubernetes manifests",
        {"check": Command("k8s.check", "Hold an overlay to schemas and to this project's rules")},
    ),
    "completion": Command("cli.completion", "What makes bash, zsh or fish complete words and flags"),
}
"""Word of a command -> what it runs; groups have two words."""


def all_commands() -> dict[str, Command]:
    """Every command by all of its words, as in `registry list`."""
    found: dict[str, Command] = {}
    for word, command in COMMANDS.items():
        if isinstance(command, Group):
            found |= {f"{word} {second}": inner for second, inner in command.commands.items()}
        else:
            found[word] = command
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 done, 1 data, 2 usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["version"]):
        from cbvsynth import __version__

        print(f"cbvsynth {__version__}")
        return 0
    if words in ([], ["help"]):
        words = ["--help"]
    elif isinstance(group := COMMANDS.get(words[0]), Group):
        words = _with_second_word(words, group)
    unknown = _unknown_word(words)
    if unknown:
        print(f"error: {unknown}", file=sys.stderr)
        return UsageError.exit_code
    for count in (1, 2):
        command = all_commands().get(" ".join(words[:count]))
        if command is not None:
            return run_function(command.run, words[count:], " ".join(["cbvsynth", *words[:count]]))
    return run_function(_choice(COMMANDS, words), words, "cbvsynth", ABOUT)


def _with_second_word(words: list[str], group: Group) -> list[str]:
    """A group's word alone asks for help, or means its usual command, which flags may follow."""
    if group.usual and (len(words) == 1 or (words[1].startswith("-") and words[1] not in ("-h", "--help"))):
        return [words[0], group.usual, *words[1:]]
    return [*words, "--help"] if len(words) == 1 else words


def _unknown_word(words: Sequence[str]) -> str:
    """What to say of a word that is no command, and which one may be meant; empty where it is one."""
    known: Mapping[str, Command | Group] = COMMANDS
    for number, word in enumerate(words[:2]):
        if word.startswith("-"):
            return ""
        if word not in known:
            return _not_a_command(" ".join(["cbvsynth", *words[:number]]), word, known)
        chosen = known[word]
        if isinstance(chosen, Command):
            return ""
        known = chosen.commands
    return ""


def _not_a_command(before: str, word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=2)
    meant = f"; did you mean {' or '.join(near)}?" if near else f"; expected one of {', '.join(known)}."
    return f"'{word}' is not a command of {before}{meant} `{before} --help` says what each does."


def _choice(commands: Mapping[str, Command | Group], words: Collection[str] | None) -> Any:  # noqa: ANN401  a type
    """The type whose members are the commands.

    Args:
        commands: By word.
        words: Words of the command line. Only a group named there lists its commands; None: all do, and each
            command has its flags.
    """
    members = [
        Annotated[
            Any,
            tyro.conf.subcommand(
                name=word,
                description=command.line,
                constructor=_constructor(command, words if words is None or word in words else ()),
            ),
        ]
        for word, command in commands.items()
    ]
    # tyro makes subcommands of a union, which has at least two members. It asks of each whether a default
    # would fit, and imports a type checker for that, half of the start; everything fits the first.
    return Union[(Annotated[object, tyro.conf.Suppress], *members)]


def _constructor(command: Command | Group, words: Collection[str] | None) -> Any:  # noqa: ANN401  a type
    if words is not None and not words:
        return _not_requested
    return command.run if isinstance(command, Command) else _choice(command.commands, words)


def _not_requested() -> None:
    """Hold the place of a command that the command line does not name."""


if __name__ == "__main__":
    sys.exit(main())
