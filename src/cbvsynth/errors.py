"""Every error that cbvsynth raises on purpose.

CbvsynthError
├── UsageError          a flag, parameter or name is wrong                     exit code 2
├── InstallationError   a package that a command needs is not installed        exit code 1
├── PipelineError       a Kubeflow run, its host or its package                exit code 1
├── ServingError        the prediction server                                  exit code 1
│   ├── UnreachableError  no answer: it is not there, or not in time
│   ├── RefusedError      it answers with a refusal
│   └── ReplyError        it answers with what cannot be read
└── DataError           what was read is wrong                                 exit code 1
    ├── VolumeError     one image: header, shape, voxels, file
    │   └── ExtractionError  no brain that can be believed was found in it
    ├── GridError       images of one examination do not share a grid
    │   └── RegistrationError  where one lies in another cannot be found
    ├── UnitError       a quantity in another unit than stated
    ├── ManifestError   the list of examinations
    ├── QualityError    too many examinations failed their checks
    ├── TrainingError   a training run that gave no usable model
    ├── ModelError      an exported model: missing, damaged, not the one asked for
    ├── ResultError     a stored table or verdict
    ├── RegistryError   the model registry
    └── StorageError    the disk: full, read-only, not permitted

A message says what was found, what was expected and what to do, in this order. It never holds a
patient's name: images are called by examination and sequence.
"""


class CbvsynthError(Exception):
    """Base of all errors that are shown to people as one clear line, without a traceback."""

    exit_code = 1


class UsageError(CbvsynthError):
    """A flag, parameter or name that does not exist or does not fit."""

    exit_code = 2


class InstallationError(CbvsynthError):
    """A package that a command needs is not installed."""


class PipelineError(CbvsynthError):
    """A Kubeflow run failed, its host does not answer or refuses, or a package is not fit to run."""


class ServingError(CbvsynthError):
    """A prediction server did not give what was asked for.

    code: gRPC's word for what happened, as in UNAVAILABLE; empty where gRPC had no part in it.
    server_text: what the server said itself; empty where it said nothing.
    """

    def __init__(self, message: str, *, code: str = "", server_text: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.server_text = server_text


class UnreachableError(ServingError):
    """The server did not answer: it is not there, or not in time."""


class RefusedError(ServingError):
    """The server answered with a refusal."""


class ReplyError(ServingError):
    """The server answered with what cannot be read."""


class DataError(CbvsynthError):
    """What was read is not what the step can work with."""


class VolumeError(DataError):
    """One image is unreadable, hostile, or not a finite 3-D volume."""


class ExtractionError(VolumeError):
    """No brain that can be believed was found in the image of a head."""


class GridError(DataError):
    """Images of one examination do not lie on one grid."""


class RegistrationError(GridError):
    """Where one image of a head lies in another one cannot be found."""


class UnitError(DataError):
    """A quantity is not in the unit that was stated, or units are mixed."""


class ManifestError(DataError):
    """The list of examinations is missing, unreadable or contradicts itself."""


class QualityError(DataError):
    """More examinations failed their checks than the limit allows."""


class TrainingError(DataError):
    """Training ended without a usable model."""


class ModelError(DataError):
    """An exported model is missing, damaged or not the one that was asked for."""


class ResultError(DataError):
    """A stored table or verdict is missing, damaged or contradicts another one."""


class RegistryError(DataError):
    """The model registry cannot be reached or refuses."""


class StorageError(DataError):
    """The disk is full, read-only or not ours to write to."""
