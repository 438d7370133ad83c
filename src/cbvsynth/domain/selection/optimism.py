"""How much the best of many models flatters itself on the examinations that chose it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def selection_optimism(
    values: npt.NDArray[np.float64], patients: npt.NDArray[np.str_], samples: int, rng: np.random.Generator
) -> float:
    """Expected excess of the winner's mean over what it would have on new patients.

    Args:
        values: (models, examinations) float64, higher is better; models with a NaN are left out.
        patients: (examinations,) identifiers; whole patients are drawn.
        samples: number of bootstrap samples.
        rng: source of the resampling.

    Returns:
        Mean over bootstrap samples of the sample's winner's mean minus the same model's mean on all
        examinations, in the unit of `values`; 0 when fewer than two models are left.

    Source: the optimism bootstrap, Efron 1983, JASA 78:316-331, applied to choosing a model.
    """
    usable = values[~np.isnan(values).any(axis=1)]
    if len(usable) < 2:
        return 0.0
    _, group = np.unique(patients, return_inverse=True)
    count = int(group.max()) + 1
    sums = np.stack([np.bincount(group, weights=row, minlength=count) for row in usable], axis=1)
    sizes = np.bincount(group, minlength=count)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=samples)
    means = (drawn @ sums) / (drawn @ sizes)[:, None]
    winners = means.argmax(axis=1)
    return float(np.mean(means[np.arange(samples), winners] - usable.mean(axis=1)[winners]))
