"""How well a network guesses the validation documents: losses, MTP's acceptance, the experts' load.

usage: evaluate.py WORK FOLDER [--length T]

WORK comes from prepare.py. FOLDER is what export.py wrote, or the weights of any file as deskseek decodes them:
deskseek quantize FILE FOLDER --format mlx --type F32. It is computed in f32, where train.py's stages have bf16.
"""
import argparse
import contextlib
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

import export
from batches import IGNORED, Documents, validation
from network import Network


def losses(network, inputs, targets):
    """Next-token loss and MTP loss, with the logits of both."""
    main, mtp = network(inputs)
    one = F.cross_entropy(main.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
    two = F.cross_entropy(mtp.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=IGNORED)
    return one, two, main, mtp


def load(moe, real):
    """Tokens each expert got of the real positions [B, T]; the MTP layer has one position less."""
    chosen = moe.chosen.cpu().unflatten(0, (len(real), -1))
    return torch.bincount(chosen[real[:, :chosen.shape[1]]].flatten(), minlength=len(moe.load)).numpy()


def score(network, documents, simple, length, precision):
    """Sums over one part of the documents: see evaluate."""
    device = next(network.parameters()).device
    lengths = torch.from_numpy(documents.lengths)
    sums, loads = np.zeros(6), 0
    for inputs, targets in validation(documents, simple, min(length, network.config.max_position_embeddings)):
        real, real2 = targets != IGNORED, targets[:, 1:] != IGNORED
        size = lengths[targets.clamp(min=0)][real].sum().item()
        with precision:
            one, two, main, mtp = losses(network, inputs.to(device), targets.to(device))
        same = (mtp.argmax(-1) == main[:, 1:].argmax(-1)).cpu()[real2].sum().item()
        n, n2 = real.sum().item(), real2.sum().item()
        sums += [one.item() * n, n, size, two.item() * n2, n2, same]
        loads = loads + np.stack([load(m, real) for m in network.moes()])
    return sums, loads


@torch.no_grad()
def evaluate(network, documents, length, precision):
    """Losses in nats, of the simple stories alone and of all documents; acceptance, where both have the same
    favourite; of each expert its share of the layer's work. Whole documents, each at most length tokens."""
    simple, loads = score(network, documents, True, length, precision)
    rest, loads2 = score(network, documents, False, length, precision)
    figures = {}
    for name, s in (('simple', simple), ('all', simple + rest)):
        figures |= {f'{name}_loss_per_token': s[0] / s[1], f'{name}_loss_per_byte': s[0] / s[2],
                    f'{name}_mtp_loss': s[3] / s[4], f'{name}_acceptance': s[5] / s[4]}
    for i, row in enumerate(loads + loads2):
        figures |= {f'moe{i + 1}_expert{e}': v for e, v in enumerate(row / row.sum())}
    return {k: round(float(v), 4) for k, v in figures.items()}


def main():
    a = argparse.ArgumentParser()
    a.add_argument('work')
    a.add_argument('folder')
    a.add_argument('--length', type=int, default=512)
    a = a.parse_args()
    config, weights = export.load(a.folder)
    network = Network(config)
    network.load_state_dict(weights)
    documents = Documents(os.path.join(a.work, 'valid.npz'))
    print(json.dumps(evaluate(network, documents, a.length, contextlib.nullcontext()), indent=1))


if __name__ == '__main__':
    main()
