"""Token files to batches for training and to rows for validation."""
import numpy as np
import torch

CHAT = 0.5  # of the documents that can answer a question, the share that does


class Documents:
    """The arrays of train.npz or valid.npz (see prepare.py)."""

    def __init__(self, path):
        with np.load(path) as f:
            self.tokens, self.simple, self.lengths = f['tokens'], f['simple'], f['lengths']
            self.begin, self.end, self.user, self.assistant = f['special']
            self.texts = np.split(self.tokens, f['ends'][:-1])
            self.questions = np.split(f['questions'], f['question_ends'][:-1])

    def plain(self, i):
        return np.concatenate(([self.begin], self.texts[i], [self.end]))

    def chat(self, i, rng):
        kinds = len(self.questions) // len(self.texts)
        question = self.questions[kinds * i + rng.integers(kinds)]
        return np.concatenate(([self.begin, self.user], question, [self.assistant], self.texts[i], [self.end]))

    def passage(self, i, rng):
        """Document i, as text or as the answer to a question."""
        answers = len(self.questions[(len(self.questions) // len(self.texts)) * i]) > 0
        return self.chat(i, rng) if answers and rng.random() < CHAT else self.plain(i)


class Stream:
    """Endless batches [B, T+1]: documents in random order, end to end, each simple one as often as told per pass.

    Consecutive rows overlap in one token. Documents see those before them in their row: BOS teaches to forget them.
    """

    def __init__(self, documents, batch, length, simple_times, seed):
        self.documents, self.shape = documents, (batch, length)
        self.order = np.repeat(np.arange(len(documents.texts)), np.where(documents.simple, simple_times, 1))
        self.rng = np.random.default_rng(seed)
        self.next_pass()

    def next_pass(self):
        length = self.shape[1]
        stream = np.concatenate([self.documents.passage(i, self.rng) for i in self.rng.permutation(self.order)])
        starts = np.arange((len(stream) - 1) // length) * length
        rows = np.stack([stream[s:s + length + 1] for s in starts])
        self.rows, self.per_pass = self.rng.permutation(rows), len(rows) * length  # tokens of a pass

    def batch(self):
        if len(self.rows) < self.shape[0]:
            self.next_pass()
        out, self.rows = self.rows[:self.shape[0]], self.rows[self.shape[0]:]
        return torch.from_numpy(out.astype(np.int64))


IGNORED = -100  # a target that is padding, as in cross_entropy


def validation(documents, simple, length, batch=16):
    """Yields (inputs, targets) [B, ...] of whole documents, each at most length tokens, shortest first."""
    rows = sorted((documents.plain(i)[:length + 1] for i in np.flatnonzero(documents.simple == simple)), key=len)
    for k in range(0, len(rows), batch):
        part = rows[k:k + batch]
        x = np.full((len(part), max(map(len, part))), IGNORED, np.int64)
        for row, to in zip(part, x):
            to[:len(row)] = row
        x = torch.from_numpy(x)
        yield x[:, :-1].clamp(min=0), x[:, 1:]
