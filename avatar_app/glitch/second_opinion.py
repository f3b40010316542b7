"""A second opinion on where a face's points are, by face-alignment, where the user has fetched it.

dlib's points slip on some faces, those with thick glasses above all, and then a whole face looks
broken. face-alignment's network (Bulat and Tzimiropoulos, ICCV 2017) takes too long on a CPU for
every picture: it looks at single ones, and the measures stay with dlib's points.
"""

from __future__ import annotations

import importlib.util
import pickle
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np

from avatar_app.files import whole, write_errors
from avatar_app.glitch.signals.movement import eye_distance
from avatar_app.settings import cache_dir, install
from avatar_app.types import AvatarAppError, Floats, Image

NAME = "face-alignment"
NETWORK = "2DFAN4-11f355bf06.pth.tar"
"""The file of the network, as its authors publish it."""

SUMMARY = "a second landmark finder, for the reports of inspect"
LICENCE = "BSD 3-clause (the package); its authors publish the network with it"

SLIPPED = 0.12
"""Eye distances apart, from which on one of two finders has lost the face."""

_PACKAGE = "face_alignment"
# What torch and pickle say of another file.
_UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    TypeError,
    AttributeError,
    KeyError,
    pickle.UnpicklingError,
)
_MEGABYTES = 96  # 24 million weights of four bytes
_FOREHEAD = 0.3  # of the landmarks' height: a face's box reaches beyond the brows


def network_path() -> Path:
    """Return where the network is kept, whether or not it is there yet."""
    return cache_dir() / "landmarks" / NETWORK


def where() -> str:
    """Say in words where the network is, or which command brings it."""
    path = network_path()
    return str(path) if path.is_file() else f"models fetch {NAME} ({_MEGABYTES} MB)"


def fetch_network() -> Path:
    """Download the network unless it is there; return its path.

    Raises AvatarAppError where the package is not installed or the file cannot be had.
    """
    api, target = _api(), network_path()
    if target.is_file():
        return target
    url = api.models_urls["2DFAN-4"]
    try:
        api.load_file_from_url(url, model_dir=str(target.parent), file_name=NETWORK)
    except (OSError, RuntimeError) as error:
        raise AvatarAppError(
            f"{url} cannot be had ({error}); try again later, or get the file elsewhere and run: "
            "avatar-app models import FILE"
        ) from error
    return target


def import_network(file: Path) -> Path:
    """Keep the network that was downloaded elsewhere; return its path.

    Raises AvatarAppError where it is not that network, or cannot be kept.
    """
    SecondOpinion(file)
    target = network_path()
    with whole(target) as part, write_errors(target):
        shutil.copyfile(file, part)
    return target


def second_opinion() -> SecondOpinion | None:
    """Load the second finder where package and network are there, else give None."""
    path = network_path()
    if not path.is_file() or importlib.util.find_spec(_PACKAGE) is None:
        return None
    return SecondOpinion(path)


class SecondOpinion:
    """Finds landmarks by face-alignment. Raises AvatarAppError for another `network` file."""

    def __init__(self, network: Path) -> None:
        api = _api()
        # The package would download what it misses; here it takes this file or nothing.
        setattr(api, "load_file_from_url", lambda *_, **__: str(network))  # noqa: B010
        try:
            self._finder = api.FaceAlignment(
                api.LandmarksType.TWO_D, device="cpu", face_detector="folder", compile=False
            )
        except _UNREADABLE as error:
            raise AvatarAppError(
                f"{network} is not face-alignment's network {NETWORK}; delete it and run: "
                f"avatar-app models fetch {NAME}"
            ) from error

    def landmarks(self, image: Image, near: Floats) -> Floats:
        """Return the landmarks (68, 2) in pixels of the face around other landmarks `near` it."""
        left, top = near.min(axis=0)
        right, bottom = near.max(axis=0)
        box = np.array([left, top - _FOREHEAD * (bottom - top), right, bottom], np.float64)
        [found] = self._finder.get_landmarks_from_image(image, detected_faces=[box])
        return np.asarray(found[:, :2], np.float32)

    def apart(self, image: Image, landmarks: Floats) -> float:
        """Return how far it sees the points (68, 2) elsewhere: root mean square, eye distances."""
        off = np.square(self.landmarks(image, landmarks) - landmarks).sum(axis=1).mean()
        return float(np.sqrt(off)) / eye_distance(landmarks)


def _api() -> ModuleType:
    """Import the package; raises AvatarAppError where it is not installed."""
    try:
        from face_alignment import api
    except ImportError as error:
        raise AvatarAppError(
            f"The second landmark finder is not installed; run {install(NAME)}."
        ) from error
    found: ModuleType = api
    return found
