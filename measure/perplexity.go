package measure

import (
	"context"
	"fmt"
	"math"
	"slices"

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
	return meanAndError(p.sum, p.squares, p.Tokens)
}

// meanAndError returns the mean of n values, and its standard error.
func meanAndError(sum, squares float64, n int) (mean, plusMinus float64) {
	mean = sum / float64(n)
	if n > 1 {
		plusMinus = math.Sqrt(max(squares/float64(n)-mean*mean, 0) / float64(n-1))
	}
	return mean, plusMinus
}

// Value returns exp of the mean, and its standard error.
func (p Perplexity) Value() (value, plusMinus float64) {
	mean, e := p.Mean()
	return math.Exp(mean), math.Exp(mean) * e
}

func (p *Perplexity) add(logits []float32, next token.ID) {
	p.count(logSumExp(logits) - float64(logits[next]))
}

// count adds the -ln p of a token.
func (p *Perplexity) count(nll float64) {
	p.Tokens++
	p.sum += nll
	p.squares += nll * nll
}

// logSumExp returns ln Σ exp.
func logSumExp[F float32 | float64](logits []F) float64 {
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
	text, err := o.cut(m, text, 2)
	if err != nil {
		return Perplexity{}, err
	}
	return o.read(ctx, m, text, func([]float32) error { return nil })
}

// read reads windows, one after the other, and gives the logits of each guess to keep
// as well.
func (o PerplexityOptions) read(ctx context.Context, m *deepseek.Model, text []token.ID, keep func(logits []float32) error) (p Perplexity, err error) {
	total := len(text) / o.Window
	w, err := newWindow(m, o.Window)
	if err != nil {
		return Perplexity{}, err
	}
	for i := range total {
		err := w.read(ctx, text[i*o.Window:][:o.Window], func(logits []float32, next token.ID) error {
			p.add(logits, next)
			return keep(logits)
		})
		if err != nil {
			return p, err
		}
		p.Windows++
		if o.Progress != nil {
			o.Progress(i+1, total, p)
		}
	}
	return p, nil
}

// cut returns the tokens of the windows, one after the other. A text that fills fewer
// than least is an error.
func (o PerplexityOptions) cut(m *deepseek.Model, text []token.ID, least int) ([]token.ID, error) {
	switch {
	case o.Window < 4 || o.Window > m.Config.Context:
		return nil, fmt.Errorf("a window of %d tokens, want 4 to the context of %d", o.Window, m.Config.Context)
	case o.Windows < 0:
		return nil, fmt.Errorf("%d windows, want 0 (all) or more", o.Windows)
	}
	bos := token.ID(m.Config.BOS)
	if bos >= 0 {
		text = append([]token.ID{bos}, text...)
	} else {
		text = slices.Clone(text)
	}
	total := len(text) / o.Window
	if total < least {
		return nil, fmt.Errorf("the text has %d tokens, want at least %d (windows of %d)", len(text), least*o.Window, o.Window)
	}
	if o.Windows > 0 {
		total = min(total, o.Windows)
	}
	for i := 0; i < total && bos >= 0; i++ {
		text[i*o.Window] = bos
	}
	return text[:total*o.Window], nil
}

// A window reads one sequence after the other from the same pages.
type window struct {
	model  *deepseek.Model
	pages  []deepseek.PageID
	logits []float32
}

// stepTokens is the most tokens of a step, as the engine's.
const stepTokens = 512

func newWindow(m *deepseek.Model, size int) (*window, error) {
	w := &window{model: m, logits: make([]float32, m.Vocabulary())}
	for i := range (size + deepseek.PageSize - 1) / deepseek.PageSize {
		w.pages = append(w.pages, deepseek.PageID(i))
	}
	if err := m.Reserve(len(w.pages)); err != nil {
		return nil, err
	}
	return w, nil
}

// read computes all tokens but the last, and gives the logits at the positions from
// the middle on, each with the token that comes next.
func (w *window) read(ctx context.Context, tokens []token.ID, guess func(logits []float32, next token.ID) error) error {
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
			if err := guess(w.logits, tokens[hi-n+i+1]); err != nil {
				out.Release()
				return err
			}
		}
		out.Release()
	}
	return nil
}
