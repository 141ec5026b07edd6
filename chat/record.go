package chat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/deskseek/deskseek/token"
)

// A Record is a conversation as it was rendered, up to some point, and the tokens
// that were really used for it: those of the prompts, and those that were sampled.
type Record struct {
	Segments []Segment
	IDs      []token.ID
}

// Segments returns what tokens of an answer stand for: added tokens, whose text is
// special, and the text between them.
func Segments(tok *token.Tokenizer, ids []token.ID) (segments []Segment) {
	start := 0
	text := func(end int) {
		if s := tok.Decode(ids[start:end], false); s != "" {
			segments = append(segments, Segment{Text: s})
		}
	}
	for i, id := range ids {
		if mark, ok := added(tok, id); ok {
			text(i)
			segments = append(segments, Segment{Text: mark, Special: true})
			start = i + 1
		}
	}
	text(len(ids))
	return segments
}

// added returns the content of an added token.
func added(tok *token.Tokenizer, id token.ID) (string, bool) {
	content := string(tok.Bytes(id))
	found, ok := tok.Lookup(content)
	return content, ok && found == id
}

const recordVersion = 1

// Append writes the record behind b: the version; the number of segments, and of
// each 2·bytes (+ 1 if it is special) and its text; the number of tokens, and their
// ids. Numbers are unsigned varints (encoding/binary).
func (r *Record) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, recordVersion)
	b = binary.AppendUvarint(b, uint64(len(r.Segments)))
	for _, s := range r.Segments {
		n := uint64(len(s.Text)) << 1
		if s.Special {
			n |= 1
		}
		b = append(binary.AppendUvarint(b, n), s.Text...)
	}
	b = binary.AppendUvarint(b, uint64(len(r.IDs)))
	for _, id := range r.IDs {
		b = binary.AppendUvarint(b, uint64(id))
	}
	return b
}

// ParseRecord reads what Append wrote. It takes memory in proportion to data.
func ParseRecord(data []byte) (*Record, error) {
	p := recordReader{rest: data}
	if v := p.number(math.MaxUint64); p.err == nil && v != recordVersion {
		return nil, fmt.Errorf("record of a conversation: version %d, want %d", v, recordVersion)
	}
	r := &Record{}
	for range p.number(uint64(len(p.rest))) {
		n := p.number(math.MaxUint64)
		r.Segments = append(r.Segments, Segment{Text: p.text(n >> 1), Special: n&1 == 1})
		if p.err != nil {
			break
		}
	}
	for range p.number(uint64(len(p.rest))) {
		r.IDs = append(r.IDs, token.ID(p.number(math.MaxInt32)))
		if p.err != nil {
			break
		}
	}
	if p.err == nil && len(p.rest) > 0 {
		p.err = fmt.Errorf("%d bytes behind the last token", len(p.rest))
	}
	if p.err != nil {
		return nil, fmt.Errorf("record of a conversation: %w", p.err)
	}
	return r, nil
}

// A recordReader reads a record and keeps the first error.
type recordReader struct {
	rest []byte
	err  error
}

func (p *recordReader) number(most uint64) uint64 {
	v, n := binary.Uvarint(p.rest)
	switch {
	case p.err != nil:
		return 0
	case n <= 0:
		p.err = errors.New("it ends early, or has no number where one belongs")
		return 0
	case v > most:
		p.err = fmt.Errorf("number %d, want at most %d", v, most)
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

func (p *recordReader) text(n uint64) string {
	if p.err == nil && n > uint64(len(p.rest)) {
		p.err = fmt.Errorf("text of %d bytes in %d", n, len(p.rest))
	}
	if p.err != nil {
		return ""
	}
	text := string(p.rest[:n])
	p.rest = p.rest[n:]
	return text
}
