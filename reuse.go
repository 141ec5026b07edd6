package deskseek

import "bytes"

// A Reuse says how much of a prompt was cached, and where it parted from what was:
// why a conversation that should have gone on was read again, for instance.
type Reuse struct {
	// Tokens of the prompt were cached, which are Bytes of its text, with that of
	// special tokens. The last token
	// is computed in any case, and mostly the one before.
	Tokens, Bytes int
	// Differs is whether something was cached at the place where the reuse ended, so
	// that the prompt differs from it: at byte At of its text, which is where the
	// prompt has Prompt and the cache had Cached.
	Differs        bool
	At             int
	Prompt, Cached string
}

// Reuse returns how much of an answer's prompt was cached. A model without tokenizer
// has no text: it tells tokens alone.
func (l *LLM) Reuse(e *End) Reuse {
	r := Reuse{Tokens: e.Stats.Reused}
	tok := l.text.Tokenizer
	if tok == nil {
		return r
	}
	before := len(tok.Decode(e.Prompt[:r.Tokens], false))
	r.Bytes = before
	if len(e.Stats.Instead) == 0 {
		return r
	}
	// What was cached begins where the tokens part, which is not before what was
	// reused.
	at := e.Stats.Parted
	rest, cached := []byte(tok.Decode(e.Prompt[at:], false)), []byte(tok.Decode(e.Stats.Instead, true))
	n := 0
	for n < len(rest) && n < len(cached) && rest[n] == cached[n] {
		n++
	}
	r.Differs = n < len(rest) && n < len(cached)
	if r.Differs {
		r.At = len(tok.Decode(e.Prompt[:at], false)) + n
		r.Prompt, r.Cached = excerpt(rest[n:]), excerpt(cached[n:])
	}
	return r
}

// excerpt returns the beginning of a text, up to 40 bytes and whole characters.
func excerpt(b []byte) string {
	if len(b) > 40 {
		b = b[:40]
	}
	return string(bytes.ToValidUTF8(b, nil))
}
