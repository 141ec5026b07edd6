package engine

import "time"

// A Trace is told what the engine does, as it does it, by the engine's goroutine,
// which waits for each function to return. Any of them may be nil.
type Trace struct {
	// Admit: a sequence was given pages and will be computed. Reused of its
	// tokens are cached already.
	Admit func(id, tokens, reused int)
	// Step: a step was computed. The sequences that end with it have not ended yet.
	Step func(StepInfo)
	// Verify: the drafts of a sequence were checked.
	Verify func(id, drafted, accepted int)
	// Preempt: a sequence gave its pages back, to others, and waits again.
	Preempt func(id, tokens int)
	// Evict: a page of remembered tokens was forgotten, the last of so many
	// tokens.
	Evict func(tokens int)
	// StoreFailed: a page could not be kept. Nothing else suffers.
	StoreFailed func(error)
	// Undrafted: a value of the MTP layer was not finite. The sequence goes on without its
	// drafts, and pages that fill from then on are not remembered.
	Undrafted func(id int, err error)
	// End: a sequence ended. The error is nil where it ended by itself.
	End func(id int, s Stats, err error)
}

// A StepInfo says what was computed together.
type StepInfo struct {
	Runs    []RunInfo
	Elapsed time.Duration // of the main network, and of the MTP layer
	MTP     time.Duration
	Free    int // pages that nobody holds
}

// A RunInfo is the share of a sequence in a step.
type RunInfo struct {
	ID       int
	Position int // of its first token
	Tokens   int
	Drafts   int // of these tokens
	Chosen   int // tokens that the step gave
}

// Counts are what the engine has done and holds.
type Counts struct {
	Running, Waiting int // sequences
	Pages            int // of the latent cache
	Free             int // that nobody holds
	Remembered       int // that the prefix tree holds
	Steps            int
	Prompt           int // tokens of prompts that were asked for, and
	Reused           int // those of them that were cached
	Generated        int // tokens
	Preempted        int
	Evicted          int // pages
	Restored         int // tokens that the store had
	Stored           int // pages that were given to it
	// ByPlace counts drafts by their place behind a token.
	ByPlace []Acceptance
	// Gain is how much faster the tokens came for drafts than they would have without
	// any, both measured as the engine ran; 0 while not known.
	Gain float64
}

func (t *Trace) admit(q *sequence) {
	if t.Admit != nil {
		t.Admit(q.id, len(q.tokens), q.cached)
	}
}

func (t *Trace) verify(q *sequence, drafted, accepted int) {
	if t.Verify != nil {
		t.Verify(q.id, drafted, accepted)
	}
}

func (t *Trace) undrafted(q *sequence, err error) {
	if t.Undrafted != nil {
		t.Undrafted(q.id, err)
	}
}

func (t *Trace) preempt(q *sequence) {
	if t.Preempt != nil {
		t.Preempt(q.id, len(q.tokens))
	}
}

func (t *Trace) evict(n *node) {
	if t.Evict != nil {
		k := len(n.tokens)
		for p := n.parent; p != nil; p = p.parent {
			k += len(p.tokens)
		}
		t.Evict(k)
	}
}

func (t *Trace) end(q *sequence, err error) {
	if t.End != nil {
		t.End(q.id, q.stats, err)
	}
}
