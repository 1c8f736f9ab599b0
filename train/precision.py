"""Half precision where it pays."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

FAST: bool = any(torch.cpu.get_capabilities().get(name, False) for name in ("avx512_bf16", "amx_bf16"))
"""Whether this processor computes in bfloat16. Elsewhere it is emulated, and far slower than float32."""


def quick() -> AbstractContextManager[object]:
    """Within the block networks compute in bfloat16 on a processor that has it, in float32 on any other."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=FAST)
