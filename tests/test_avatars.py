"""Photos of every kind become avatars, and what cannot become one is named in a sentence."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, ImageCms
from PIL import Image as Pictures

from avatar_app import avatars, settings
from avatar_app.avatars import add_avatar, list_avatars, load_avatar, resolve_avatar
from avatar_app.framing import face_square
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.settings import bundled
from avatar_app.types import Avatar, AvatarAppError, Floats, Image

SAVERS: dict[str, Callable[[Pictures.Image, Path], None]] = {
    "grey.png": lambda picture, file: picture.convert("L").save(file),
    "alpha.png": lambda picture, file: picture.convert("RGBA").save(file),
    "grey_alpha.png": lambda picture, file: picture.convert("LA").save(file),
    "palette.png": lambda picture, file: picture.quantize(128).save(file),
    "palette.gif": lambda picture, file: picture.save(file),
    "cmyk.jpg": lambda picture, file: picture.convert("CMYK").save(file, quality=95),
    "deep.png": lambda picture, file: deep(picture, np.uint16).save(file),
    "deep.tif": lambda picture, file: deep(picture, np.uint16).save(file),
    "int.tif": lambda picture, file: deep(picture, np.int32).save(file),
    "float.tif": lambda picture, file: Pictures.fromarray(
        np.asarray(picture.convert("L"), np.float32) / 255
    ).save(file),
    "plain.webp": lambda picture, file: picture.save(file, quality=95),
    "plain.bmp": lambda picture, file: picture.save(file),
    # Pillow 12, the last for Python 3.10, cannot read what it writes uncompressed.
    "ycbcr.tif": lambda picture, file: picture.convert("YCbCr").save(file, compression="tiff_lzw"),
}


def deep(picture: Pictures.Image, kind: type[np.generic]) -> Pictures.Image:
    """Return a grey picture of 16 bits."""
    return Pictures.fromarray((np.asarray(picture.convert("L"), np.float64) * 257).astype(kind))


@pytest.fixture(scope="module")
def find() -> Callable[[Image], list[Floats]]:
    """Share one finder, as its models take a second to load."""
    return FaceFinder().in_photo


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's folder in the test's."""
    monkeypatch.setenv(settings.HOME_VARIABLE, str(tmp_path / "home"))


@pytest.fixture
def mateo() -> Pictures.Image:
    """Return a bundled portrait."""
    return Pictures.open(bundled("assets", "avatars", "mateo.png")).convert("RGB")


def nobody(image: Image) -> Sequence[Floats]:
    """Find no face anywhere."""
    return []


def sentence(path: Path, find: avatars.FindFaces = nobody) -> str:
    """Return what is said about a photo that cannot be an avatar."""
    with pytest.raises(AvatarAppError) as caught:
        load_avatar(path, 256, find)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def difference(one: Avatar, other: Avatar) -> float:
    """Return the mean absolute difference of two avatars' pictures in grey."""
    greys = [avatar.image.astype(float).mean(axis=2) for avatar in (one, other)]
    return float(np.abs(greys[0] - greys[1]).mean())


def test_bundled_portraits_are_avatars(find: avatars.FindFaces) -> None:
    """Each portrait that ships has one face, and its landmarks lie where training has them."""
    names = list_avatars()
    assert len(names) >= 9
    for name, file in names.items():
        avatar = load_avatar(file, 256, find)
        assert avatar.name == name
        assert avatar.landmarks is not None
        square = face_square(avatar.landmarks)
        assert 215 < square.size < 275, name
        assert abs(square.x - 128) < 15, name
        assert abs(square.y - 128) < 25, name


def test_every_portrait_has_its_licence_line() -> None:
    """No picture ships without a line about its origin."""
    lines = bundled("assets", "avatars", "LICENSES.md").read_text()
    for file in bundled("assets", "avatars").glob("*.png"):
        assert f"| {file.name} |" in lines


@pytest.mark.parametrize("name", SAVERS)
def test_every_mode_gives_the_same_avatar(
    tmp_path: Path, find: avatars.FindFaces, mateo: Pictures.Image, name: str
) -> None:
    """Greyscale, alpha, palette, 16 bits, CMYK and more end as the same picture."""
    mateo.save(tmp_path / "plain.png")
    SAVERS[name](mateo, tmp_path / name)
    plain, other = (load_avatar(tmp_path / file, 128, find) for file in ("plain.png", name))
    assert difference(plain, other) < 6


def test_transparent_background_becomes_white(tmp_path: Path, mateo: Pictures.Image) -> None:
    """What a cut-out portrait leaves open is filled, not black or garbage."""
    cut = mateo.convert("RGBA")
    cut.paste((0, 0, 0, 0), (0, 0, 512, 40))
    cut.save(tmp_path / "cut.png")
    avatar = load_avatar(tmp_path / "cut.png", 256, nobody, centre_square=True)
    assert (avatar.image[:15] == 255).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_are_those_that_the_photo_means(
    tmp_path: Path, mateo: Pictures.Image, mode: str
) -> None:
    """The numbers of a photo with a colour profile, as telephones write it, are read by it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # One by which the first number is blue, and the last red.
    swapped = profile.replace(b"rXYZ", b"tmp ").replace(b"bXYZ", b"rXYZ").replace(b"tmp ", b"bXYZ")
    photo = Pictures.fromarray(np.ascontiguousarray(np.asarray(mateo)[:, :, ::-1])).convert(mode)
    photo.save(tmp_path / "swapped.png", icc_profile=swapped)
    mateo.save(tmp_path / "plain.png")
    read, plain = (
        load_avatar(tmp_path / name, 128, nobody, centre_square=True)
        for name in ("swapped.png", "plain.png")
    )
    assert np.abs(read.image.astype(int) - plain.image).max() <= 2


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
@pytest.mark.parametrize("profile", ["damaged", "of another mode"])
def test_colour_profile_that_cannot_be_used_is_left_out(
    tmp_path: Path, mateo: Pictures.Image, mode: str, profile: str
) -> None:
    """Then the numbers are taken for what they are as a rule."""
    another = ImageCms.createProfile("LAB" if mode == "RGB" else "sRGB")
    whole = ImageCms.ImageCmsProfile(another).tobytes()
    photo = mateo.convert(mode)
    photo.save(tmp_path / "plain.tif")
    photo.save(tmp_path / "odd.tif", icc_profile=whole[:200] if profile == "damaged" else whole)
    odd, plain = (
        load_avatar(tmp_path / name, 128, nobody, centre_square=True)
        for name in ("odd.tif", "plain.tif")
    )
    np.testing.assert_array_equal(odd.image, plain.image)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_exif_orientation_is_undone(
    tmp_path: Path, mateo: Pictures.Image, orientation: int, extension: str
) -> None:
    """A photo stored lying down, as cameras do, becomes an upright avatar."""
    method = {
        2: Pictures.Transpose.FLIP_LEFT_RIGHT,
        3: Pictures.Transpose.ROTATE_180,
        4: Pictures.Transpose.FLIP_TOP_BOTTOM,
        5: Pictures.Transpose.TRANSPOSE,
        6: Pictures.Transpose.ROTATE_90,
        7: Pictures.Transpose.TRANSVERSE,
        8: Pictures.Transpose.ROTATE_270,
    }.get(orientation)
    stored = mateo if method is None else mateo.transpose(method)
    exif = Pictures.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"lying.{extension}", exif=exif)
    mateo.save(tmp_path / "upright.png")
    lying, upright = (
        load_avatar(tmp_path / name, 128, nobody, centre_square=True)
        for name in (f"lying.{extension}", "upright.png")
    )
    assert difference(lying, upright) < 3


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_large_scan_of_16_bits_is_taken(
    tmp_path: Path, find: avatars.FindFaces, mateo: Pictures.Image, byteorder: str
) -> None:
    """A portrait as scanners give it, grey in 16 bits, becomes an avatar like a small one."""
    scan = np.asarray(deep(mateo.resize((5000, 5000)), np.uint16))
    Pictures.fromarray(scan.astype(f"{byteorder}u2")).save(tmp_path / "scan.tif")
    mateo.convert("L").save(tmp_path / "small.png")
    large, small = (load_avatar(tmp_path / name, 128, find) for name in ("scan.tif", "small.png"))
    assert difference(large, small) < 3


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_huge_photo_is_taken(
    tmp_path: Path, find: avatars.FindFaces, mateo: Pictures.Image, extension: str
) -> None:
    """A photo of 12000 x 9000 pixels, face and all, becomes an avatar like a small one."""
    huge = Pictures.new("RGB", (12000, 9000), (90, 120, 150))
    huge.paste(mateo.resize((6000, 6000)), (3000, 1500))
    if extension == "png":
        huge = huge.convert("L")
    file = tmp_path / f"huge.{extension}"
    huge.save(file, compress_level=1)
    mateo.save(tmp_path / "small.png")
    large, small = (load_avatar(path, 128, find) for path in (file, tmp_path / "small.png"))
    assert difference(large, small) < 12


def test_absurdly_large_picture_is_refused(tmp_path: Path) -> None:
    """What would take gigabytes to decode is refused before it is decoded."""
    Pictures.new("1", (20000, 20000)).save(tmp_path / "bomb.png")
    assert "more pixels" in sentence(tmp_path / "bomb.png")


@pytest.mark.skipif(sys.platform == "win32", reason="there Ghostscript has another name")
def test_no_program_of_a_picture_is_run(
    tmp_path: Path, mateo: Pictures.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostScript is a program, which Pillow has Ghostscript run whatever the file is called."""
    (tmp_path / "gs").write_text("#!/bin/sh\ntouch $(dirname $0)/was_run\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # it is looked for once
    mateo.save(tmp_path / "photo.jpg", format="EPS")
    assert "is a picture of a kind (EPS)" in sentence(tmp_path / "photo.jpg")
    assert not (tmp_path / "was_run").exists()


def test_bad_files_are_named_in_one_sentence(tmp_path: Path, mateo: Pictures.Image) -> None:
    """Missing, folder, empty, text, cut off and tiny: each has its sentence."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture\n" * 50)
    mateo.save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:9000])
    mateo.save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:9000])
    Pictures.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    for name, words in [
        ("missing.png", "does not exist"),
        (".", "is a folder"),
        ("empty.png", "is empty"),
        ("text.png", "no picture that can be read"),
        ("cut.jpg", "is damaged"),
        ("cut.png", "is damaged"),
        ("dot.png", "only 1 x 1 pixels"),
    ]:
        assert words in sentence(tmp_path / name)


def test_no_face_two_faces_and_small_faces_are_told_apart(
    tmp_path: Path, find: avatars.FindFaces, mateo: Pictures.Image
) -> None:
    """What is wrong with the faces of a photo is said in words of its own."""
    scene = Pictures.new("RGB", (1000, 600), (90, 120, 150))
    scene.save(tmp_path / "nobody.png")
    assert "no face was found" in sentence(tmp_path / "nobody.png", find)
    two = scene.copy()
    two.paste(mateo.resize((450, 450)), (20, 50))
    two.paste(mateo.resize((400, 400)), (520, 50))
    two.save(tmp_path / "two.png")
    assert "shows 2 faces" in sentence(tmp_path / "two.png", find)
    small = scene.copy()
    small.paste(mateo.resize((120, 120)), (400, 200))
    small.save(tmp_path / "small.png")
    assert "too small" in sentence(tmp_path / "small.png", find)


def test_bystander_is_no_second_face(
    tmp_path: Path, find: avatars.FindFaces, mateo: Pictures.Image
) -> None:
    """A far smaller face in the background does not spoil a portrait."""
    scene = Pictures.new("RGB", (1000, 700), (90, 120, 150))
    scene.paste(mateo.resize((650, 650)), (0, 50))
    scene.paste(mateo.resize((200, 200)), (750, 50))
    scene.save(tmp_path / "portrait.png")
    assert load_avatar(tmp_path / "portrait.png", 128, find).landmarks is not None


def test_centre_square_serves_after_a_warning(tmp_path: Path) -> None:
    """Without a face the centre may be used: the caller is warned, landmarks are absent."""
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 100:200] = 200
    Pictures.fromarray(picture).save(tmp_path / "wall.png")
    said: list[str] = []
    avatar = load_avatar(tmp_path / "wall.png", 64, nobody, centre_square=True, warn=said.append)
    assert (avatar.image == 200).all()
    assert avatar.landmarks is None
    assert len(said) == 1
    assert "no face was found" in said[0]


def test_names_and_files_are_resolved(tmp_path: Path, mateo: Pictures.Image) -> None:
    """An avatar is known by its name in any case; anything else is a file or an error."""
    assert resolve_avatar("Mateo") == list_avatars()["mateo"]
    mateo.save(tmp_path / "me.png")
    assert resolve_avatar(str(tmp_path / "me.png")) == tmp_path / "me.png"
    with pytest.raises(AvatarAppError, match=r"called nobody; give a picture or one of: .*mateo"):
        resolve_avatar("nobody")


def test_avatars_stand_in_alphabetical_order() -> None:
    """Whether their names are written large or small, as people look for them."""
    own = settings.data_dir() / "avatars"
    own.mkdir(parents=True)
    for name in ("Zoe", "Bernd", "anna"):
        (own / f"{name}.png").write_bytes(b"")
    names = list(list_avatars())
    assert [*names[:5], names[-1]] == ["amara", "anna", "arthur", "Bernd", "ingrid", "Zoe"]


def test_added_avatar_is_listed_and_leaves_camera_data_behind(
    tmp_path: Path, find: avatars.FindFaces, mateo: Pictures.Image
) -> None:
    """A photo added is known by its name from then on, and its EXIF data is not kept."""
    exif = Pictures.Exif()
    exif[0x0110] = "a camera"
    mateo.save(tmp_path / "me.jpg", exif=exif)
    file = add_avatar(tmp_path / "me.jpg", find)
    assert list_avatars()["me"] == file
    assert resolve_avatar("me") == file
    with Pictures.open(file) as kept:
        assert not kept.getexif()
    assert load_avatar(file, 128, find).landmarks is not None

    def never(image: Image) -> list[Floats]:
        pytest.fail("the name is checked before faces are looked for, which takes seconds")

    with pytest.raises(AvatarAppError, match="called me already"):
        add_avatar(tmp_path / "me.jpg", never)


@pytest.mark.parametrize(
    ("file", "name"), [(".face", "face"), (".me.jpg", "me"), ("...png", "photo")]
)
def test_avatar_of_a_hidden_photo_is_not_hidden(
    tmp_path: Path, mateo: Pictures.Image, file: str, name: str
) -> None:
    """What was added is listed, and not replaced by the next one; desktops keep a ~/.face."""
    mateo.save(tmp_path / file, format="PNG")
    kept = add_avatar(tmp_path / file, nobody, centre_square=True)
    assert list_avatars()[name] == kept
    with pytest.raises(AvatarAppError, match=f"called {name} already"):
        add_avatar(tmp_path / file, nobody, centre_square=True)


def test_photo_kept_without_a_face_is_an_avatar(tmp_path: Path, mateo: Pictures.Image) -> None:
    """Who has accepted the centre of a picture once can use it by its name, everywhere."""
    mateo.save(tmp_path / "cat.png")
    add_avatar(tmp_path / "cat.png", nobody, centre_square=True)
    warnings: list[str] = []
    avatar = load_avatar(resolve_avatar("cat"), 128, nobody, warn=warnings.append)
    assert avatar.image.shape == (128, 128, 3)
    assert avatar.landmarks is None
    assert "no face was found" in warnings[0]


def test_unfit_photo_is_not_added(tmp_path: Path) -> None:
    """A photo without a face is refused, and nothing is kept."""
    Pictures.new("RGB", (300, 300)).save(tmp_path / "wall.png")
    with pytest.raises(AvatarAppError, match="no face"):
        add_avatar(tmp_path / "wall.png", nobody)
    assert "wall" not in list_avatars()
    add_avatar(tmp_path / "wall.png", nobody, centre_square=True)
    assert "wall" in list_avatars()


def test_full_disk_leaves_no_half_avatar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, adding says so and leaves nothing behind."""
    Pictures.new("RGB", (300, 300)).save(tmp_path / "wall.png")

    def fill_up(_picture: Pictures.Image, file: Path) -> None:
        file.open("wb").close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Pictures.Image, "save", fill_up)
    with pytest.raises(AvatarAppError, match="disk is full"):
        add_avatar(tmp_path / "wall.png", nobody, centre_square=True)
    assert not settings.data_dir().exists()


def test_unusable_home_hides_no_bundled_avatar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be kept the avatars on board are there; adding says why it cannot be."""
    Pictures.new("RGB", (300, 300)).save(tmp_path / "wall.png")
    monkeypatch.setenv("AVATAR_APP_HOME", str(tmp_path / "wall.png"))
    assert "mei" in list_avatars()
    with pytest.raises(AvatarAppError, match="its folder is a file"):
        add_avatar(tmp_path / "wall.png", nobody, centre_square=True)
