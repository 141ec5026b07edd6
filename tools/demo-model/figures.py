"""Remakes the figures of the documents that depend on the demo model, as rows of Markdown tables.

usage: figures.py WORK DESKSEEK PART [--llama LLAMA_PERPLEXITY]

WORK is train.py's; DESKSEEK is the command, of one word or more. The parts:

  card     docs/demo-model.md: stages, load of the experts, drafts that hold, samples
  presets  docs/quantization.md: what presets cost, with llama-perplexity beside it where it is named; drafts
  imatrix  docs/quantization.md: importance matrices; writes docs/bench/quantization.csv
  fast     docs/kernels.md: what fast math costs on written text

Files are kept in WORK/figures, so that a part that was interrupted goes on.
"""
import argparse
import csv
import json
import os
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DOCS = os.path.join(HERE, '..', '..', 'docs')
PRESETS = ['q8', 'q6', 'q5', 'q4', 'q3', 'q2']
QUESTIONS = ['Tell me a story about a fox.', 'Tell me a story about a girl and a boat.', 'Write a short story about a robot.',
             'Can you tell me a story about a tree?', 'Tell me a bedtime story, please.']


def arguments():
    a = argparse.ArgumentParser(usage=__doc__.split('\n')[2].removeprefix('usage: '))
    a.add_argument('work')
    a.add_argument('deskseek')
    a.add_argument('part', choices=['card', 'presets', 'imatrix', 'fast'])
    a.add_argument('--llama')
    return a.parse_args()


class Figures:
    def __init__(self, a):
        self.a, self.command = a, shlex.split(a.deskseek)
        self.folder = os.path.join(a.work, 'figures')
        os.makedirs(self.folder, exist_ok=True)

    def file(self, name):
        return os.path.join(self.folder, name)

    def run(self, *args):
        """Returns the standard output of a deskseek command."""
        done = subprocess.run(self.command + [str(x) for x in args], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f'{args}: {done.stderr}')
        return done.stdout

    def json(self, *args):
        return json.loads(self.run(*args, '--json'))

    def make(self, name, *args):
        """Returns the path of a file that the command, with the path in place of OUT, writes unless it is there."""
        path = self.file(name)
        if not os.path.exists(path):
            self.run(*(path if x == 'OUT' else x for x in args))
        return path

    def quantized(self, kind, imatrix=None):
        name = f"{kind}{'-imatrix' if imatrix else ''}.gguf"
        return self.make(name, 'quantize', 'demo', 'OUT', '--type', kind, *(['--imatrix', imatrix] if imatrix else []))

    def reference(self, chunks, *model):
        name = f"reference-{chunks}-{os.path.basename(model[-1]) if model else 'demo'}"
        return self.make(name, 'eval', 'kld', '--save', 'OUT', '-f', os.path.join(self.a.work, 'valid.txt'),
                         '--math', 'exact', '--chunks', chunks, *model)

    def divergence(self, path, reference, *args):
        return self.json('eval', 'kld', '-m', path, '--reference', reference, *args)

    def size(self, path):
        """Returns bytes and bits per weight."""
        whole = self.json('eval', 'bits', '-m', path)[-1]
        return whole['bytes'], whole['bits_per_weight']

    def drafts(self, most, temperature, *model):
        """Returns drafted and accepted by place, of the stories of docs/bench."""
        out = self.run('run', '--prompts', os.path.join(DOCS, 'bench', 'stories.txt'), '-n', 200, '--temperature', temperature,
                       '--seed', 1, '--mtp', 'on', '--drafts', most, '--json', *model)
        places = [[0, 0] for _ in range(most)]
        for line in out.splitlines():
            for sums, place in zip(places, json.loads(line)['mtp_by_place']):
                sums[0] += place['drafted']
                sums[1] += place['accepted']
        return places

    def card(self):
        with open(os.path.join(self.a.work, 'stages.csv')) as f:
            lines = list(csv.DictReader(f))
        for i, line in enumerate(lines):
            v = {k: float(x) for k, x in line.items()}
            row(i, f"{v['minutes']:.0f}", f"{v['tokens'] / 1e6:.2f} M", *(f'{v[k]:.3f}' for k in (
                'simple_loss_per_token', 'simple_loss_per_byte', 'all_loss_per_token', 'all_loss_per_byte', 'simple_mtp_loss')),
                *(f'{100 * v[k]:.1f} %' for k in ('simple_acceptance', 'all_acceptance')))
        layers = sorted({k.split('_')[0] for k in lines[-1] if k.startswith('moe')})
        for i, layer in enumerate(layers):
            row('MTP layer' if layer == layers[-1] else f'layer {i + 1}',
                *(f'{100 * float(v):.1f}' for k, v in lines[-1].items() if k.startswith(layer + '_')))
        for temperature in (0, 0.7):
            for most in (1, 2):
                places = self.drafts(most, temperature)
                row(temperature, most, *(f'{100 * accepted / drafted:.1f} % of {drafted}' for drafted, accepted in places))
        for seed, question in enumerate(QUESTIONS, 1):
            for temperature in (0.3, 0.8):
                args = ['--math', 'exact', '--temperature', temperature, '--seed', seed, '-n', 300]
                story = self.run('run', *args, question)
                print(f"\n    deskseek run {' '.join(map(str, args))} \"{question}\"\n")
                print('\n'.join(f'> {line}'.rstrip() for line in story.strip().split('\n')))

    def presets(self):
        reference = self.reference(20)
        for preset in PRESETS:
            path = self.quantized(preset)
            size, bits = self.size(path)
            d = self.divergence(path, reference)
            row(f'`{preset}`', f'{bits:.2f}', f'{size / 1e6:.1f} MB', f"{d['perplexity']:.4f}", f"{d['kld']:.2e} ± {d['kld_error']:.1e}",
                f"{d['kld_99']:.1e}", f"{100 * d['same_top']:.2f} %", *self.llama(path))
        print('reference:', self.divergence(self.quantized('q8'), reference)['reference_perplexity'])
        for path in [None] + [self.quantized(p) for p in PRESETS]:
            places = self.drafts(2, 0.7, *(['-m', path] if path else []))
            row(path and os.path.basename(path), f'{100 * places[0][1] / places[0][0]:.1f} %', f'{100 * places[1][1] / places[1][0]:.1f} %',
                f'of {places[0][0]}')

    def llama(self, path):
        """Cells that compare with llama.cpp on the same file, if it is at hand."""
        if not self.a.llama:
            return []
        logits = path.removesuffix('.gguf') + '.logits'
        if not os.path.exists(logits):
            subprocess.run(shlex.split(self.a.llama) + ['-m', path, '-f', os.path.join(self.a.work, 'valid.txt'), '-c', '512',
                           '--chunks', '20', '--kl-divergence-base', logits + '.new'], check=True, capture_output=True)
            os.replace(logits + '.new', logits)
        d = self.divergence(path, logits)
        return [f"{d['reference_perplexity']:.4f}", f"{d['kld']:.1e}", f"{100 * d['same_top']:.2f} %"]

    def imatrix(self):
        imatrix = self.make('imatrix.gguf', 'imatrix', '-f', os.path.join(self.a.work, 'calibration.txt'), '-o', 'OUT')
        reference = self.reference(100)
        table = os.path.join(DOCS, 'bench', 'quantization.csv')
        with open(table + '.new', 'w', newline='') as f:
            w = csv.writer(f, lineterminator='\n')
            w.writerow('type imatrix bytes bits perplexity kld kld_error kld_99 same_top'.split())
            for kind in PRESETS + ['IQ4_XS', 'Q3_K', 'Q2_K']:
                pairs = []
                for known in (None, imatrix):
                    path = self.quantized(kind, known)
                    size, bits = self.size(path)
                    d = self.divergence(path, reference, '--math', 'exact')
                    w.writerow([kind, 'yes' if known else 'no', size, f'{bits:.4g}', f"{d['perplexity']:.4f}", f"{d['kld']:.6f}",
                                f"{d['kld_error']:.6f}", f"{d['kld_99']:.6f}", f"{d['same_top']:.4f}"])
                    pairs.append((f"{d['perplexity']:.4f}", f"{d['kld']:.3e} ± {d['kld_error']:.1e}", f"{100 * d['same_top']:.2f} %"))
                row(kind, f'{bits:.2f}', *(cell for pair in zip(*pairs) for cell in pair))
        os.replace(table + '.new', table)

    def fast(self):
        for kind in ('Q8_0', 'Q6_K', 'Q5_K', 'Q4_K', 'Q3_K', 'Q2_K', 'IQ4_XS', 'Q4_0', 'IQ4_NL', 'BF16'):
            path = self.quantized(kind)
            d = self.divergence(path, self.reference(80, '-m', path))
            row(kind, f"{d['kld']:.2e} ± {d['kld_error']:.1e}", f"{d['kld_median']:.1e}", f"{d['kld_99']:.1e}",
                f"{100 * d['same_top']:.2f} ± {100 * d['same_top_error']:.2f} %")


def row(*cells):
    print('|', ' | '.join(map(str, cells)), '|', flush=True)


if __name__ == '__main__':
    arguments_ = arguments()
    getattr(Figures(arguments_), arguments_.part)()
