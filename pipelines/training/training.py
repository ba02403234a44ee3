"""Fitting a network to a classifier's prepared pictures, whichever part of it learns."""

from pathlib import Path

from pipelines.models import Network
from pipelines.training.batches import ChangedPictures
from pipelines.training.epochs import Epoch
from pipelines.training.faces import place_people
from pipelines.training.fitting import Held, OnEpoch, fit_learner
from pipelines.training.params import TrainPlan
from pipelines.training.pictures import load_pictures
from pipelines.training.tails import Bench, fit_from_cut


def fit_network(network: Network, prepared: Path, plan: TrainPlan, bench: Bench, on_epoch: OnEpoch) -> list[Epoch]:
    """Fit in place on the train split, watched on the validation split; the test split is not opened.

    Raises TrainingError when nothing is learned or memory is out, DatasetError for damaged shards, WorkspaceError on
    a full disk.
    """
    if network.cut is not None:
        return fit_from_cut(network, prepared, plan, bench, on_epoch)
    train = load_pictures(prepared, "train", network.preprocessing)
    validation = load_pictures(prepared, "validation", network.preprocessing)
    if plan.architecture == "face_embedding":
        return place_people(network.model, train, validation, on_epoch)
    held = Held(validation.images, validation.labels)
    return fit_learner(network.model, ChangedPictures(train, plan), held, plan, on_epoch, bench.checkpoint)
