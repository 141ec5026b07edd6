package measure

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/token"
)

// A Divergence says how far a network's guesses are from a reference's.
type Divergence struct {
	Network   Perplexity
	Reference Perplexity
	Same      int // tokens where both find the same token likeliest

	values         []float64 // Σ p ln(p/q) in nats, p the reference's
	ratio, squares float64   // of ln(p/q) of the token that comes next
}

// Tokens returns how many were compared.
func (d *Divergence) Tokens() int { return len(d.values) }

// Mean returns the mean divergence in nats, and its standard error.
func (d *Divergence) Mean() (mean, plusMinus float64) {
	sum, squares := 0.0, 0.0
	for _, x := range d.values {
		sum += x
		squares += x * x
	}
	return meanAndError(sum, squares, len(d.values))
}

// Quantiles returns the divergence that the given shares of the tokens do not exceed:
// of 0.5 the median, of 1 the greatest.
func (d *Divergence) Quantiles(shares ...float64) (all []float64) {
	sorted := slices.Sorted(slices.Values(d.values))
	for _, s := range shares {
		at := int(math.Ceil(s*float64(len(sorted)))) - 1
		all = append(all, sorted[min(max(at, 0), len(sorted)-1)])
	}
	return all
}

// SameTop returns the share of tokens where both find the same token likeliest, and
// its standard error.
func (d *Divergence) SameTop() (share, plusMinus float64) {
	n := float64(len(d.values))
	share = float64(d.Same) / n
	return share, math.Sqrt(share * (1 - share) / n)
}

// LogRatio returns ln of the network's perplexity over the reference's, and its
// standard error, which knows that both read the same tokens.
func (d *Divergence) LogRatio() (mean, plusMinus float64) {
	return meanAndError(d.ratio, d.squares, len(d.values))
}

// add compares the guesses of one token.
func (d *Divergence) add(logits []float32, reference []float64, next token.ID) {
	q, p := logSumExp(logits), logSumExp(reference)
	sum, top, topReference := 0.0, 0, 0
	for i, x := range logits {
		if x > logits[top] {
			top = i
		}
		if reference[i] > reference[topReference] {
			topReference = i
		}
		if lp := reference[i] - p; !math.IsInf(lp, -1) {
			sum += math.Exp(lp) * (lp - (float64(x) - q))
		}
	}
	if top == topReference {
		d.Same++
	}
	d.values = append(d.values, max(sum, 0)) // rounding may leave -1e-17
	ours, theirs := q-float64(logits[next]), p-reference[next]
	d.Network.count(ours)
	d.Reference.count(theirs)
	d.ratio += ours - theirs
	d.squares += (ours - theirs) * (ours - theirs)
}

// Check says where a text is not the one that r is of. Which token a window begins
// with does not matter.
func (r *Reference) Check(m *deepseek.Model, text []token.ID) error {
	o := PerplexityOptions{Window: r.Window, Windows: r.Windows}
	text, err := o.cut(m, text, r.Windows)
	if err != nil {
		return fmt.Errorf("the reference is of %d windows of %d tokens: %w", r.Windows, r.Window, err)
	}
	for i, t := range text {
		if t != r.Tokens[i] && i%r.Window > 0 {
			return fmt.Errorf("token %d of the text is %d, that of the reference %d: it is of another text, or another tokenizer's", i, t, r.Tokens[i])
		}
	}
	return nil
}

// Compare reads the text of a reference, and says how far the network's guesses are
// from it. It reads r to its end, and overwrites the model's cache.
func Compare(ctx context.Context, m *deepseek.Model, r *Reference, o CompareOptions) (*Divergence, error) {
	d := &Divergence{}
	if r.Vocabulary != m.Vocabulary() {
		return nil, fmt.Errorf("the reference is of a vocabulary of %d tokens, the network's has %d", r.Vocabulary, m.Vocabulary())
	}
	if r.Window < 4 || r.Window > m.Config.Context {
		return nil, fmt.Errorf("the reference's windows have %d tokens, want 4 to the context of %d", r.Window, m.Config.Context)
	}
	total := r.Windows
	if o.Windows > 0 {
		total = min(total, o.Windows)
	}
	w, err := newWindow(m, r.Window)
	if err != nil {
		return nil, err
	}
	reference := make([]float64, r.Vocabulary)
	for i := range total {
		tokens := slices.Clone(r.Tokens[i*r.Window:][:r.Window])
		if bos := token.ID(m.Config.BOS); bos >= 0 {
			tokens[0] = bos
		}
		err := w.read(ctx, tokens, func(logits []float32, next token.ID) error {
			if err := r.next(reference); err != nil {
				return fmt.Errorf("reference, window %d: %w", i, err)
			}
			if math.IsInf(reference[next], -1) { // the token of the text is told with llama.cpp's floor
				reference[next] = slices.Max(reference) - 16
			}
			d.add(logits, reference, next)
			return nil
		})
		if err != nil {
			return nil, err
		}
		d.Network.Windows++
		d.Reference.Windows++
		if o.Progress != nil {
			o.Progress(i+1, total, d)
		}
	}
	return d, nil
}

// CompareOptions are the choices of Compare. The zero value is good.
type CompareOptions struct {
	// Windows is the most that are read. Default all of the reference.
	Windows int
	// Progress, where it is not nil, is told after each window.
	Progress func(done, total int, d *Divergence)
}
