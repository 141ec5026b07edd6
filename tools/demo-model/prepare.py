"""Corpus to tokenizer and token files.

usage: prepare.py CORPUS.tar.xz FAMILY WORK [--vocabulary N | --tokenizer FILE]

FAMILY is a folder with DeepSeek-V3's tokenizer.json and tokenizer_config.json. WORK receives tokenizer.json,
tokenizer_config.json, train.npz and valid.npz; and, for deskseek eval and imatrix, simple stories of both as valid.txt and
calibration.txt.
"""
import argparse
import collections
import json
import os
import random
import shutil

import numpy as np

import bpe
import corpus

CALIBRATION = 1 << 20  # characters
QUESTIONS = 4  # a document is asked for in so many ways; each pass draws one


def arguments():
    a = argparse.ArgumentParser()
    a.add_argument('corpus')
    a.add_argument('family')
    a.add_argument('work')
    a.add_argument('--vocabulary', type=int, default=2048)
    a.add_argument('--tokenizer', help='use this tokenizer.json, to train a network further that has one')
    return a.parse_args()


def make_tokenizer(a, documents):
    """Writes WORK/tokenizer.json and returns it."""
    path = os.path.join(a.work, 'tokenizer.json')
    if a.tokenizer:
        shutil.copyfile(a.tokenizer, path)
        return bpe.Tokenizer.load(path)
    with open(os.path.join(a.family, 'tokenizer.json'), encoding='utf-8') as f:
        family = json.load(f)
    words, count = bpe.splitter(family), collections.Counter()
    for d in documents:
        for w in words(d.text):
            count[w] += 2 if d.simple else 1  # as often as training will show it
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(bpe.build(family, count, a.vocabulary), f, ensure_ascii=False, indent=0)
    return bpe.Tokenizer.load(path)


def encode(documents, tokenizer, questions):
    """Returns the arrays of one file: documents' tokens end to end with their borders, questions likewise."""
    rng = random.Random(2)
    texts, asked = [], []
    for d in documents:
        texts.append(tokenizer.encode(d.text))
        asked += [tokenizer.encode(questions.ask(d, rng)) if d.answers else [] for _ in range(QUESTIONS)]
    return {
        'tokens': np.array([t for x in texts for t in x], np.uint16), 'ends': np.cumsum([len(x) for x in texts]),
        'questions': np.array([t for x in asked for t in x], np.uint16), 'question_ends': np.cumsum([len(x) for x in asked]),
        'simple': np.array([d.simple for d in documents]), 'lengths': np.array(tokenizer.lengths(), np.int64),
        'special': np.array([tokenizer.special[s] for s in (bpe.BOS, bpe.EOS, bpe.USER, bpe.ASSISTANT)], np.uint16),
    }


def write_text(path, documents, size=None):
    """Writes the simple stories, an empty line between two; of all, the first size characters."""
    text = '\n\n'.join(d.text for d in documents if d.simple)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text[:size])


def main():
    a = arguments()
    os.makedirs(a.work, exist_ok=True)
    train, valid = corpus.read(a.corpus)
    tokenizer = make_tokenizer(a, train)
    shutil.copyfile(os.path.join(a.family, 'tokenizer_config.json'), os.path.join(a.work, 'tokenizer_config.json'))
    write_text(os.path.join(a.work, 'valid.txt'), valid)
    write_text(os.path.join(a.work, 'calibration.txt'), train, CALIBRATION)
    questions = corpus.Questions(train)
    for name, documents in (('valid', valid), ('train', train)):
        arrays = encode(documents, tokenizer, questions)
        np.savez(os.path.join(a.work, name + '.npz'), **arrays)
        size, text = len(arrays['tokens']), sum(len(d.text.encode()) for d in documents)
        print(f'{name}: {len(documents)} documents, {size / 1e6:.2f} M tokens, {text / size:.2f} bytes a token')


if __name__ == '__main__':
    main()
