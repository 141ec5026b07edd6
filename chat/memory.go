package chat

import (
	"container/list"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/deskseek/deskseek/token"
)

// A Memory knows which tokens were really used for conversations that were seen, so
// that one that comes back as text is encoded to the same tokens, and its latents
// are found in a cache. A network does not always sample the tokens that its text
// would be encoded to.
//
// A conversation is cut at its added tokens, which no text can spell: what is
// between two of them is encoded by itself. Of each such stretch whose tokens are
// not those of Encode, a Memory keeps the tokens, under a hash of the stretch's
// text and of all that is before it, added tokens and text apart. So a conversation
// finds its tokens again up to where it was edited, and those behind it are
// encoded as ever; a stretch is found whatever follows, such as the end that a
// template writes behind an answer that had none.
//
// A Memory may be used by several goroutines. A nil one remembers nothing.
type Memory struct {
	mu    sync.Mutex
	limit int64
	bytes int64
	known map[place]*list.Element // of *remembered
	order list.List               // the last used first
}

// A place is a stretch, by the SHA-256 of what is before it and of its text.
type place [sha256.Size]byte

// remembered are the tokens of a stretch.
type remembered struct {
	place place
	ids   []token.ID
}

// size returns about the bytes of memory that a stretch takes.
func (r *remembered) size() int64 { return int64(4*len(r.ids)) + 256 }

// NewMemory returns a Memory that takes about as many bytes at most; what was used
// least recently leaves.
func NewMemory(bytes int64) *Memory {
	m := &Memory{limit: bytes, known: map[place]*list.Element{}}
	m.order.Init()
	return m
}

// A path names what is before a stretch.
type path [sha256.Size]byte

// place names a stretch with this text.
func (p path) place(text string) place {
	h := sha256.New()
	h.Write([]byte{'t'})
	h.Write(p[:])
	h.Write([]byte(text))
	return place(h.Sum(nil))
}

// behind names what follows a stretch and the added token that ends it.
func (s place) behind(mark string) path {
	h := sha256.New()
	h.Write([]byte{'m'})
	h.Write(s[:])
	h.Write([]byte(mark))
	return path(h.Sum(nil))
}

// Encode returns the tokens of a rendered conversation, as the function Encode
// does, but for each stretch that was seen behind the same conversation those that
// were used then. They decode to the same text.
func (m *Memory) Encode(tok *token.Tokenizer, segments []Segment) ([]token.ID, error) {
	var ids []token.ID
	var before path
	for _, s := range stretches(segments) {
		var at place
		var used []token.ID
		if m != nil {
			at = before.place(s.text)
			used = m.find(at)
		}
		if used != nil {
			ids = append(ids, used...)
		} else {
			ids = tok.Encode(ids, s.text, false)
		}
		if s.mark == "" {
			break
		}
		id, ok := tok.Lookup(s.mark)
		if !ok {
			return nil, fmt.Errorf("chat template uses the token %s, which the vocabulary does not have", s.mark)
		}
		ids = append(ids, id)
		if m != nil {
			before = at.behind(s.mark)
		}
	}
	return ids, nil
}

// find returns the tokens of a stretch, nil if none are known. They never change.
func (m *Memory) find(at place) []token.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.known[at]
	if e == nil {
		return nil
	}
	m.order.MoveToFront(e)
	return e.Value.(*remembered).ids
}

// Add takes in which tokens were used for a conversation. They are not believed:
// stretches whose tokens decode to another text, and all behind added tokens that
// are others, are passed over. Where the text ends before its tokens do (a stop
// string was cut off), the tokens that fit are taken, and the end is encoded.
func (m *Memory) Add(tok *token.Tokenizer, r *Record) {
	if m == nil {
		return
	}
	rest := r.IDs
	var before path
	for _, s := range stretches(r.Segments) {
		end := slices.IndexFunc(rest, func(id token.ID) bool {
			_, ok := added(tok, id)
			return ok
		})
		if end < 0 {
			end = len(rest)
		}
		at := before.place(s.text)
		m.learn(tok, at, s, rest[:end])
		if end == len(rest) {
			return
		}
		if mark, _ := added(tok, rest[end]); mark != s.mark {
			return
		}
		rest, before = rest[end+1:], at.behind(s.mark)
	}
}

// learn takes in the tokens of a stretch, which hold no added ones.
func (m *Memory) learn(tok *token.Tokenizer, at place, s stretch, ids []token.ID) {
	if slices.ContainsFunc(ids, func(id token.ID) bool { return tok.Bytes(id) == nil }) {
		return // of no vocabulary of ours: a network may be asked for no such token
	}
	if text := tok.Decode(ids, false); text != s.text {
		if s.mark != "" || !strings.HasPrefix(text, s.text) {
			return
		}
		ids = fitting(tok, s.text, ids)
	}
	if slices.Equal(ids, tok.Encode(nil, s.text, false)) {
		ids = nil // Encode knows them
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.known[at]; e != nil {
		m.drop(e)
	}
	if ids == nil {
		return
	}
	n := &remembered{at, slices.Clone(ids)}
	m.known[at] = m.order.PushFront(n)
	for m.bytes += n.size(); m.bytes > m.limit && m.order.Len() > 0; {
		m.drop(m.order.Back())
	}
}

func (m *Memory) drop(e *list.Element) {
	n := m.order.Remove(e).(*remembered)
	delete(m.known, n.place)
	m.bytes -= n.size()
}

// fitting returns the first of the tokens that text begins with, and the encoding
// of the rest.
func fitting(tok *token.Tokenizer, text string, ids []token.ID) (fit []token.ID) {
	rest, n := text, 0
	for i, id := range ids {
		after, ok := strings.CutPrefix(rest, string(tok.Bytes(id)))
		if !ok {
			break
		}
		if rest = after; rest == "" || utf8.RuneStart(rest[0]) {
			n, text = i+1, rest // a place to cut: a character begins
		}
	}
	return tok.Encode(slices.Clone(ids[:n]), text, false)
}
