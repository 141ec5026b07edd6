package deskseek

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/deskseek/deskseek/chat"
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

// remember notes of which tokens a conversation was made, here and in the folder.
// What the folder can't keep is encoded as its text would be, after a restart.
func (l *LLM) remember(r *chat.Record) {
	l.memory.Add(l.text.Tokenizer, r)
	if l.disk == nil {
		return
	}
	if err := l.disk.PutNote(nameOf(r.Segments), r.Append(nil)); err != nil && l.storeFailed != nil {
		l.storeFailed(fmt.Errorf("the tokens of a conversation: %w", err))
	}
}

// nameOf names a conversation by what is up to its first answer, so that it keeps its
// name as it grows, and another that begins with the same question has another: all up to
// the fourth added token, as templates begin with those of the text, the user and the
// assistant, and have one behind an answer.
func nameOf(segments []chat.Segment) string {
	h, marks := sha256.New(), 0
	for _, s := range segments {
		if s.Special {
			marks++
		}
		if marks == 4 {
			break
		}
		fmt.Fprintf(h, "%v %d %s", s.Special, len(s.Text), s.Text)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
