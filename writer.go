package deskseek

import (
	"slices"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/token"
)

// A writer turns an answer's tokens into the text to show: whole characters,
// without end tokens, and nothing from a stop text on.
type writer struct {
	decoder *token.Decoder // nil: no tokenizer, no text
	stops   *chat.Stops
	end     []token.ID
	stopped bool // a stop text ended the answer
}

func newWriter(t *token.Tokenizer, stops []string, end []token.ID) *writer {
	w := &writer{stops: chat.NewStops(stops), end: end}
	if t != nil {
		w.decoder = t.NewDecoder(true)
	}
	return w
}

// push takes in a token and returns what can be shown now.
func (w *writer) push(id token.ID) string {
	if w.decoder == nil || slices.Contains(w.end, id) {
		return ""
	}
	return w.text(w.decoder.Push(id))
}

func (w *writer) text(s string) string {
	s, w.stopped = w.stops.Push(s)
	return s
}

// flush returns what was held back, at the end of an answer.
func (w *writer) flush() string {
	if w.decoder == nil {
		return ""
	}
	s := w.text(w.decoder.Flush())
	if !w.stopped {
		s += w.stops.Flush()
	}
	return s
}
