"""Draws stages.csv.

usage: plot.py STAGES.csv OUT.svg
"""
import csv
import sys

import matplotlib
matplotlib.use('svg')
import matplotlib.pyplot as plt  # noqa: E402: after the choice of backend


def main(source, out):
    with open(source) as f:
        lines = [{k: float(v) for k, v in line.items()} for line in csv.DictReader(f)]
    tokens = [line['tokens'] / 1e6 for line in lines]
    plt.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'demo-model', 'font.size': 9,
                         'axes.spines.top': False, 'axes.spines.right': False})
    fig, (loss, acceptance, load) = plt.subplots(1, 3, figsize=(10, 3), layout='constrained')
    for part, label in (('simple', 'simple stories'), ('all', 'all documents')):
        loss.plot(tokens, [line[f'{part}_loss_per_byte'] for line in lines], '.-', label=label)
        acceptance.plot(tokens, [100 * line[f'{part}_acceptance'] for line in lines], '.-', label=label)
    layers = sorted({k.split('_')[0] for k in lines[0] if k.startswith('moe')})
    for layer in layers:
        rows = [[v for k, v in line.items() if k.startswith(layer + '_')] for line in lines]
        load.plot(tokens, [max(r) * len(r) for r in rows], '.-', label='MTP layer' if layer == layers[-1] else f'MoE layer {layer[3:]}')
    loss.set_title('validation loss, nats a byte')
    acceptance.set_title('greedy MTP acceptance, %')
    load.set_title('busiest expert, 1 = even load')
    for axes in (loss, acceptance, load):
        axes.set_xlabel('tokens trained on, millions')
        axes.legend(frameon=False)
    fig.savefig(out, metadata={'Date': None})


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
