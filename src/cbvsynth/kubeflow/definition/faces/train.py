"""The train step, for Kubeflow Pipelines."""

from typing import Dict

from kfp import dsl

from cbvsynth.kubeflow.definition.image import TRAIN_IMAGE


@dsl.component(base_image=TRAIN_IMAGE, install_kfp_package=False)
def train(
    workspace: str,
    model: str,
    keep_going: str,
    epochs: int,
    learning_rate: float,
    seed: int,
    base_channels: int,
    residual_blocks: int,
    decoder: str,
    end_kernel: str,
    skip_connections: str,
    output_activation: str,
    adversarial_weight: float,
    feature_weight: float,
    update: str,
    cbv_max: float,
    precision: str,
    checkpoint_every: int,
    max_restarts: int,
    example_count: int,
    tensorboard: str,
    examinations: dsl.Input[dsl.Dataset],
    scores: dsl.Output[dsl.Metrics],
    saved_model: dsl.Output[dsl.Model],
) -> Dict[str, str]:
    """Train one model, export it as a SavedModel and score the held-out examinations with it.

    Args:
        workspace: Folder that all tasks share.
        model: Which of the 62 models, as in encdec-t1-t1c-adc.
        keep_going: on, and a model that cannot be trained is reported and left out; off, and it ends the run.
        epochs: Passes over the training examinations.
        learning_rate: Adam's learning rate.
        seed: Seed of the weights and of the order of examinations.
        base_channels: Channels of the first layer.
        residual_blocks: Residual blocks of the generator.
        decoder: How the generator returns to full resolution.
        end_kernel: In-plane kernel of the generator's first and last layer.
        skip_connections: Encoder features handed to the decoder.
        output_activation: What follows the last convolution.
        adversarial_weight: Weight of the adversarial loss (fcgan only).
        feature_weight: Weight of the feature-consistency loss (fcgan only).
        update: Whether both networks learn from one forward pass or take turns (fcgan only).
        cbv_max: CBV that the network sees as 1, in the target's unit.
        precision: Arithmetic of a step.
        checkpoint_every: Epochs between checkpoints.
        max_restarts: Fresh starts with the next seed when a run collapses to a constant map.
        example_count: Held-out examinations whose synthetic maps are stored for pictures.
        tensorboard: Write TensorBoard curves beside the checkpoints.
        examinations: Where the arrays lie in the workspace.
        scores: Mean scores over the held-out examinations.
        saved_model: The exported model.

    Returns:
        What evaluate needs to know of the model.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.train import run_task

    return guarded(run_task, given, examinations.path, scores, saved_model.path)
