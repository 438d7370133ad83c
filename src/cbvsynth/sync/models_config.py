"""models.config: what TensorFlow Serving is told to load, as the text that it reads.

The text is written without TensorFlow; tests/sync/test_models_config.py reads it with TensorFlow
Serving's own parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cbvsynth.errors import UsageError

MODELS_CONFIG_FILE = "models.config"
_HEADER = "# Written by `cbvsynth serving sync` from the model registry. Changes are overwritten.\n"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


@dataclass(frozen=True)
class ModelsConfig:
    """One model, the versions to load and the labels to answer to.

    base_path: absolute path, as the server sees it, of the folder that holds a folder per version.
    labels: label -> version; each version must be among those to load.

    Raises:
        UsageError: a label points at a version that is not loaded, or the path is not absolute.
    """

    name: str
    base_path: str
    versions: tuple[int, ...]
    labels: Mapping[str, int]

    def __post_init__(self) -> None:
        if not self.base_path.startswith("/"):
            raise UsageError(
                f"The server's path of '{self.name}' is '{self.base_path}'; expected an absolute one, which "
                "is all that TensorFlow Serving takes. Correct --served_path."
            )
        stray = {label: number for label, number in self.labels.items() if number not in self.versions}
        if stray:
            raise UsageError(
                f"The labels {stray} of '{self.name}' point at versions that are not loaded; expected some "
                f"of {self.versions}. Sync again."
            )

    def to_text(self) -> str:
        """The text proto; the same content gives the same bytes. Without versions no model is listed.

        The version policy is always `specific`: under `latest`, going back would be impossible while the
        newer folder is there.
        """
        if not self.versions:
            return f"{_HEADER}model_config_list {{\n}}\n"
        versions = "".join(f"        versions: {number}\n" for number in sorted(self.versions))
        labels = "".join(
            f"    version_labels {{\n      key: {_quoted(label)}\n      value: {number}\n    }}\n"
            for label, number in sorted(self.labels.items())
        )
        return (
            f"{_HEADER}model_config_list {{\n"
            "  config {\n"
            f"    name: {_quoted(self.name)}\n"
            f"    base_path: {_quoted(self.base_path)}\n"
            '    model_platform: "tensorflow"\n'
            f"    model_version_policy {{\n      specific {{\n{versions}      }}\n    }}\n"
            f"{labels}"
            "  }\n"
            "}\n"
        )


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(sign, sign) for sign in text) + '"'
