"""The plan of a run, as a Kubeflow task: patterns in, model ids out."""

from __future__ import annotations

from collections.abc import Sequence

from cbvsynth.domain.sequences import select_models
from cbvsynth.domain.wording import counted
from cbvsynth.kubeflow.tasks.artifacts import show_text


def run_task(models: Sequence[str], plan_path: str) -> list[str]:
    """Ids of the models that the patterns name, each once, in the paper's order.

    Raises:
        UsageError: no pattern, or one that fits no model.
    """
    from cbvsynth.pages.tables.formats import markdown_table
    from cbvsynth.pages.tables.paper import paper_table2

    chosen = select_models(models)
    paper = paper_table2()
    rows = [
        (model.slug, model.label, f"{paper[model].mean_pct:.2f} ± {paper[model].sd_pct:.2f}")
        for model in chosen
    ]
    table = markdown_table(("model", "algorithm and sequences", "the paper's SSIM, %"), rows, left=2)
    show_text(plan_path, f"# {counted(len(rows), 'model')} to train\n\n{table}\n")
    print(f"{counted(len(rows), 'model')}: {', '.join(model.slug for model in chosen)}")
    return [model.slug for model in chosen]
