"""Attention U-Net (Oktay et al. 2018) in PyTorch: an EfficientNet-Lite0 goes down, MONAI's attention gates go up.

The way down begins from the OCT classifier's weights: with a hundred annotated scans, what thousands of labelled ones
taught is worth more than a wider network.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from monai.networks.nets.attentionunet import AttentionBlock
from torch import Tensor, nn

from octcore.nets.torch_efficientnet import EfficientNetLite
from octcore.taxonomy import LAYERS, LESIONS

REGIONS = len(LAYERS) + 2
"""Above the retina, its layers, below it."""


def _convolution(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class _Up(nn.Module):
    """One step up: the coarse map decides, through the gate, what of the fine one is let in."""

    def __init__(self, coarse: int, fine: int, after: int) -> None:
        super().__init__()
        self.gate = AttentionBlock(spatial_dims=2, f_int=max(8, fine // 2), f_g=coarse, f_l=fine)
        self.body = nn.Sequential(_convolution(coarse + fine, after), _convolution(after, after))

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        raised = F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=False)
        out: Tensor = self.body(torch.cat([raised, self.gate(g=raised, x=fine)], dim=1))
        return out


class AttentionUNet(nn.Module):
    """Input float32 (N, 1, H, W), H and W multiples of 32, as `straighten.look` gives it.

    Output: `regions` (N, 9, H, W), logits of above, the seven layers, below; `lesions` (N, 5, H, W), logits of background
    and `taxonomy.LESIONS`. Two heads, since fluid lies within layers and not beside them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite(1, 0, pretrained=False)
        self.encoder.head = nn.Linear(1, 1)  # unused; a segmentation has no linear head
        self.fine = _convolution(1, 16)
        self.up16 = _Up(320, 112, 128)
        self.up8 = _Up(128, 40, 64)
        self.up4 = _Up(64, 24, 48)
        self.up2 = _Up(48, 16, 32)
        self.up1 = _Up(32, 16, 16)
        self.regions = nn.Conv2d(16, REGIONS, 1)
        self.lesions = nn.Conv2d(16, len(LESIONS) + 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        body = self.encoder.body
        y = F.relu6(body._bn0(body._conv_stem(x)))
        maps = []
        for k, block in enumerate(body._blocks):
            y = block(y)
            if k in (0, 2, 4, 10, 15):  # the last block of each resolution: 1/2, 1/4, 1/8, 1/16, 1/32
                maps.append(y)
        y = self.up16(maps[4], maps[3])
        y = self.up8(y, maps[2])
        y = self.up4(y, maps[1])
        y = self.up2(y, maps[0])
        y = self.up1(y, self.fine(x))
        return self.regions(y), self.lesions(y)

    def begin_from(self, classifier: dict[str, Tensor]) -> None:
        """Take the way down's weights from a trained `EfficientNetLite` classifier's state."""
        body = {k.removeprefix("body."): v.float() for k, v in classifier.items() if k.startswith("body.")}
        self.encoder.body.load_state_dict(body)
