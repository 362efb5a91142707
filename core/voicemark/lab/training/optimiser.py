"""How weights are moved: Muon for the convolutions, AdamW for everything else.

Muon (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024) makes the step of a matrix
orthogonal, so that directions in which the gradient is small are learnt as fast as those in which it is large. A
convolution's weight (out, in, kernel) counts as the matrix (out, in * kernel). Its steps are scaled to the size of
AdamW's (Liu et al., "Muon is Scalable for LLM Training", 2025), so that one learning rate serves both.
"""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn

Kind = Literal["muon", "adamw"]


class Optimiser:
    """One optimiser of `net` and of `heads`, which are layers that serve its training alone.

    Norms, biases and heads have no weight decay.
    """

    def __init__(self, net: nn.Module, heads: Sequence[nn.Module], kind: Kind, weight_decay: float) -> None:
        own = list(net.parameters())
        self._filters = [p for p in own if p.ndim == 3 and p.shape[2] * p.shape[1] > 1] if kind == "muon" else []
        # Muon takes matrices; these share their storage with the filters
        self._matrices = [nn.Parameter(p.detach().view(len(p), -1)) for p in self._filters]
        taken = {id(p) for p in self._filters}
        rest = [p for p in own if id(p) not in taken]
        groups = [
            {"params": [p for p in rest if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
            {"params": [p for head in heads for p in head.parameters()], "weight_decay": 0.0},
        ]
        self._parts: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups)]
        if self._matrices:
            muon = torch.optim.Muon(self._matrices, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
            self._parts.append(muon)

    def step(self, learning_rate: float) -> None:
        """Move everything by its gradient, and forget the gradients."""
        for weight, matrix in zip(self._filters, self._matrices, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.view_as(matrix)
            weight.grad = None
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Raises ValueError where `states` are another kind's."""
        for part, state in zip(self._parts, states, strict=True):
            part.load_state_dict(state)
