package measure

import (
	"context"
	"fmt"
	"math"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/token"
)

// PerplexityOptions are the choices of PerplexityOf. The zero value is good.
type PerplexityOptions struct {
	// Window is how many tokens are read before the network forgets. Default 512.
	Window int
	// Windows is the most that are read. Default all that the text fills.
	Windows int
	// Progress, where it is not nil, is told after each window.
	Progress func(done, total int, p Perplexity)
}

func (o PerplexityOptions) withDefaults() PerplexityOptions {
	if o.Window == 0 {
		o.Window = 512
	}
	return o
}

// A Perplexity says how well a network guesses a text.
type Perplexity struct {
	Windows int
	Tokens  int // that were guessed

	sum, squares float64 // of -ln p
}

// Mean returns the mean of -ln p of the tokens, and its standard error, which takes
// them to be independent.
func (p Perplexity) Mean() (mean, plusMinus float64) {
	n := float64(p.Tokens)
	mean = p.sum / n
	if p.Tokens > 1 {
		plusMinus = math.Sqrt(max(p.squares/n-mean*mean, 0) / (n - 1))
	}
	return mean, plusMinus
}

// Value returns exp of the mean, and its standard error.
func (p Perplexity) Value() (value, plusMinus float64) {
	mean, e := p.Mean()
	return math.Exp(mean), math.Exp(mean) * e
}

func (p *Perplexity) add(logits []float32, next token.ID) {
	nll := logSumExp(logits) - float64(logits[next])
	p.Tokens++
	p.sum += nll
	p.squares += nll * nll
}

// logSumExp returns ln Σ exp.
func logSumExp(logits []float32) float64 {
	top := math.Inf(-1)
	for _, x := range logits {
		top = max(top, float64(x))
	}
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x) - top)
	}
	return top + math.Log(sum)
}

// PerplexityOf reads a text by llama-perplexity's protocol: BOS and the text's
// tokens are cut into windows, what is left over is not read. In each window the
// first token is replaced by BOS, and the tokens behind its middle one are guessed, so
// that each has half a window before it. A network that names no BOS begins each
// window with the token that is there.
//
// It overwrites the model's cache.
func PerplexityOf(ctx context.Context, m *deepseek.Model, text []token.ID, o PerplexityOptions) (Perplexity, error) {
	o = o.withDefaults()
	var p Perplexity
	switch {
	case o.Window < 4 || o.Window > m.Config.Context:
		return p, fmt.Errorf("a window of %d tokens, want 4 to the context of %d", o.Window, m.Config.Context)
	case o.Windows < 0:
		return p, fmt.Errorf("%d windows, want 0 (all) or more", o.Windows)
	}
	bos := token.ID(m.Config.BOS)
	if bos >= 0 {
		text = append([]token.ID{bos}, text...)
	}
	total := len(text) / o.Window
	if total < 2 {
		return p, fmt.Errorf("the text has %d tokens, want at least two windows of %d", len(text), o.Window)
	}
	if o.Windows > 0 {
		total = min(total, o.Windows)
	}
	w := newWindow(m, o.Window)
	for i := range total {
		tokens := append(w.tokens[:0], text[i*o.Window:][:o.Window]...)
		if bos >= 0 {
			tokens[0] = bos
		}
		if err := w.read(ctx, tokens, p.add); err != nil {
			return p, err
		}
		p.Windows++
		if o.Progress != nil {
			o.Progress(i+1, total, p)
		}
	}
	return p, nil
}

// A window reads one sequence after the other from the same pages.
type window struct {
	model  *deepseek.Model
	pages  []deepseek.PageID
	tokens []token.ID
	logits []float32
}

// stepTokens is the most tokens of a step, as the engine's.
const stepTokens = 512

func newWindow(m *deepseek.Model, size int) *window {
	w := &window{model: m, tokens: make([]token.ID, size), logits: make([]float32, m.Vocabulary())}
	for i := range (size + deepseek.PageSize - 1) / deepseek.PageSize {
		w.pages = append(w.pages, deepseek.PageID(i))
	}
	m.Reserve(len(w.pages))
	return w
}

// read computes all tokens but the last, and gives the logits at the positions from
// the middle on, each with the token that comes next.
func (w *window) read(ctx context.Context, tokens []token.ID, guess func(logits []float32, next token.ID)) error {
	middle, end := len(tokens)/2, len(tokens)-1
	form := deepseek.Absorbed
	if end >= w.model.Config.ExpandFrom() {
		form = deepseek.Expanded
	}
	for at := 0; at < end; at += stepTokens {
		hi := min(at+stepTokens, end)
		n := max(hi-max(at, middle), 0)
		out, err := w.model.Forward(ctx, &deepseek.Batch{Runs: []deepseek.Run{
			{Tokens: tokens[at:hi], Position: at, Pages: w.pages, Form: form, Logits: n},
		}})
		if err != nil {
			return err
		}
		for i := range n {
			w.logits = out.Logits(0, i, w.logits)
			guess(w.logits, tokens[hi-n+i+1])
		}
		out.Release()
	}
	return nil
}
