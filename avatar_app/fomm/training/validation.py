"""What a run looks like from outside: numbers and a sheet on pairs it never learns from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from avatar_app.files import write_whole
from avatar_app.fomm.networks import Generator, Motion, Points
from avatar_app.fomm.training import losses
from avatar_app.fomm.training.data import Clip
from avatar_app.types import AvatarAppError, Image

PAIRS_PER_CLIP = 4
SHEET_CLIPS = 6
AT_WORK = 0.1  # of the mask, somewhere in some picture: less moves nothing

# Landmarks on edges that face each other: of eyelids, of lips.
_EYES = ([37, 38, 43, 44], [41, 40, 47, 46])
_MOUTH = ([61, 62, 63], [67, 66, 65])


class Validation:
    """First frame of each validation clip as source, frames spread over the clip as drivers."""

    def __init__(self, clips: Sequence[Clip], out: Path, device: str) -> None:
        """Pick the pairs; `out` receives validation.csv and sheet.png.

        Raises AvatarAppError where no pair shows its face twice: nothing could be told of motion.
        """
        self._out = out
        sources, drivers, landmarks = [], [], []
        for clip in clips:
            at = np.linspace(0, len(clip.frames) - 1, PAIRS_PER_CLIP + 1).astype(int)[1:]
            sources.append(np.repeat(clip.frames[:1], PAIRS_PER_CLIP, axis=0))
            drivers.append(clip.frames[at])
            pairs = np.stack((np.repeat(clip.landmarks[:1], PAIRS_PER_CLIP, 0), clip.landmarks[at]))
            landmarks.append(pairs)
        self._sources = torch.from_numpy(np.concatenate(sources)).to(device)
        self._drivers = torch.from_numpy(np.concatenate(drivers)).to(device)
        size = self._sources.shape[1]
        both = np.concatenate(landmarks, axis=1) * (2 / (size - 1)) - 1
        self._landmarks = torch.from_numpy(both.astype(np.float32)).to(device)
        self._known = ~self._landmarks[:, :, 0, 0].isnan().any(0)
        if not self._known.any():
            names = ", ".join(clip.name for clip in clips)
            raise AvatarAppError(
                f"No clip to watch ({names}) shows a face in its first frame and in a later one; "
                "choose others, for instance by the split val in an index.csv beside them."
            )

    def measure(self, nets: nn.ModuleDict, seconds: float, dtype: torch.dtype) -> None:
        """Append a row to validation.csv (L1 in [0, 1]; landmark errors in pixels) and draw.

        Of a change of the driver's eyes and mouth it tells the share that the motion follows: 0
        none, 1 all of it. A mask can give a keypoint up for good, so those at work are counted.
        `nets` are in evaluation mode; absolute motion, as in self-reconstruction.
        """
        rendered, flow, still_flow, errors = [], [], [], []
        strongest = torch.zeros(())
        size = self._sources.shape[1]
        known = self._known
        for start in range(0, len(self._sources), 8):
            part = slice(start, start + 8)
            source, driver = _floats(self._sources[part]), _floats(self._drivers[part])
            images, motion = _render(nets, source, driver, dtype)
            strongest = torch.maximum(strongest, motion.mask.amax((0, 2, 3)).cpu())
            rendered.append((images * 255).round().byte().permute(0, 2, 3, 1).cpu())
            marks = self._landmarks[:, part]
            error, both = losses.flow_error(motion.deformation, *marks)
            errors.append(error)
            flow.append(error.abs().mean((1, 2))[both].sum().item())
            still = (marks[0] - marks[1]).abs().mean((1, 2))
            still_flow.append(still[known[part]].sum().item())
        pictures = torch.cat(rendered)
        drivers = self._drivers.cpu()
        pixels = (size - 1) / 2 / known.sum().item()
        row = {
            "seconds": round(seconds, 1),
            "l1": _l1(pictures, drivers),
            "still_l1": _l1(self._sources.cpu(), drivers),
            "landmark_flow_px": sum(flow) * pixels,
            "still_landmark_px": sum(still_flow) * pixels,
            "eyes_followed": self._followed(torch.cat(errors), known, *_EYES),
            "mouth_followed": self._followed(torch.cat(errors), known, *_MOUTH),
            "keypoints_at_work": int((strongest[1:] >= AT_WORK).sum()),
        }
        path = self._out / "validation.csv"
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if not file.tell():
                writer.writeheader()
            writer.writerow(row)
        self._draw(pictures.numpy())

    def _followed(self, error: Tensor, known: Tensor, upper: list[int], lower: list[int]) -> float:
        """How much of the change between source and driver `error` (N, 68, 2) leaves undone."""
        source, driver = (
            (marks[:, upper] - marks[:, lower]).norm(dim=2).mean(1) for marks in self._landmarks
        )
        moved = self._landmarks[0] + error  # what stands where the driver's landmarks are
        found = (moved[:, upper] - moved[:, lower]).norm(dim=2).mean(1)
        change, left = (driver - source)[known], (found - source)[known]
        return float(1 - (change * left).sum() / change.square().sum())

    def _draw(self, rendered: Image) -> None:
        """sheet.png: a clip a row; source, then driver above rendered at each moment."""
        rows = []
        for clip in range(min(SHEET_CLIPS, len(rendered) // PAIRS_PER_CLIP)):
            at = slice(clip * PAIRS_PER_CLIP, (clip + 1) * PAIRS_PER_CLIP)
            source = self._sources[at][0].cpu().numpy()
            cells = [source]
            for driver, picture in zip(self._drivers[at].cpu().numpy(), rendered[at], strict=True):
                cells += [driver, picture]
            rows.append(np.concatenate(cells, axis=1))
        sheet = np.concatenate(rows)
        _, png = cv2.imencode(".png", sheet[..., ::-1])
        write_whole(self._out / "sheet.png", png.tobytes())


def _floats(images: Tensor) -> Tensor:
    return images.permute(0, 3, 1, 2).float() / 255


def _l1(a: Tensor, b: Tensor) -> float:
    return (a.float() - b.float()).abs().mean().item() / 255


@torch.inference_mode()
def _render(
    nets: nn.ModuleDict, source: Tensor, driver: Tensor, dtype: torch.dtype
) -> tuple[Tensor, Motion]:
    generator: Generator = nets["generator"]  # type: ignore[assignment]
    with torch.autocast(source.device.type, torch.bfloat16, enabled=dtype != torch.float32):
        points: Points = nets["kp_detector"](source)[0]
        driving: Points = nets["kp_detector"](driver)[0]
        images, motion = generator(source, points, driving)
    return images, motion
