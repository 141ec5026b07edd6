"""Muon: momentum, made orthogonal, for matrices (Jordan 2024; the scale of the step after arXiv:2502.16982)."""
import math

import torch


def orthogonal(g):
    """Nearest orthogonal matrix of each matrix [..., rows, columns], roughly: five Newton-Schulz steps in bf16."""
    x = g.bfloat16().reshape(-1, *g.shape[-2:])
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2)
    x = x / (x.float().flatten(1).norm(dim=1)[:, None, None] + 1e-7).bfloat16()
    for _ in range(5):
        s = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * s + 2.0315 * s @ s) @ x
    return (x.transpose(1, 2) if tall else x).reshape(g.shape).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.05):
        super().__init__(parameters, {'lr': lr, 'momentum': momentum, 'weight_decay': weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group['params']:
                state = self.state[p]
                if not state:
                    state['momentum'] = torch.zeros_like(p)
                m = state['momentum'].mul_(group['momentum']).add_(p.grad)
                update = orthogonal(p.grad.add(m, alpha=group['momentum']))
                p.mul_(1 - group['lr'] * group['weight_decay'])
                p.add_(update, alpha=-group['lr'] * 0.2 * math.sqrt(max(p.shape[-2:])))
