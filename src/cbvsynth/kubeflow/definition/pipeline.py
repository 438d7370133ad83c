"""The pipeline: check a study, prepare it, train and score every model, judge, promote.

Its parameters are the fields of the steps' dataclasses (src/cbvsynth/config.py), which also give the
defaults; src/cbvsynth/kubeflow/runs/parameters.py says which is which where two steps share a word.
"""

from typing import List

from kfp import dsl

from cbvsynth.config import EvaluateConfig, PreprocessConfig, TrainConfig, ValidateConfig
from cbvsynth.kubeflow.definition.faces.evaluate import evaluate
from cbvsynth.kubeflow.definition.faces.plan import plan
from cbvsynth.kubeflow.definition.faces.preprocess import preprocess
from cbvsynth.kubeflow.definition.faces.promote import promote
from cbvsynth.kubeflow.definition.faces.train import train
from cbvsynth.kubeflow.definition.faces.validate import validate
from cbvsynth.kubeflow.definition.placement import (
    lets_read_study,
    lets_use_registry,
    place_light,
    place_train,
)
from cbvsynth.kubeflow.definition.profiles import Profile

NAME = "cbv-synthesis"
BASELINES = [word.value for word in EvaluateConfig.required_baselines]
TITLE = "Synthetic CBV: check, train, judge, promote"


def cbv_synthesis(profile: Profile) -> dsl.base_component.BaseComponent:
    """The pipeline for one place to run, ready to be compiled."""

    @dsl.pipeline(
        name=NAME,
        display_name=TITLE,
        pipeline_config=dsl.PipelineConfig(ttl_seconds_after_finished=profile.keep_finished_s),
    )
    def pipeline(
        data: str = profile.data.mount if profile.data else "data",
        limits: str = "limits.yaml",
        workspace: str = profile.workspace.mount if profile.workspace else "artifacts/kubeflow",
        models: List[str] = ["all"],  # noqa: B006  Kubeflow copies it
        keep_going: str = "off",
        layout: str = ValidateConfig.layout.value,
        max_dropped_share: float = ValidateConfig.max_dropped_share,
        check_workers: int = ValidateConfig.workers,
        prepare_workers: int = PreprocessConfig.workers,
        split_by: str = PreprocessConfig.split_by.value,
        held_out_share: float = PreprocessConfig.held_out_share,
        split_seed: int = PreprocessConfig.seed,
        epochs: int = TrainConfig.epochs,
        learning_rate: float = TrainConfig.learning_rate,
        seed: int = TrainConfig.seed,
        base_channels: int = TrainConfig.base_channels,
        residual_blocks: int = TrainConfig.residual_blocks,
        decoder: str = TrainConfig.decoder.value,
        end_kernel: str = TrainConfig.end_kernel.value,
        skip_connections: str = TrainConfig.skip_connections.value,
        output_activation: str = TrainConfig.output_activation.value,
        adversarial_weight: float = TrainConfig.adversarial_weight,
        feature_weight: float = TrainConfig.feature_weight,
        update: str = TrainConfig.update.value,
        cbv_max: float = TrainConfig.cbv_max,
        precision: str = TrainConfig.precision.value,
        checkpoint_every: int = TrainConfig.checkpoint_every,
        max_restarts: int = TrainConfig.max_restarts,
        example_count: int = TrainConfig.example_count,
        tensorboard: str = TrainConfig.tensorboard.value,
        registered_name: str = EvaluateConfig.registered_name,
        select_by: str = EvaluateConfig.select_by,
        required_baselines: List[str] = BASELINES,
        min_examinations: int = EvaluateConfig.min_examinations,
        max_lesion_bias: float = EvaluateConfig.max_lesion_bias,
        margin: float = EvaluateConfig.margin,
        alpha: float = EvaluateConfig.alpha,
        bootstrap_samples: int = EvaluateConfig.bootstrap_samples,
        bootstrap_seed: int = EvaluateConfig.seed,
    ) -> None:
        """Turn a study of brain-tumour MRI into a registered model that synthesises CBV maps.

        The study is checked and prepared, every model is trained and scored on the same held-out
        examinations, and a gate decides whether the best one replaces the present champion. Finished work
        is recognised: the same run started again does only what is missing. For research only; not a
        medical device.

        Args:
            data: Folder of the study, in one of the known layouts or with a manifest.csv.
            limits: File with the limits of the data checks; the image brings limits.yaml.
            workspace: Folder that all tasks share; arrays, checkpoints and results are kept there.
            models: Models to train, as a list of ids or globs; ["all"] is the paper's 62, ["encdec-*"] half.
            keep_going: on: a model that cannot be trained is reported and left out. off: it ends the run.
            layout: How the study's files are arranged: auto, bids, upenn-gbm, ucsd-ptgbm, ...
            max_dropped_share: Largest share (0 to 1) of examinations that the checks may drop.
            check_workers: Examinations that are checked at the same time.
            prepare_workers: Examinations that are prepared at the same time.
            split_by: What is held out: patient (no leak), or examination (as the paper).
            held_out_share: Share (0 to 1) held out to score models; the paper's 0.3.
            split_seed: Seed of the split; the same patients are held out for the same seed.
            epochs: Passes over the training examinations; the paper's 500.
            learning_rate: Step size of Adam; the paper's 0.001.
            seed: Seed of the weights and of the order of examinations.
            base_channels: Channels of the first layer; the paper's 16.
            residual_blocks: Residual blocks of the generator; the paper's 6.
            decoder: How the generator returns to full resolution: deconvolution or upsample.
            end_kernel: In-plane kernel of the first and last layer, voxels: 3x3 or 7x7.
            skip_connections: Encoder features handed to the decoder: none or unet.
            output_activation: What follows the last convolution: relu or linear.
            adversarial_weight: Weight of the adversarial loss, for fcgan models.
            feature_weight: Weight of the feature-consistency loss, for fcgan models.
            update: Whether both networks of an fcgan learn from one forward pass (shared) or alternating.
            cbv_max: CBV that the network sees as 1, and SSIM's dynamic range; mL/100 g.
            precision: Arithmetic of a training step: float32 or mixed_bfloat16.
            checkpoint_every: Epochs between checkpoints; a stopped training goes on from the last one.
            max_restarts: Fresh starts with the next seed when a training collapses to a constant map.
            example_count: Held-out examinations whose maps are kept for pictures.
            tensorboard: Write TensorBoard curves beside the checkpoints: on or off.
            registered_name: Name of the registered model in MLflow.
            select_by: Score that ranks the models; ssim_3d_whole is the paper's convention.
            required_baselines: Trivial maps that the candidate must beat, as a list.
            min_examinations: Fewest held-out examinations that a verdict may rest on.
            max_lesion_bias: Largest mean error of lesion CBV, either sign; mL/100 g.
            margin: By how much mean SSIM (0 to 1) must exceed the champion's.
            alpha: Significance level of the paired test against the champion.
            bootstrap_samples: Resamples for confidence intervals, drawn by patient.
            bootstrap_seed: Seed of the resampling.
        """
        planned = plan(models=models)
        place_light(planned, profile, "List the models")

        checked = validate(
            data=data,
            limits=limits,
            workspace=workspace,
            layout=layout,
            max_dropped_share=max_dropped_share,
            workers=check_workers,
        )
        place_light(checked, profile, "Check the data")
        lets_read_study(checked, profile)

        prepared = preprocess(
            data=data,
            workspace=workspace,
            study=checked.outputs["Output"],
            layout=layout,
            split_by=split_by,
            held_out_share=held_out_share,
            seed=split_seed,
            workers=prepare_workers,
        )
        place_light(prepared, profile, "Prepare and split")
        lets_read_study(prepared, profile)

        with dsl.ParallelFor(
            name="every-model", items=planned.outputs["Output"], parallelism=profile.parallel_trainings
        ) as model:
            trained = train(
                workspace=workspace,
                model=model,
                keep_going=keep_going,
                epochs=epochs,
                learning_rate=learning_rate,
                seed=seed,
                base_channels=base_channels,
                residual_blocks=residual_blocks,
                decoder=decoder,
                end_kernel=end_kernel,
                skip_connections=skip_connections,
                output_activation=output_activation,
                adversarial_weight=adversarial_weight,
                feature_weight=feature_weight,
                update=update,
                cbv_max=cbv_max,
                precision=precision,
                checkpoint_every=checkpoint_every,
                max_restarts=max_restarts,
                example_count=example_count,
                tensorboard=tensorboard,
                examinations=prepared.outputs["examinations"],
            )
            place_train(trained, profile, "Train and score")

        judged = evaluate(
            workspace=workspace,
            results=dsl.Collected(trained.outputs["Output"]),
            registered_name=registered_name,
            select_by=select_by,
            required_baselines=required_baselines,
            min_examinations=min_examinations,
            max_lesion_bias=max_lesion_bias,
            margin=margin,
            alpha=alpha,
            bootstrap_samples=bootstrap_samples,
            seed=bootstrap_seed,
        )
        place_light(judged, profile, "Rank and judge")
        lets_use_registry(judged, profile)

        # Promote obeys any verdict; a refusal is recorded and moves no champion.
        with dsl.If(judged.outputs["Output"] == True, name="gate-open"):  # noqa: E712  Kubeflow's comparison
            crowned = promote(
                workspace=workspace,
                registered_name=registered_name,
                evaluation=judged.outputs["evaluation"],
            )
            place_light(crowned, profile, "Promote the champion")
            lets_use_registry(crowned, profile)
        with dsl.Else(name="gate-closed"):
            refused = promote(
                workspace=workspace,
                registered_name=registered_name,
                evaluation=judged.outputs["evaluation"],
            )
            place_light(refused, profile, "Record the refusal")
            lets_use_registry(refused, profile)

    return pipeline
