"""The losses of the paper (section 3.3), and what landmarks can add to them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.blocks import coordinate_grid, inverse_2x2, product_2x2
from avatar_app.fomm.networks import Points
from avatar_app.fomm.training.config import KEYPOINT_LANDMARKS
from avatar_app.fomm.training.discriminator import Discriminator

OPENING_WEIGHT = 12  # lids move by a hundredth of the picture where heads move by a tenth

# Landmarks on the edges of eyelids and lips that face each other.
_UPPER_EDGES = [37, 38, 43, 44, 61, 62, 63]
_LOWER_EDGES = [41, 40, 47, 46, 67, 66, 65]


# Both eyes and the mouth: from the first to the last landmark each is as wide as it is.
DETAILS = ((36, 37, 38, 40, 41, 39), (42, 43, 44, 46, 47, 45), (48, 50, 52, 56, 58, 54))
DETAIL_SPREAD = 0.45  # standard deviation of what counts, over that width


class RandomWarp:
    """A random affine map plus a thin-plate spline for each picture of a batch (section 3.3)."""

    def __init__(
        self,
        like: Tensor,
        generator: torch.Generator,
        sigma_affine: float = 0.05,
        sigma_spline: float = 0.005,
        points: int = 5,
    ) -> None:
        """Draw warps for (B, ...) `like`, on its device."""

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, generator=generator).to(like.device)

        batch = len(like)
        self._linear = torch.eye(2, device=like.device) + sigma_affine * normal(batch, 2, 2)
        self._shift = sigma_affine * normal(batch, 1, 2)
        self._control = coordinate_grid(points, points, self._linear).flatten(0, 1)  # (P, 2)
        self._weights = sigma_spline * normal(batch, len(self._control), 2)

    def points(self, points: Tensor) -> Tensor:
        """Where (B, N, 2) go."""
        squared = (points[:, :, None] - self._control).square().sum(-1)  # (B, N, P)
        spline = (squared * torch.log(squared + 1e-6)) @ self._weights
        return points @ self._linear.mT + self._shift + spline

    def jacobian(self, points: Tensor) -> Tensor:
        """The map's jacobian (B, N, 2, 2) at (B, N, 2), in closed form."""
        offset = points[:, :, None] - self._control  # (B, N, P, 2)
        squared = offset.square().sum(-1, keepdim=True)
        slope = 2 * offset * (torch.log(squared + 1e-6) + squared / (squared + 1e-6))
        spline = torch.einsum("bpi,bnpj->bnij", self._weights, slope)
        return self._linear[:, None] + spline

    def image(self, image: Tensor) -> Tensor:
        """`image` (B, C, H, W) sampled at the warped grid."""
        batch, _, height, width = image.shape
        # The map is smooth: a quarter of the points, and straight lines between, will do.
        coarse = coordinate_grid(height // 4, width // 4, image).flatten(0, 1)
        grid = self.points(coarse.expand(batch, -1, -1)).unflatten(1, (height // 4, width // 4))
        grid = F.interpolate(
            grid.permute(0, 3, 1, 2), (height, width), mode="bilinear", align_corners=True
        ).permute(0, 2, 3, 1)
        return F.grid_sample(image, grid, padding_mode="reflection", align_corners=True)


def equivariance(points: Points, warped: Points, transform: RandomWarp) -> tuple[Tensor, Tensor]:
    """Losses of values and of jacobians: `warped` were found in `transform.image(image)`."""
    value = (points.value - transform.points(warped.value)).abs().mean()
    expected = product_2x2(transform.jacobian(warped.value), warped.jacobian)
    ratio = product_2x2(inverse_2x2(points.jacobian), expected)
    return value, (ratio - torch.eye(2, device=ratio.device)).abs().mean()


def perceptual(
    vgg: nn.Module, rendered: Tensor, real: Tensor, depths: Sequence[int], dtype: torch.dtype
) -> Tensor:
    """Mean difference of VGG19's maps, summed over maps and over copies shrunk by 1, 2, 4, 8.

    `depths` says how many maps are compared at each; `vgg` gives at least as many.
    """
    total = rendered.new_zeros(())
    for level, depth in enumerate(depths):
        if not depth:
            continue
        step = 2**level
        with torch.autocast(rendered.device.type, dtype, enabled=dtype != torch.float32):
            with torch.no_grad():
                wanted = vgg(F.avg_pool2d(real, step), depth)
            have = vgg(F.avg_pool2d(rendered, step), depth)
        for a, b in zip(have, wanted, strict=True):
            total = total + (a.float() - b.float()).abs().mean()
    return total


def _known(landmarks: Tensor) -> Tensor:
    """(B,) whether the face was found."""
    return ~landmarks[:, 0, 0].isnan()


def landmark_keypoints(points: Points, landmarks: Tensor) -> Tensor:
    """How far the named keypoints (B, K, 2) stand from their landmarks (B, 68, 2).

    The opening of lids and lips, small beside the head's own motion, is compared on its own.
    """
    targets = torch.stack(
        [landmarks[:, list(group)].mean(1) for group in KEYPOINT_LANDMARKS], dim=1
    )
    error = points.value[:, : targets.shape[1]] - targets
    openings = [error[:, upper] - error[:, lower] for upper, lower in ((0, 1), (2, 3), (9, 10))]
    opening = torch.stack(openings, dim=1).abs().mean((1, 2))
    each = error.abs().mean((1, 2)) + OPENING_WEIGHT * opening
    return torch.where(_known(landmarks), each, 0).mean()


def flow_error(deformation: Tensor, source: Tensor, driving: Tensor) -> tuple[Tensor, Tensor]:
    """By how much `deformation` (B, h, w, 2) misses the source landmarks at the driving ones.

    Gives (B, 68, 2), and (B,) where both faces are known; the rest is meaningless.
    """
    known = _known(source) & _known(driving)
    at = torch.where(known[:, None, None], driving, 0)
    found = F.grid_sample(deformation.permute(0, 3, 1, 2), at[:, None], align_corners=True)
    return found[:, :, 0].mT - source, known


def landmark_flow(deformation: Tensor, source: Tensor, driving: Tensor) -> Tensor:
    """The size of `flow_error`; as with keypoints, lids and lips are compared on their own."""
    error, known = flow_error(deformation, source, driving)
    openings = error[:, _UPPER_EDGES] - error[:, _LOWER_EDGES]
    each = error.abs().mean((1, 2)) + OPENING_WEIGHT * openings.abs().mean((1, 2))
    return torch.where(known, each, 0).mean()


def detail_map(landmarks: Tensor, height: int, width: int) -> Tensor:
    """(B, 1, height, width) in [0, 1]: 1 on the eyes and the mouth of (B, 68, 2), 0 elsewhere.

    0 everywhere where the face is unknown.
    """
    known = _known(landmarks)
    marks = torch.where(known[:, None, None], landmarks, 0)
    parts = torch.stack([marks[:, list(part)].mean(1) for part in DETAILS], dim=1)  # (B, P, 2)
    reach = torch.stack(
        [(marks[:, part[-1]] - marks[:, part[0]]).norm(dim=1) for part in DETAILS], dim=1
    )  # (B, P): from corner to corner
    offset = coordinate_grid(height, width, landmarks) - parts[:, :, None, None]
    spread = (DETAIL_SPREAD * reach[:, :, None, None]).square() + 1e-4
    near = torch.exp(-0.5 * offset.square().sum(-1) / spread).amax(1, keepdim=True)
    return near * known[:, None, None, None]


def adversarial(
    discriminator: Discriminator, rendered: Tensor, real: Tensor, points: Tensor
) -> tuple[Tensor, Tensor]:
    """The generator's least-squares loss and its feature-matching loss."""
    with torch.no_grad():
        wanted = discriminator(real, points)
    judged = discriminator(rendered, points)
    fooled = sum((1 - realness).square().mean() for _, realness in judged)
    matching = sum(
        (a - b).abs().mean()
        for (have, _), (want, _) in zip(judged, wanted, strict=True)
        for a, b in zip(have, want, strict=True)
    )
    return torch.as_tensor(fooled), torch.as_tensor(matching)


def discrimination(
    discriminator: Discriminator, rendered: Tensor, real: Tensor, points: Tensor
) -> Tensor:
    """The discriminator's least-squares loss; `rendered` must be detached."""
    pairs = zip(discriminator(real, points), discriminator(rendered, points), strict=True)
    return torch.as_tensor(
        sum((1 - good).square().mean() + bad.square().mean() for (_, good), (_, bad) in pairs)
    )
