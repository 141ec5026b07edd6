package deskseek

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// memoryBytes bounds what is remembered of conversations' tokens.
const memoryBytes = 64 << 20

// recall takes in the conversations that the folder keeps. One that can't be read is
// encoded as its text would be.
func (l *LLM) recall() {
	if l.text.Tokenizer == nil {
		return
	}
	for _, data := range l.disk.Notes() {
		if r, err := chat.ParseRecord(data); err == nil {
			l.memory.Add(l.text.Tokenizer, r)
		}
	}
}

// notes guard the folder's notes: an answer that ends as the LLM is closed has none any more.
type notes struct {
	mutex  sync.Mutex
	closed bool
}

func (n *notes) close(d *disk.Store) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.closed = true
	return d.Close()
}

// remember notes of which tokens a conversation was made, here and in the folder: of the
// prompt's segments and tokens, and of an answer of which text was shown. What the folder
// can't keep is encoded as its text would be, after a restart.
func (l *LLM) remember(segments []chat.Segment, prompt, sampled []token.ID, text string) {
	if last := len(sampled) - 1; l.isEnd(sampled[last]) {
		sampled = sampled[:last]
	}
	r := &chat.Record{
		Segments: slices.Concat(segments, shownOf(chat.Segments(l.text.Tokenizer, sampled), text)),
		IDs:      slices.Concat(prompt, sampled),
	}
	l.memory.Add(l.text.Tokenizer, r)
	if l.disk == nil {
		return
	}
	if err := l.note(r, segments); err != nil && l.storeFailed != nil {
		l.storeFailed(fmt.Errorf("the tokens of a conversation: %w", err))
	}
}

// note keeps a conversation in the folder, in place of the one that its prompt goes on from,
// whose tokens it has, too.
func (l *LLM) note(r *chat.Record, prompt []chat.Segment) error {
	l.notes.mutex.Lock()
	defer l.notes.mutex.Unlock()
	if l.notes.closed {
		return nil
	}
	name := nameOf(r.Segments)
	if err := l.disk.PutNote(name, r.Append(nil)); err != nil {
		return err
	}
	for i, s := range slices.Backward(prompt) {
		if id, ok := l.text.Tokenizer.Lookup(s.Text); s.Special && ok && l.isEnd(id) { // of the last answer
			if before := nameOf(prompt[:i]); before != name {
				return l.disk.DropNote(before)
			}
			break
		}
	}
	return nil
}

func (l *LLM) isEnd(id token.ID) bool { return slices.Contains(l.model.Config.EOS, int32(id)) }

// shownOf returns the segments of an answer as far as its text was shown: of one that a stop
// text ended, or that nobody read to its end, the last may be a part. Added tokens that are
// not shown stay.
func shownOf(answer []chat.Segment, text string) (segments []chat.Segment) {
	for _, s := range answer {
		rest, whole := strings.CutPrefix(text, s.Text)
		switch {
		case whole:
			text = rest
		case !s.Special:
			if text != "" {
				segments = append(segments, chat.Segment{Text: text})
			}
			return segments
		}
		segments = append(segments, s)
	}
	return segments
}

// nameOf names a conversation by all that was said, text and added tokens apart, however the
// text is cut.
func nameOf(segments []chat.Segment) string {
	h := sha256.New()
	text := ""
	write := func() {
		fmt.Fprintf(h, "%d %s", len(text), text)
		text = ""
	}
	for _, s := range segments {
		if !s.Special {
			text += s.Text
			continue
		}
		write()
		fmt.Fprintf(h, "mark %d %s", len(s.Text), s.Text)
	}
	write()
	return hex.EncodeToString(h.Sum(nil)[:16])
}
