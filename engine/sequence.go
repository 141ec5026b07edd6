package engine

import (
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// A sequence is a timeline of tokens: the prompt, and what was generated. The
// engine's goroutine owns it, but for canceled and out.
type sequence struct {
	request  Request
	sampler  *sample.Sampler
	drafter  *sample.Sampler // the same, without log-probabilities
	most     int             // new tokens
	id       int             // in order of arrival
	canceled atomic.Bool
	out      outlet

	ended   func() // called at the end, if it is there
	asked   time.Time
	started time.Time // when it was first admitted
	first   time.Time // when its first token was chosen

	tokens []token.ID
	cached int                 // how many of them have their latents in the cache
	pages  []deepseek.PageID   // of which the first below share are in the tree
	forms  []uint64            // by page, a bit a token: expanded; as far as decided
	known  int                 // tokens whose form is decided
	leaf   *node               // the tree's node of the last page that is in it
	shared int                 // pages that are in the tree
	copies []deepseek.PageCopy // to be done before the next run
	source deepseek.PageID     // held for the copy; -1 is none

	drafts  []token.ID // to be verified behind the last token
	origin  origin     // of the drafts
	paired  int        // slots of the MTP cache that are filled; slot 0 holds none
	hidden  []float32  // final hidden states from token paired-1 on, not yet paired
	held    []float32  // what hidden will be
	lone    bool       // the MTP layer has nothing for it
	scratch []float32  // logits of a draft
	landing bool       // pages are being restored
	parted  int        // tokens that the prefix tree has
	instead []token.ID // what it has behind them
	logits  []float32  // of the last token
	ratings ratings    // how its drafts fared
	lookup  lookup
	stats   Stats
}

// newSequence checks a request and makes its sequence.
func newSequence(r Request, o *Options) (*sequence, error) {
	if err := r.check(o); err != nil {
		return nil, err
	}
	s, err := sample.New(r.Sampling)
	if err != nil {
		return nil, err
	}
	plain := r.Sampling
	plain.Logprobs = 0
	d, err := sample.New(plain)
	if err != nil {
		return nil, err
	}
	q := &sequence{request: r, sampler: s, drafter: d, source: -1, paired: 1}
	q.most = o.limit() - len(r.Prompt)
	if r.MaxTokens > 0 {
		q.most = min(q.most, r.MaxTokens)
	}
	q.out.more = make(chan struct{}, 1)
	q.tokens = append(q.tokens, r.Prompt...)
	return q, nil
}

// generated returns how many tokens are not the prompt's.
func (q *sequence) generated() int { return len(q.tokens) - len(q.request.Prompt) }

// behind returns how many tokens are not cached: one, while it generates.
func (q *sequence) behind() int { return len(q.tokens) - q.cached }

// generates returns whether q only has to go on from its last token.
func (q *sequence) generates() bool { return !q.landing && q.behind() == 1 }

// reads returns whether q has more than that to catch up with.
func (q *sequence) reads() bool { return !q.landing && q.behind() > 1 }

// before returns whether q is to be served before r.
func (q *sequence) before(r *sequence) bool {
	if q.request.Priority != r.request.Priority {
		return q.request.Priority > r.request.Priority
	}
	return q.id < r.id
}

// outranks returns whether q has the greater priority.
func (q *sequence) outranks(r *sequence) bool { return q.request.Priority > r.request.Priority }

func (q *sequence) compare(r *sequence) int {
	switch {
	case q == r:
		return 0
	case q.before(r):
		return -1
	}
	return 1
}

func pagesOf(tokens int) int { return (tokens + deepseek.PageSize - 1) / deepseek.PageSize }

// form returns that of a token.
func (q *sequence) form(at int) deepseek.Form {
	if p := at / deepseek.PageSize; p < len(q.forms) && q.forms[p]>>(at%deepseek.PageSize)&1 != 0 {
		return deepseek.Expanded
	}
	return deepseek.Absorbed
}

// decide sets the form of the tokens [from, to), which have none yet, and so that of
// all before: those that are cached keep what they were computed in.
func (q *sequence) decide(from, to int, f deepseek.Form) {
	for len(q.forms) < pagesOf(to) {
		q.forms = append(q.forms, 0)
	}
	for at := from; at < to; at++ {
		bit := uint64(1) << (at % deepseek.PageSize)
		if f == deepseek.Expanded {
			q.forms[at/deepseek.PageSize] |= bit
		} else {
			q.forms[at/deepseek.PageSize] &^= bit
		}
	}
	q.known = to
}

// uniform returns how many of the n tokens from at on have the form of the first:
// a run has one form.
func (q *sequence) uniform(at, n int) int {
	for i := 0; i < n; {
		p, bit := (at+i)/deepseek.PageSize, (at+i)%deepseek.PageSize
		var word uint64
		if p < len(q.forms) {
			word = q.forms[p]
		}
		if q.form(at) == deepseek.Expanded {
			word = ^word
		}
		word >>= bit
		same := min(bits.TrailingZeros64(word), deepseek.PageSize-bit)
		if i += same; same < deepseek.PageSize-bit {
			return min(i, n)
		}
	}
	return n
}

// ends returns whether a new token, of which it is told once, ends the sequence.
func (q *sequence) ends(id token.ID) bool {
	return slices.Contains(q.request.End, id) || q.request.Stop != nil && q.request.Stop(id)
}

// choose returns the token after the last one, by its logits.
func (q *sequence) choose(s *sample.Sampler, logits []float32) sample.Choice {
	n := len(q.request.Prompt)
	return s.Sample(logits, len(q.tokens), sample.History{Prompt: q.tokens[:n], Generated: q.tokens[n:]})
}

var errNoChoice = fmt.Errorf("no token may be chosen: the logit bias excludes all")
