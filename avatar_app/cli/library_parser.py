"""The options of the commands around models and avatars that are kept."""

from __future__ import annotations

from pathlib import Path

from avatar_app.cli import library_commands
from avatar_app.cli.options import Tree, add_command, centre_square_option
from avatar_app.settings import install


def add_library_commands(tree: Tree) -> None:
    """Add `models` and `avatars`."""
    _models(tree)
    _avatars(tree)


def _models(tree: Tree) -> None:
    group = add_command(tree, "models", "list, look at, fetch and import models")
    models = group.add_subparsers(metavar="COMMAND", title="commands")
    add_command(
        models, "list", "list the known models and where they are", library_commands.models_list
    )
    info = add_command(models, "info", "say what a model is", library_commands.models_info)
    info.add_argument("name", metavar="NAME", help="a known model or a .safetensors file")
    fetch = add_command(
        models,
        "fetch",
        "download a known model and check it",
        library_commands.models_fetch,
        description="Download a known model and check it. vgg19 and lpips, which training and "
        "measuring look\nthrough, are fetched in the same way, and face-alignment, a second "
        "landmark finder for the\nreports of inspect; for that run first:\n"
        f"{install('face-alignment')}.",
        examples="  avatar-app models fetch vox-adv\n  avatar-app models fetch lpips",
    )
    fetch.add_argument("name", metavar="NAME", help="a name that `models list` shows")
    import_ = add_command(
        models,
        "import",
        "turn a published checkpoint into a model of this app",
        library_commands.models_import,
        "Read FILE as untrusted input, keep what animating needs, and write it as safetensors. The "
        "model is\nnamed as FILE without .pth or .pth.tar; one that has the name is not replaced.",
        "  avatar-app models import vox-adv-cpk.pth.tar",
    )
    import_.add_argument("file", metavar="FILE", type=Path, help="a .pth or .pth.tar file")
    quantize = add_command(
        models,
        "quantize",
        "make the form of a model that is fastest on a CPU",
        library_commands.models_quantize,
        "Write 8-bit networks beside a model. The ranges of numbers are taken from the clips of a\n"
        "folder, or else from the avatars and the demo clip on board.",
        "  avatar-app models quantize vox-adv --clips my-clips",
    )
    quantize.add_argument("name", metavar="NAME|FILE", help="a known model or a .safetensors file")
    quantize.add_argument("--clips", metavar="DIR", type=Path, help="a folder of videos of faces")


def _avatars(tree: Tree) -> None:
    group = add_command(tree, "avatars", "list avatars, add your own, and remove them")
    avatars = group.add_subparsers(metavar="COMMAND", title="commands")
    add_command(avatars, "list", "list the avatars by name", library_commands.avatars_list)
    add = add_command(
        avatars,
        "add",
        "make an avatar of a photo",
        library_commands.avatars_add,
        examples="  avatar-app avatars add me.jpg",
    )
    add.add_argument("file", metavar="FILE", type=Path, help="a photo with one face")
    centre_square_option(add)
    remove = add_command(
        avatars,
        "remove",
        "remove an avatar that you added",
        library_commands.avatars_remove,
        "Remove an avatar that you added, at once and for good; the file that it was made of stays "
        "where it\nis. Those that come with the app cannot be removed.",
        "  avatar-app avatars remove me",
    )
    remove.add_argument("name", metavar="NAME", help="a name that `avatars list` shows")
