"""The brain in the image of a head, where nobody gives a mask: found, measured, shown, or refused.

Reading order: `choice` (which mask an examination gets), `extract` (one brain), `command` (how its program
is run), `robex` (the one that the extra brings), `picture`. What a brain's mask looks like is in
`domain.mask_shape`.
"""

from cbvsynth.extraction.choice import ChosenBrain, choose_brain
from cbvsynth.extraction.extract import DEFAULT_BRAIN, BrainSettings, can_extract, extract_brain

__all__ = ["DEFAULT_BRAIN", "BrainSettings", "ChosenBrain", "can_extract", "choose_brain", "extract_brain"]
