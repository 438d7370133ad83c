"""Flags of tensorflow_model_server that this server takes without obeying, or refuses, each with the reason.

Source: tensorflow_model_server --help, 2.20; tests/server/test_foreign_flags.py holds the 48 names.
"""

from __future__ import annotations

_ONLY_SAVED_MODELS = "only SavedModels are served, by TensorFlow's own executor"
_BATCHING = (
    "batching pads volumes of other requests to one shape, which changes the statistics of instance "
    "normalisation and so the map"
)
_ARITHMETIC = "the served arithmetic is the exported one; golden answers would not hold"

REFUSED = {
    "enable_batching": _BATCHING,
    "batching_parameters_file": "there is no batching: it would change the map",
    "enable_per_model_batching_parameters": "there is no batching: it would change the map",
    "platform_config_file": _ONLY_SAVED_MODELS,
    "prefer_tflite_model": "only SavedModels are served; a converted model may answer otherwise",
    "mixed_precision": _ARITHMETIC,
    "xla_cpu_compilation_enabled": _ARITHMETIC,
    "xla_gpu_compilation_enabled": _ARITHMETIC,
    "tensorflow_session_config_file": "its optimiser may change the map; threads have flags of their own",
    "use_alts_credentials": "ALTS exists inside Google's cloud only; use --ssl_config_file",
    "thread_pool_factory_config_file": "thread pools are TensorFlow's own; flags give their sizes",
}
"""Flags that are an error here, with the reason."""

_LOADING = "models are loaded one after the other, beside the requests"

WITHOUT_EFFECT = {
    "num_load_threads": _LOADING,
    "num_unload_threads": "a version is freed by the last request that uses it",
    "max_num_load_retries": "a version that cannot be loaded is tried again when its files change",
    "load_retry_interval_micros": "a version that cannot be loaded is tried again when its files change",
    "flush_filesystem_caches": "the operating system decides what it keeps",
    "remove_unused_fields_from_bundle_metagraph": "only the signatures are kept",
    "per_process_gpu_memory_fraction": "TensorFlow takes memory of a GPU as it needs it",
    "num_tflite_pools": "there is no TensorFlow Lite",
    "num_tflite_interpreters_per_pool": "there is no TensorFlow Lite",
    "enable_profiler": "there is no profiler service; see the traces instead",
    "skip_initialize_tpu": "there is no TPU",
}
"""Flags that are accepted here and change nothing, with the reason."""
