package deepseek

import (
	"fmt"

	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// A Form is how attention is computed for a token. Both give the same values up
// to rounding. It is a property of the token, never of the step: the tokens of a
// prompt of which at least Config.ExpandFrom were not cached use Expanded, all
// others (sampled tokens, drafts, short suffixes) Absorbed. Whoever computes a
// token again repeats its form.
type Form uint8

const (
	// Absorbed attends in the latent space: one key for all heads.
	Absorbed Form = iota
	// Expanded makes keys and values of all heads from the latents, as the
	// report writes it.
	Expanded
)

// A Run is consecutive tokens of one sequence in a step.
type Run struct {
	// Tokens are what is computed. A model bound without the embedding takes
	// only their number.
	Tokens []token.ID
	// Hidden are the rows that a model bound from a later layer starts from,
	// and for MTP the hidden state before each token: one after the other
	// they have len(Tokens) rows of Dim.
	Hidden []nn.Mat
	// Position is that of the first token; all before it are in the cache.
	Position int
	// Pages holds the sequence, position i in Pages[i/PageSize]; it covers
	// the run.
	Pages []PageID
	// Form is that of all the run's tokens.
	Form Form
	// Logits is how many of the last tokens want logits.
	Logits int
	// Canceled is asked before each layer, and ends the run where it says so.
	// It may be nil.
	Canceled func() bool
}

// A PageCopy copies a page before anything of the step is computed.
type PageCopy struct{ To, From PageID }

// A Batch is one step: what is to be computed, and everything it does to the
// cache. It has no phases: a chunk of a prompt, a sampled token, and a token
// with its drafts are runs of different lengths.
type Batch struct {
	Runs   []Run
	Copies []PageCopy
	// Observe is told the intermediate values of the step, for tests and
	// traces. It may be nil.
	Observe func(Stage)
}

// A Stage is one named intermediate of a step. Its rows are the tokens of the
// runs that are left, those with the absorbed form first.
type Stage struct {
	// Name: embedding, c_kv, k_pe, scores, routes, h (after a layer), norm
	// (after the final norm); for MTP also eh_proj, prenorm.
	Name   string
	Layer  int // -1 where no layer is meant
	Values nn.Mat
	Routes *nn.Routes // of stage routes only
}

// An Output is the result of a step. It is valid until Release, and other steps
// may be computed meanwhile.
type Output struct {
	step   *step // nil where there is none, or no longer
	logits nn.Mat
	hidden nn.Mat
	runs   []outputRun
}

type outputRun struct {
	canceled    bool
	row, n      int // of hidden
	logits      int // row of logits
	wantsLogits int
}

// begin makes o that of a step of which nothing is known yet.
func (o *Output) begin(s *step) {
	n := len(s.batch.Runs)
	if cap(o.runs) < n {
		o.runs = make([]outputRun, n)
	}
	o.runs = o.runs[:n]
	clear(o.runs)
	o.step, o.logits, o.hidden = s, nn.Mat{}, nn.Mat{}
}

// HostOutput returns an Output of the given logits, by run and token that wants
// them, and hidden states, by run and token, for what stands in for a network. Either
// may be nil.
func HostOutput(logits, hidden [][][]float32) *Output {
	o := &Output{runs: make([]outputRun, max(len(logits), len(hidden)))}
	at := 0
	for i, rows := range logits {
		o.runs[i].logits, o.runs[i].wantsLogits = at, len(rows)
		at += len(rows)
	}
	o.logits = fromRows(logits)
	at = 0
	for i, rows := range hidden {
		o.runs[i].row, o.runs[i].n = at, len(rows)
		at += len(rows)
	}
	o.hidden = fromRows(hidden)
	return o
}

// fromRows returns the rows of all runs as one matrix.
func fromRows(runs [][][]float32) nn.Mat {
	var all []float32
	n, cols := 0, 0
	for _, rows := range runs {
		for _, row := range rows {
			all, cols, n = append(all, row...), len(row), n+1
		}
	}
	return nn.FromHost(n, cols, all)
}

// Cancel makes a run of an Output by HostOutput a canceled one.
func (o *Output) Cancel(run int) { o.runs[run].canceled = true }

// Canceled returns whether a run was canceled; it has no logits then, and what
// the step wrote of it to the cache is incomplete.
func (o *Output) Canceled(run int) bool { return o.runs[run].canceled }

// Logits copies the logits of the i-th of a run's tokens that wanted them to
// dst, where it has room: [vocabulary].
func (o *Output) Logits(run, i int, dst []float32) []float32 {
	r := o.runs[run]
	if r.canceled || i < 0 || i >= r.wantsLogits {
		panic(fmt.Sprintf("deepseek: logits %d of run %d, which has %d", i, run, r.wantsLogits))
	}
	return o.logits.Slice(r.logits+i, r.logits+i+1).Host(dst)
}

// SetLogits makes values the logits of the i-th of a run's tokens that wanted them:
// [vocabulary]. It is for what has a network say a given text.
func (o *Output) SetLogits(run, i int, values []float32) {
	at := o.runs[run].logits + i
	nn.Copy(o.logits.Slice(at, at+1), nn.FromHost(1, len(values), values))
}

// Hidden returns the hidden states of a run's tokens: after the final norm for a
// model that has the head, and the residual stream for one that ends before.
func (o *Output) Hidden(run int) nn.Mat {
	r := o.runs[run]
	return o.hidden.Slice(r.row, r.row+r.n)
}

// Release gives the output's memory back to the model, which makes the Output of
// another step of it: nothing of it may be used any more.
func (o *Output) Release() {
	if s := o.step; s != nil {
		o.step, o.logits, o.hidden = nil, nn.Mat{}, nn.Mat{}
		s.end()
	}
}

// A NonFiniteError says where a step met a NaN or an infinity. No token after it
// is to be trusted.
type NonFiniteError struct {
	Where    string // "layer 7", "embedding", "head", "MTP layer"
	Run      int    // of the Batch
	Position int    // of the token in its sequence
}

func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("%s: a value of the token at position %d is not finite (NaN or infinity)", e.Where, e.Position)
}

// check says what is wrong with b for a cache and a vocabulary.
func (b *Batch) check(k *Cache, vocabulary int) error {
	if k == nil {
		return fmt.Errorf("no latent cache: Reserve was not called")
	}
	for _, c := range b.Copies {
		for _, p := range [...]PageID{c.To, c.From} {
			if err := k.check(p); err != nil {
				return fmt.Errorf("copying a page: %w", err)
			}
		}
	}
	for i := range b.Runs {
		if err := b.Runs[i].check(k, vocabulary); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	return nil
}

func (r *Run) check(k *Cache, vocabulary int) error {
	end := r.Position + len(r.Tokens)
	switch {
	case len(r.Tokens) == 0:
		return fmt.Errorf("has no tokens")
	case r.Position < 0:
		return fmt.Errorf("starts at position %d", r.Position)
	case r.Logits < 0 || r.Logits > len(r.Tokens):
		return fmt.Errorf("wants logits of %d of %d tokens", r.Logits, len(r.Tokens))
	case len(r.Pages)*PageSize < end:
		return fmt.Errorf("%d pages hold %d positions, want %d", len(r.Pages), len(r.Pages)*PageSize, end)
	}
	for _, p := range r.Pages[:(end+PageSize-1)/PageSize] {
		if err := k.check(p); err != nil {
			return err
		}
	}
	for _, t := range r.Tokens {
		if t < 0 || int(t) >= vocabulary {
			return fmt.Errorf("token %d, want 0 to %d", t, vocabulary-1)
		}
	}
	return nil
}
