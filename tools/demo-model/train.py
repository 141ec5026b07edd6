"""Trains the demo model.

usage: train.py WORK --minutes M [--resume | --init FOLDER] [--batch N] [--length T] [--set key=value ...]

WORK comes from prepare.py; it receives checkpoint.pt, from which --resume goes on, and stages.csv, one line a stage.
--init starts from the weights of an exported folder. The rate falls to zero over the minutes, whatever the machine
manages in them: a run is finished when it ends. On a CPU they are the process's own, so that it may be stopped
meanwhile, or share its cores.
"""
import argparse
import csv
import os
import time

import torch

import export
from batches import Documents, Stream
from evaluate import evaluate, losses
from muon import Muon
from network import Config, Network, bf16

MUON_RATE, ADAM_RATE = 4e-3, 3e-3
WARM_STEPS = 30
MTP_WEIGHT = (0.3, 0.1)  # before and after 70 % of the time, as the report's 0.3 and 0.1
BALANCE_WEIGHT = 1e-4
BIAS_STEP = 0.002  # of the router's correction bias; 0 for the last tenth


def arguments():
    a = argparse.ArgumentParser()
    a.add_argument('work')
    a.add_argument('--minutes', type=float, required=True)
    a.add_argument('--resume', action='store_true')
    a.add_argument('--init', metavar='FOLDER')
    a.add_argument('--batch', type=int, default=16)
    a.add_argument('--length', type=int, default=512)
    a.add_argument('--simple', type=int, default=2, help='how often a pass shows each simple story')
    a.add_argument('--seed', type=int, default=0, help='of the order of the documents; another one for each run')
    a.add_argument('--rate', type=float, default=1.0, help='factor of the learning rates')
    a.add_argument('--stage', type=float, default=5, help='minutes between validations')
    a.add_argument('--set', nargs='*', default=[], metavar='key=value', help='keys of the config')
    return a.parse_args()


class Trainer:
    def __init__(self, a):
        self.a = a
        self.device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self.tokens = self.steps = 0
        self.seconds = self.earlier = 0.0  # of this run so far, and of it before it was resumed
        torch.manual_seed(1)
        saved = torch.load(self.checkpoint, map_location=self.device) if a.resume else None
        config, weights = self.start(saved)
        self.network = Network(config)
        if weights:
            self.network.load_state_dict(weights)
        self.network.to(self.device)
        self.optimizers = self.make_optimizers()
        if saved:
            self.tokens, self.steps, self.earlier = saved['tokens'], saved['steps'], saved['seconds']
            for o, state in zip(self.optimizers, saved['optimizers']):
                o.load_state_dict(state)
        self.valid = Documents(os.path.join(a.work, 'valid.npz'))
        train = Documents(os.path.join(a.work, 'train.npz'))
        self.stream = Stream(train, a.batch, a.length, a.simple, seed=[a.seed, self.steps])

    @property
    def checkpoint(self):
        return os.path.join(self.a.work, 'checkpoint.pt')

    def start(self, saved):
        """Returns the config and the weights to start from, None for random ones."""
        if saved:
            return Config(**saved['config']), saved['network']
        if self.a.init:
            return export.load(self.a.init)
        kinds = {k: type(v) for k, v in vars(Config()).items()}
        return Config(**{k: kinds[k](v) for k, v in (s.split('=') for s in self.a.set)}), None

    def make_optimizers(self):
        """Muon for the matrices; AdamW for embedding, head, router and norms."""
        matrices, others = [], []
        for name, p in self.network.named_parameters():
            plain = p.ndim < 2 or name.endswith(('embed_tokens.weight', 'lm_head.weight', 'mlp.gate.weight'))
            (others if plain else matrices).append(p)
        self.others = others
        return Muon(matrices, MUON_RATE), torch.optim.AdamW(others, ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0)

    def step(self, progress):
        x = self.stream.batch().to(self.device)
        with bf16(self.device):
            one, two, _, _ = losses(self.network, x[:, :-1], x[:, 1:])
        moes = self.network.moes()
        balance = sum(m.balance for m in moes)
        (one + MTP_WEIGHT[progress > 0.7] * two + BALANCE_WEIGHT * balance).backward()
        torch.nn.utils.clip_grad_norm_(self.others, 1.0)
        factor = self.a.rate * min(1, (self.steps + 1) / WARM_STEPS) * min(1, (1 - progress) / 0.8)
        for o, rate in zip(self.optimizers, (MUON_RATE, ADAM_RATE)):
            o.param_groups[0]['lr'] = rate * factor
            o.step()
            o.zero_grad(set_to_none=True)
        if progress < 0.9:
            for m in moes:
                load = m.load.float()
                m.gate.e_score_correction_bias += BIAS_STEP * torch.sign(load.mean() - load)
        self.steps += 1
        self.tokens += x[:, 1:].numel()
        return one.item(), two.item()

    def evaluate(self):
        """One line of stages.csv."""
        line = {'minutes': round((self.earlier + self.seconds) / 60, 1), 'steps': self.steps, 'tokens': self.tokens,
                'passes': round(self.tokens / self.stream.per_pass, 4)}
        return line | evaluate(self.network, self.valid, self.a.length, bf16(self.device))

    def stage(self):
        line, path = self.evaluate(), os.path.join(self.a.work, 'stages.csv')
        new = not os.path.exists(path)
        with open(path, 'a', newline='') as f:
            w = csv.DictWriter(f, line, lineterminator='\n')
            if new:
                w.writeheader()
            w.writerow(line)
        print('stage', {k: v for k, v in line.items() if not k.startswith('moe')}, flush=True)

    def save(self):
        torch.save({'config': vars(self.network.config), 'network': self.network.state_dict(),
                    'optimizers': [o.state_dict() for o in self.optimizers], 'tokens': self.tokens,
                    'steps': self.steps, 'seconds': self.earlier + self.seconds}, self.checkpoint + '.new')
        os.replace(self.checkpoint + '.new', self.checkpoint)

    def clock(self):
        """Seconds, since whenever."""
        return time.process_time() / torch.get_num_threads() if self.device == 'cpu' else time.monotonic()

    def run(self):
        total, began = self.a.minutes * 60, self.clock()
        if not self.a.resume:
            self.stage()
        next_stage = self.a.stage * 60
        while (progress := (self.earlier + self.seconds) / total) < 1:
            one, two = self.step(progress)
            self.seconds = self.clock() - began
            if self.steps % 20 == 0:
                print(f'step {self.steps} tokens {self.tokens / 1e6:.2f} M loss {one:.3f} mtp {two:.3f} at {self.seconds:.0f} s', flush=True)
            if self.seconds > next_stage and self.earlier + self.seconds < total:  # the last one comes below
                next_stage += self.a.stage * 60
                self.stage()
                self.save()
        self.stage()
        self.save()


if __name__ == '__main__':
    Trainer(arguments()).run()
