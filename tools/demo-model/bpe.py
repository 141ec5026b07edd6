"""Byte-level BPE with the pre-tokenizer and the special tokens of DeepSeek-V3, in a small vocabulary."""
import collections
import heapq
import json

import regex

# Special tokens stand where the family has them: three before the bytes, the others after the merges.
FIRST = ['<｜begin▁of▁sentence｜>', '<｜end▁of▁sentence｜>', '<｜▁pad▁｜>']
LAST = ['<｜fim▁hole｜>', '<｜fim▁begin｜>', '<｜fim▁end｜>', '<｜User｜>', '<｜Assistant｜>', '<|EOT|>',
        '<｜tool▁calls▁begin｜>', '<｜tool▁calls▁end｜>', '<｜tool▁call▁begin｜>', '<｜tool▁call▁end｜>',
        '<｜tool▁outputs▁begin｜>', '<｜tool▁outputs▁end｜>', '<｜tool▁output▁begin｜>', '<｜tool▁output▁end｜>',
        '<｜tool▁sep｜>']
BOS, EOS, USER, ASSISTANT = '<｜begin▁of▁sentence｜>', '<｜end▁of▁sentence｜>', '<｜User｜>', '<｜Assistant｜>'


def byte_letters():
    """GPT-2's printable letter for each byte."""
    plain = [*range(ord('!'), ord('~') + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}


LETTER = byte_letters()


def splitter(tokenizer):
    """Returns the pre-tokenizer of a tokenizer.json as a function from text to words."""
    patterns = [regex.compile(p['pattern']['Regex']) for p in tokenizer['pre_tokenizer']['pretokenizers']
                if p['type'] == 'Split']

    def isolate(pattern, part):
        at = 0
        for m in pattern.finditer(part):
            yield part[at:m.start()]
            yield m.group()
            at = m.end()
        yield part[at:]

    def words(text):
        parts = [text]
        for pattern in patterns:
            parts = [w for p in parts for w in isolate(pattern, p) if w]
        return parts
    return words


class Merger:
    """Learns merges: the commonest pair first, counts kept up to date word by word."""

    def __init__(self, word_counts):
        self.words = [[LETTER[b] for b in w.encode()] for w in word_counts]
        self.counts = list(word_counts.values())
        self.pairs = collections.Counter()
        self.where = collections.defaultdict(set)
        for i, w in enumerate(self.words):
            self.count(i, w, +1)
        self.heap = [(-c, p) for p, c in self.pairs.items()]
        heapq.heapify(self.heap)

    def count(self, i, word, sign):
        for p in zip(word, word[1:]):
            self.pairs[p] += sign * self.counts[i]
            self.where[p].add(i)

    def best(self):
        """Returns the commonest pair, or None. Heap entries may be stale: those are pushed again with today's count."""
        while self.heap:
            negative, pair = heapq.heappop(self.heap)
            now = self.pairs[pair]
            if now > 0 and now == -negative:
                return pair
            if now > 0:
                heapq.heappush(self.heap, (-now, pair))
        return None

    def merge(self, pair):
        changed = set()
        for i in self.where.pop(pair):
            old = self.words[i]
            new = joined(old, pair)
            self.count(i, old, -1)
            self.count(i, new, +1)
            self.words[i] = new
            changed.update(zip(new, new[1:]))
        self.where.pop(pair, None)
        del self.pairs[pair]
        for p in changed:
            heapq.heappush(self.heap, (-self.pairs[p], p))


def joined(word, pair):
    out, j = [], 0
    while j < len(word):
        if tuple(word[j:j + 2]) == pair:
            out.append(word[j] + word[j + 1])
            j += 2
        else:
            out.append(word[j])
            j += 1
    return out


def train(word_counts, merges):
    merger, out = Merger(word_counts), []
    while len(out) < merges and (pair := merger.best()):
        merger.merge(pair)
        out.append(pair)
    return out


def build(family, word_counts, size):
    """Returns a tokenizer.json like the family's with a vocabulary of size tokens."""
    merges = train(word_counts, size - len(FIRST) - len(LETTER) - len(LAST))
    tokens = FIRST + sorted(LETTER.values()) + [a + b for a, b in merges]
    if len(tokens) != size - len(LAST):
        raise SystemExit(f'the corpus has merges for {len(tokens) + len(LAST)} tokens only, {size} were wanted')
    entry = {a['content']: a for a in family['added_tokens']}
    special = list(enumerate(FIRST)) + list(enumerate(LAST, size - len(LAST)))
    model = family['model'] | {'vocab': {t: i for i, t in enumerate(tokens)}, 'merges': [f'{a} {b}' for a, b in merges]}
    return family | {'added_tokens': [entry[s] | {'id': i} for i, s in special], 'model': model}


class Tokenizer:
    """Encodes text by a tokenizer.json."""

    def __init__(self, tokenizer):
        self.words = splitter(tokenizer)
        self.vocab = tokenizer['model']['vocab']
        self.rank = {tuple(m.split(' ')): i for i, m in enumerate(tokenizer['model']['merges'])}
        self.special = {a['content']: a['id'] for a in tokenizer['added_tokens']}
        self.known = {}

    @classmethod
    def load(cls, path):
        with open(path, encoding='utf-8') as f:
            return cls(json.load(f))

    def word(self, word):
        if word not in self.known:
            parts = [LETTER[b] for b in word.encode()]
            while len(parts) > 1:
                pair = min(zip(parts, parts[1:]), key=lambda p: self.rank.get(p, len(self.rank)))
                if pair not in self.rank:
                    break
                parts = joined(parts, pair)
            self.known[word] = [self.vocab[p] for p in parts]
        return self.known[word]

    def encode(self, text):
        return [t for w in self.words(text) for t in self.word(w)]

    def lengths(self):
        """Bytes of text each token stands for; 0 for special ones."""
        out = [0] * (len(self.vocab | self.special))
        for token, i in self.vocab.items():
            if token not in self.special:
                out[i] = len(token)  # one letter a byte
        return out
