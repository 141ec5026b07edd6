"""The corpus: documents by source, the split for validation, and the question each story could answer.

The archive holds one text file a source; a line `<|endoftext|>` ends each document.
"""
import collections
import dataclasses
import math
import random
import re
import tarfile

VALID_SIMPLE, VALID_REST = 250, 30
SHORTEST = 100  # characters: what is shorter is no story
LONGEST_ANSWER = 6000  # characters: longer documents are chapters of books, which answer no question


@dataclasses.dataclass
class Document:
    text: str
    source: str

    @property
    def simple(self):
        """Whether it is one of the simple stories that the model is for."""
        return self.source.startswith('tinystories')

    @property
    def answers(self):
        """Whether it may stand as the answer to "Tell me a story"."""
        return self.source != 'classics' and len(self.text) <= LONGEST_ANSWER


def read(archive):
    """Returns (train, valid). The split depends on nothing but the archive: a model that is trained on must never
    have seen its validation documents."""
    simple, rest = [], []
    with tarfile.open(archive) as t:
        for member in sorted(t.getmembers(), key=lambda m: m.name):
            source = member.name.split('/')[-1].removesuffix('.txt')
            for text in t.extractfile(member).read().decode().split('<|endoftext|>'):
                if len(text.strip()) > SHORTEST:
                    d = Document(text.strip(), source)
                    (simple if d.simple else rest).append(d)
    rng = random.Random(1)
    rng.shuffle(simple)
    rng.shuffle(rest)
    return rest[VALID_REST:] + simple[VALID_SIMPLE:], simple[:VALID_SIMPLE] + rest[:VALID_REST]


class Questions:
    """Finds what a story is about, by the nouns that are frequent in it and rare elsewhere, and asks for it."""

    NOUN = re.compile(r'\b(?:a|an|the|The|A) (?:(?:little|big|small|old|red|blue|green|pretty|happy|sad|nice|new|shiny'
                      r'|white|black|tiny|funny) )?([a-z]{3,12})\b')
    NO_NOUN = set('little big small old red blue green pretty happy sad nice new shiny white black tiny funny other same'
                  ' next best very first last great good bad more most end day time way lot bit long whole right left'
                  ' only few one two three many kind'.split())
    ABOUT = ['Tell me a story about {}.', 'Tell me a story about {}.', 'Write a short story about {}.',
             'Can you tell me a story about {}?', 'I want a story about {}.', 'Please tell a story about {}.']
    OPEN = ['Tell me a story.', 'Write a short story for a child.', 'Tell me a bedtime story, please.']

    def __init__(self, documents):
        self.total = len(documents)
        self.seen_in = collections.Counter()
        for d in documents:
            self.seen_in.update(set(self.nouns(d.text)))

    def nouns(self, text):
        return collections.Counter(w for w in self.NOUN.findall(text) if w not in self.NO_NOUN)

    def ask(self, document, rng):
        count = self.nouns(document.text)
        best = sorted(count, key=lambda w: -count[w] * math.log(self.total / (1 + self.seen_in[w])))
        if not best or rng.random() < 0.1:
            return rng.choice(self.OPEN)
        things = [('an ' if w[0] in 'aeiou' else 'a ') + w for w in best[:rng.choice([1, 1, 1, 2])]]
        return rng.choice(self.ABOUT).format(' and '.join(things))
