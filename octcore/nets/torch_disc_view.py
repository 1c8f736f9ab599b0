"""A classifier of photographs that looks a second time, closer, at the optic disc: glaucoma shows there and nowhere else."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from octcore.nets.torch_efficientnet import EfficientNetLite
from octcore.preprocess_fundus import INPUT_SIZE
from octcore.taxonomy import FUNDUS_LABELS

GLAUCOMA = FUNDUS_LABELS.index("glaucoma")
BLOCKS = 11
"""Of EfficientNet-Lite0's sixteen: a sixteenth of the size, and a fifth of the weights."""
CLOSE = 160
"""Rows and columns of the close view."""
REACH = 0.42
"""Half of the close view's side, in radii of the field: somewhat more than two discs."""
CELLS = INPUT_SIZE[0] // 16
"""Rows and columns of the map in which the disc is looked for."""
_MIDDLE = 120
"""Channels of that map in EfficientNet-Lite2."""


class DiscReader(nn.Module):
    """Reads the close view, float32 (N, 3, `CLOSE`, `CLOSE`) in about [-1, 1]: log-odds of glaucoma (N,), and what each place
    adds to them, (N, 1, `CLOSE` / 16, `CLOSE` / 16), whose mean they are (but for a constant)."""

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        body = EfficientNetLite(1, 0, pretrained, channels=3).body
        self.stem, self.stem_norm = body._conv_stem, body._bn0
        self.blocks = nn.ModuleList(list(body._blocks)[:BLOCKS])
        width = self.blocks[-1].get_submodule("_project_conv").out_channels
        self.last = nn.Sequential(nn.Conv2d(int(str(width)), 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU6())
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(256, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu6(self.stem_norm(self.stem(2 * x)))  # the soft picture has less contrast than what ImageNet's weights know
        for block in self.blocks:
            x = block(x)
        x = self.last(x)
        return self.head(self.dropout(x.mean(dim=(2, 3))))[:, 0], F.conv2d(x, self.head.weight[:, :, None, None])


class WithDiscView(nn.Module):
    """EfficientNet-Lite2 over the whole photograph, and a `DiscReader` at the place where its own features see the disc.

    Input float32 (N, 6, 320, 320): the evened photograph, and the soft one (`preprocess_fundus`); output `(logits (N, 7),
    maps (N, 7, 10, 10))`, the class activation maps with the close view's laid back at its place. ``mix``: the log-odds of
    glaucoma are mix[0] times the whole photograph's, plus mix[1] times the close view's, plus mix[2]; the other classes keep
    their shares of what is left, and the logits the energy (`octcore.familiarity`) of the whole photograph's.
    ``prior`` (7,) is added to the logits.
    """

    CHANNELS = 6

    def __init__(self, classes: int, pretrained: bool = True) -> None:
        super().__init__()
        self.whole = EfficientNetLite(classes, 2, pretrained, channels=3)
        self.where = nn.Conv2d(_MIDDLE, 1, 3, padding=1)
        self.reader = DiscReader(pretrained)
        self.mix = nn.Parameter(torch.tensor([1.0, 0.0, 0.0]), requires_grad=False)
        self.prior = nn.Parameter(torch.zeros(classes), requires_grad=False)
        self.register_buffer("cells", _places(CELLS), persistent=False)
        self.register_buffer("close", _places(CLOSE), persistent=False)
        self.register_buffer("coarse", _places(INPUT_SIZE[0] // 32), persistent=False)

    def middle(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of evened photographs (N, 3, 320, 320): the features in which the disc is looked for, (N, 120, 20, 20), and the last
        ones, (N, 1280, 10, 10)."""
        body = self.whole.body
        x = F.relu6(body._bn0(body._conv_stem(x)))
        found = x
        for block in body._blocks:
            x = block(x)
            if x.shape[1] == _MIDDLE:
                found = x
        return found, F.relu6(body._bn1(body._conv_head(x)))

    def place(self, features: Tensor) -> Tensor:
        """Where the disc lies, (N, 2): x and y in radii from the field's centre, of `middle`'s first features."""
        chances = torch.softmax(self.where(features).flatten(1), dim=1)
        cells = self.get_buffer("cells").reshape(-1, 2)
        peak = cells[chances.argmax(dim=1)]
        near = ((cells[None] - peak[:, None]).abs() < 3.1 / CELLS).all(dim=2)  # it and its eight neighbours
        weights = chances * near
        return (weights / weights.sum(dim=1, keepdim=True)) @ cells

    def close_view(self, soft: Tensor, place: Tensor) -> Tensor:
        """What the reader reads, (N, 3, `CLOSE`, `CLOSE`), of the soft photographs (N, 3, 320, 320)."""
        grid = place[:, None, None] + REACH * self.get_buffer("close")[None]
        return F.grid_sample(soft, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        middle, features = self.middle(x[:, :3])
        place = self.place(middle)
        closely, seen = self.reader(self.close_view(x[:, 3:], place))
        logits = self.whole.head(features.mean(dim=(2, 3)))
        maps = F.conv2d(features, self.whole.head.weight[:, :, None, None])
        # A place of the whole photograph is a place of the close view or outside it.
        grid = (self.get_buffer("coarse")[None] - place[:, None, None]) / REACH
        laid = F.grid_sample(seen, grid, mode="bilinear", padding_mode="zeros", align_corners=False) / REACH**2
        apart = [logits[:, :GLAUCOMA], logits[:, GLAUCOMA + 1 :]]
        others = torch.logsumexp(torch.cat(apart, dim=1), dim=1)
        odds = self.mix[0] * (logits[:, GLAUCOMA] - others) + self.mix[1] * closely + self.mix[2]
        glaucoma = self.mix[0] * maps[:, GLAUCOMA : GLAUCOMA + 1] + self.mix[1] * laid
        mixed = torch.cat([apart[0], (others + odds)[:, None], apart[1]], dim=1)
        # How familiar a photograph is (`octcore.familiarity`) the whole of it tells; the close view has odds and no energy.
        mixed = mixed + (torch.logsumexp(logits, dim=1) - torch.logsumexp(mixed, dim=1))[:, None]
        return mixed + self.prior, torch.cat([maps[:, :GLAUCOMA], glaucoma, maps[:, GLAUCOMA + 1 :]], dim=1)


def _places(count: int) -> Tensor:
    """Centres (x, y) of ``count`` by ``count`` cells over [-1, 1], float32 (count, count, 2)."""
    line = (torch.arange(count) * 2 + 1) / count - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=2)
