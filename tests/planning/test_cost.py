"""The formula of the cost counts what the networks hold, and grows as they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import FlowSolver, UpdateRule
from cbvsynth.domain.sequences import ModelId
from cbvsynth.planning.cost import CostFrom, ModelWork, cost_of, map_operations, step_operations

MODEL, GAN = ModelId.parse("encdec-t1-t1c-adc"), ModelId.parse("fcgan-t1-t1c-adc")
FLOW = ModelId.parse("flow-t1-t1c-adc")
TRAIN = TrainConfig(model="encdec-t1-t1c-adc", epochs=4)


def test_a_step_counts_the_convolutions_forward_and_twice_that_backward() -> None:
    """By hand, layer by layer, at 64x64x8 with three sequences: kernel 9, stride 2 in plane twice."""
    full, half, quarter = 64 * 64 * 8, 32 * 32 * 8, 16 * 16 * 8
    layers = [
        full * 3 * 16,
        half * 16 * 32,
        quarter * 32 * 64,
        *[quarter * 64 * 64] * 12,
        quarter * 64 * 32,
        half * 32 * 16,
        full * 16,
    ]
    assert step_operations(MODEL, TRAIN, full) == pytest.approx(3 * 2 * 9 * sum(layers))


def test_a_gan_costs_more_and_taking_turns_most() -> None:
    plain, shared, turns = (
        step_operations(model, replace(TRAIN, update=update), 1000)
        for model, update in (
            (MODEL, UpdateRule.SHARED),
            (GAN, UpdateRule.SHARED),
            (GAN, UpdateRule.ALTERNATING),
        )
    )
    assert plain < shared < turns


def test_a_flows_step_costs_one_channel_more_and_its_map_as_many_passes_as_it_takes() -> None:
    plain, flow = (step_operations(model, TRAIN, 1000) for model in (MODEL, FLOW))
    assert flow - plain == pytest.approx(3 * 2 * 1000 * 9 * 16)
    maps = [
        map_operations(FLOW, replace(TRAIN, flow_steps=steps, flow_solver=solver), 1000)
        for steps, solver in ((1, FlowSolver.EULER), (4, FlowSolver.EULER), (4, FlowSolver.HEUN))
    ]
    assert [number / maps[0] for number in maps] == [1, 4, 7]
    assert map_operations(MODEL, TRAIN, 1000) == pytest.approx(plain / 3)


def test_hours_are_processor_hours_over_processors_and_grow_with_the_work() -> None:
    work = ModelWork(MODEL, 50, 20, 64 * 64 * 8)
    one, more = (
        cost_of((work,), replace(TRAIN, epochs=epochs), 0, CostFrom.ESTIMATED) for epochs in (1, 5000)
    )
    assert more.processor_hours > 20 * one.processor_hours
    assert one.hours == pytest.approx(one.processor_hours / one.processors)
    assert one.by is CostFrom.ESTIMATED


@pytest.mark.tensorflow
@pytest.mark.parametrize("model", [MODEL, GAN, FLOW], ids=str)
def test_disk_is_what_the_networks_weigh(model: ModelId) -> None:
    """Weights twice (the export and DVC's copy), and once more with both moments in the checkpoint."""
    from cbvsynth.training.networks import build_networks

    networks = build_networks(model, TRAIN, 1)
    weights = sum(int(np.prod(weight.shape)) for weight in networks.generator.trainable_variables) * 4
    checkpoint = sum(array.nbytes for array in networks.arrays().values())
    cost = cost_of((ModelWork(model, 1, 1, 1000),), TRAIN, 500_000, CostFrom.ESTIMATED)
    assert cost.disk_bytes == pytest.approx(2 * (500_000 + weights + 400_000) + checkpoint, rel=0.02)


@pytest.mark.tensorflow
def test_the_measured_rate_is_that_of_the_network_itself() -> None:
    """Both ways see the same machine: they agree to a factor of four even while it is busy."""
    work = (ModelWork(MODEL, 50, 20, 32 * 32 * 8),)
    train = replace(TRAIN, epochs=1000)
    estimated, measured = (cost_of(work, train, 0, by).processor_hours for by in CostFrom)
    assert 0.25 < measured / estimated < 8  # a small volume keeps the processor less busy than a large one
