"""Every error that Vigía raises on purpose.

VigiaError                 shown to the user as one line: what was expected, what came, what to do
├── SettingsError          the environment says something that cannot be used
├── ParamsError            params.yaml or cameras.yaml holds a wrong key or value
├── WorkspaceError         the folder is no workspace: no git repository, no params.yaml, no disk
├── DatasetError           pictures on disk that cannot become a dataset version
├── ImageError             bytes that are not a picture within the limits
├── VideoError             a file that is no video, or holds no frame
├── ModelError             a model or its class names that cannot be used
├── TrainingError          a stage or a training run that failed
├── RegistryError          the model registry is away, or does not know what was asked
├── GateError              a model version that may not serve, or not be deleted
├── MessageError           a message on a topic that is not a frame; becomes a dead letter
├── StoreError             the prediction store is away or too old
│   └── StoreVersionError  the store was written by a newer version of this program
├── FrameStoreError        the store of kept frames is away, or a picture of it gone or damaged
├── BrokerError            Kafka cannot be fetched, started or reached
├── CameraError            a camera source that cannot be read
└── StackError             the one-machine stack cannot start, stop or answer
"""


class VigiaError(Exception):
    """Base of all; its text is one line that a user can act on."""


class SettingsError(VigiaError): ...


class ParamsError(VigiaError): ...


class WorkspaceError(VigiaError): ...


class DatasetError(VigiaError): ...


class ImageError(VigiaError): ...


class VideoError(VigiaError): ...


class ModelError(VigiaError): ...


class TrainingError(VigiaError): ...


class RegistryError(VigiaError): ...


class GateError(VigiaError): ...


class MessageError(VigiaError): ...


class StoreError(VigiaError): ...


class StoreVersionError(StoreError): ...


class FrameStoreError(VigiaError): ...


class BrokerError(VigiaError): ...


class CameraError(VigiaError): ...


class StackError(VigiaError): ...
