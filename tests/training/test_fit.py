"""A run: what it returns, what makes it go on, start afresh, start again or give up."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.domain.options import Switch, UpdateRule
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import TrainingError
from cbvsynth.records.ledger import RunStatus, read_state
from cbvsynth.training import fit as fit_module
from cbvsynth.training.checkpoints import CHECKPOINT_FILE, EpochRecord, read_progress
from cbvsynth.training.data import TrainingExample
from cbvsynth.training.fit import epoch_order
from cbvsynth.training.journal import Journal
from tests.training.toy_study import ENCDEC, FCGAN, FLOW, QUICK, ToyStudy, same_weights, train

pytestmark = pytest.mark.tensorflow


def test_a_fitted_model_says_how_it_came_about(tmp_path: Path) -> None:
    model = train(tmp_path, epochs=6)
    assert [record.epoch for record in model.history] == [1, 2, 3, 4, 5, 6]
    assert model.history[-1].losses["mae"] < model.history[0].losses["mae"]
    assert (model.steps, model.restarts, model.seed_used, model.resumed_from) == (30, 0, 11, 0)
    assert model.parameters == model.generator.count_params()
    assert model.seconds == pytest.approx(sum(record.seconds for record in model.history))


def test_a_gan_records_each_of_its_losses(tmp_path: Path) -> None:
    model = train(tmp_path, FCGAN, epochs=1)
    assert list(model.history[0].losses) == ["mae", "adversarial", "feature", "discriminator"]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    first = train(tmp_path / "first", FCGAN, epochs=2)
    again = train(tmp_path / "again", FCGAN, epochs=2)
    other = train(tmp_path / "other", FCGAN, epochs=2, seed=12)
    assert same_weights(first, again)
    assert not same_weights(first, other)


@pytest.mark.parametrize("model_id", [FCGAN, FLOW], ids=str)
def test_more_epochs_go_on_to_the_same_weights_as_one_long_run(tmp_path: Path, model_id: ModelId) -> None:
    whole = train(tmp_path / "whole", model_id, epochs=5)
    train(tmp_path / "parts", model_id, epochs=2)
    continued = train(tmp_path / "parts", model_id, epochs=5)
    assert continued.resumed_from == 2
    assert same_weights(whole, continued)
    assert [record.losses for record in whole.history] == [record.losses for record in continued.history]


def test_a_run_that_cools_down_is_told_by_its_epochs_and_starts_afresh_with_others(tmp_path: Path) -> None:
    """Going on from a rate that had fallen to 0 would be another training than one long run."""
    cooled = train(tmp_path / "parts", epochs=2, cooldown=0.5)
    longer = train(tmp_path / "parts", epochs=3, cooldown=0.5)
    assert (cooled.resumed_from, longer.resumed_from) == (0, 0)
    assert same_weights(longer, train(tmp_path / "whole", epochs=3, cooldown=0.5))
    assert not same_weights(longer, train(tmp_path / "plain", epochs=3))


def test_a_finished_run_is_returned_without_training(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    trained = train(tmp_path)
    before = (tmp_path / ENCDEC.slug / CHECKPOINT_FILE).stat().st_mtime_ns
    returned = train(tmp_path)
    assert same_weights(trained, returned)
    assert (returned.resumed_from, returned.seconds) == (4, trained.seconds)
    assert (tmp_path / ENCDEC.slug / CHECKPOINT_FILE).stat().st_mtime_ns == before
    assert "already trained for 4 epochs" in "".join(capsys.readouterr())


def test_another_number_of_steps_exports_a_trained_flow_again_without_a_training_step(tmp_path: Path) -> None:
    train(tmp_path, FLOW, epochs=1, flow_steps=4)
    again = train(tmp_path, FLOW, epochs=1, flow_steps=2)
    assert again.resumed_from == 1
    assert again.generator.sampling.steps == 2


def test_a_gan_weight_does_not_retrain_an_encoder_decoder_but_does_a_gan(tmp_path: Path) -> None:
    gan_settings = {"adversarial_weight": 0.5, "feature_weight": 2.0, "update": UpdateRule.ALTERNATING}
    for model_id, resumed_from in ((ENCDEC, 1), (FCGAN, 0)):
        train(tmp_path, model_id, epochs=1)
        assert train(tmp_path, model_id, epochs=1, **gan_settings).resumed_from == resumed_from


@pytest.mark.parametrize(
    "change",
    [{"learning_rate": 0.002}, {"seed": 12}, {"data_fingerprint": "more data"}, {"cbv_max": 20.0}],
    ids=lambda change: next(iter(change)),
)
def test_other_data_or_settings_start_from_the_beginning_and_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture, change: dict[str, object]
) -> None:
    train(tmp_path, epochs=1)
    capsys.readouterr()
    afresh = train(tmp_path, epochs=1, **change)
    assert afresh.resumed_from == 0
    assert "data or settings differ" in "".join(capsys.readouterr())
    assert read_progress(tmp_path / ENCDEC.slug).history == afresh.history


def test_fewer_epochs_than_stored_start_from_the_beginning(tmp_path: Path) -> None:
    train(tmp_path, epochs=3)
    model = train(tmp_path, epochs=2)
    assert (model.resumed_from, len(model.history)) == (0, 2)


def test_as_many_epochs_as_a_stopped_run_has_and_a_part_of_the_next_start_from_the_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Weights of the third epoch and a half were exported as those of three."""
    loads = 0

    class Stopped(ToyStudy):
        def load(self, index: int) -> TrainingExample:
            nonlocal loads
            loads += 1
            if loads == 23:
                signal.raise_signal(signal.SIGINT)
            return super().load(index)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, data=Stopped(), epochs=6, checkpoint_every=1)
    stored = read_progress(tmp_path / ENCDEC.slug)
    assert stored is not None
    assert stored.partial is not None
    model = train(tmp_path, epochs=stored.epoch)
    assert "and a part of the next" in "".join(capsys.readouterr())
    assert same_weights(model, train(tmp_path / "plain", epochs=stored.epoch))


def test_what_a_longer_run_has_not_looked_at_is_looked_at_before_it_is_given_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of 100 epochs that was stopped before its first look was taken as trained, its maps constant."""
    train_epoch = fit_module._train_epoch

    def dead_and_stopped(run: fit_module._Run, journal: Journal) -> EpochRecord:
        if run.progress.epoch == 4:
            raise KeyboardInterrupt
        kill_output(run)
        return train_epoch(run, journal)

    monkeypatch.setattr(fit_module, "_train_epoch", dead_and_stopped)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, epochs=100, checkpoint_every=1)
    monkeypatch.setattr(fit_module, "_train_epoch", train_epoch)
    with pytest.raises(TrainingError, match=r"collapsed in epoch 4: its maps are constant"):
        train(tmp_path, epochs=4, max_restarts=0)


def test_the_ledger_says_done(tmp_path: Path) -> None:
    model = train(tmp_path)
    state = read_state(tmp_path / ENCDEC.slug)
    assert state is not None
    assert (state.model, state.status, state.epoch, state.epochs) == (ENCDEC.slug, RunStatus.DONE, 4, 4)
    assert state.seconds == pytest.approx(model.seconds, abs=1e-3)
    assert state.fingerprint == read_progress(tmp_path / ENCDEC.slug).fingerprint


def test_losses_that_are_not_finite_restart_with_the_next_seed_until_none_is_left(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"seed 13 collapsed in epoch 1: its loss is not finite.*--max_"):
        train(tmp_path, data=ToyStudy(value=float("nan")), max_restarts=2)
    state = read_state(tmp_path / ENCDEC.slug)
    assert state is not None
    assert (state.status, state.restarts) == (RunStatus.FAILED, 2)
    assert "seed 13 collapsed" in state.message


def kill_output(run: fit_module._Run) -> None:
    """Make the generator's ReLU dead for good, as bad luck does."""
    run.networks.variables["generator/last_bias"].assign([-100.0])


def test_a_dead_map_restarts_with_the_next_seed_and_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    train_epoch = fit_module._train_epoch

    def with_bad_luck(run: fit_module._Run, journal: Journal) -> EpochRecord:
        if run.progress.seed == QUICK.seed:
            kill_output(run)
        return train_epoch(run, journal)

    monkeypatch.setattr(fit_module, "_train_epoch", with_bad_luck)
    model = train(tmp_path / "unlucky")
    assert (model.restarts, model.seed_used, len(model.history)) == (1, 12, 4)
    assert "collapsed in epoch 3 (its maps are constant)" in "".join(capsys.readouterr())
    assert same_weights(model, train(tmp_path / "lucky", seed=12))
    assert model.seconds > sum(record.seconds for record in model.history)


def test_a_run_killed_after_a_restart_goes_on_with_the_new_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_epoch = fit_module._train_epoch

    def dying(run: fit_module._Run, journal: Journal) -> EpochRecord:
        if run.progress.seed != QUICK.seed:
            raise KeyboardInterrupt
        kill_output(run)
        return train_epoch(run, journal)

    monkeypatch.setattr(fit_module, "_train_epoch", dying)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    monkeypatch.setattr(fit_module, "_train_epoch", train_epoch)
    model = train(tmp_path)
    assert (model.restarts, model.seed_used, model.resumed_from) == (1, 12, 0)


def test_no_examinations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no training examination has all of T1"):
        train(tmp_path, data=ToyStudy(count=0))


@dataclass(frozen=True)
class GreedyStudy(ToyStudy):
    """The third examination asks TensorFlow for 64 TB."""

    def load(self, index: int) -> TrainingExample:
        if index == 2:
            tf.zeros([1 << 44])
        return super().load(index)


def test_what_tensorflow_refuses_is_noted_with_what_the_run_had_reached(tmp_path: Path) -> None:
    with pytest.raises(tf.errors.ResourceExhaustedError):
        train(tmp_path, data=GreedyStudy())
    state = read_state(tmp_path / ENCDEC.slug)
    assert state is not None
    assert state.status is RunStatus.FAILED
    assert "OOM" in state.message


def test_tensorboard_curves_are_written_only_when_asked_for(tmp_path: Path) -> None:
    train(tmp_path / "off", epochs=2)
    model = train(tmp_path / "on", epochs=2, tensorboard=Switch.ON)
    assert not list(tmp_path.glob("off/**/events.out.tfevents*"))
    (file,) = tmp_path.glob("on/**/events.out.tfevents*")
    curve = {
        event.step: float(tf.make_ndarray(value.tensor))
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
        if value.tag == "loss/mae"
    }
    assert curve == pytest.approx({record.epoch: record.losses["mae"] for record in model.history})


def test_every_epoch_has_its_own_order_that_the_seed_decides() -> None:
    orders = [epoch_order(2023, epoch, 40) for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(40)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert epoch_order(2023, 2, 40) == orders[1]
    assert epoch_order(2024, 2, 40) != orders[1]


def test_examinations_of_different_sizes_are_trained_on_together(tmp_path: Path) -> None:
    class Mixed(ToyStudy):
        def load(self, index: int) -> TrainingExample:
            example = super().load(index)
            end = 16 - index
            return TrainingExample(
                example.inputs[:end], example.target[:end], np.ascontiguousarray(example.foreground[:end])
            )

    assert train(tmp_path, data=Mixed(), epochs=1).steps == 5
