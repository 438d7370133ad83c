"""The brain in the image of a head, where nobody gives a mask: found, measured, shown, or refused.

Reading order: `choice` (which mask an examination gets), `extract` (one brain), `deepbet` (how it is found by
default: `linknet` is its network, `weights` are read from a wheel), `command` (a program of the lab's own),
`robex` (one that an extra brings), `picture`. What a brain's mask looks like is in `domain.mask_shape`.
"""

from cbvsynth.extraction.choice import ChosenBrain, choose_brain
from cbvsynth.extraction.extract import DEFAULT_BRAIN, BrainSettings, can_extract, extract_brain

__all__ = ["DEFAULT_BRAIN", "BrainSettings", "ChosenBrain", "can_extract", "choose_brain", "extract_brain"]
