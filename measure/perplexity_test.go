package measure

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/token"
)

// TestPerplexity compares with the definition: each token that is guessed from a
// prefix computed by itself, the softmax summed plainly in float64. Both are exact
// math, so that they differ by rounding of f32 alone: 1e-4 is a hundred times what
// logits of this size keep.
func TestPerplexity(t *testing.T) {
	m := demoModel(t)
	const size, windows = 16, 3
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]token.ID, size*windows+5) // what is left over is not read
	for i := range text {
		text[i] = token.ID(random.IntN(m.Vocabulary()))
	}
	calls := 0
	p, err := PerplexityOf(t.Context(), m, text, PerplexityOptions{Window: size, Progress: func(done, total int, _ Perplexity) {
		if calls++; done != calls || total != windows {
			t.Errorf("call %d: %d of %d", calls, done, total)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	var nll []float64
	whole := append([]token.ID{token.ID(m.Config.BOS)}, text...)
	for w := range windows {
		tokens := append([]token.ID{}, whole[w*size:][:size]...)
		tokens[0] = token.ID(m.Config.BOS)
		for i := size/2 + 1; i < size; i++ {
			nll = append(nll, -logProbability(t, m, tokens[:i], tokens[i]))
		}
	}
	sum, squares := 0.0, 0.0
	for _, x := range nll {
		sum += x
	}
	mean := sum / float64(len(nll))
	for _, x := range nll {
		squares += (x - mean) * (x - mean)
	}
	wantError := math.Sqrt(squares / float64(len(nll)) / float64(len(nll)-1))
	got, gotError := p.Mean()
	if calls != windows || p.Windows != windows || p.Tokens != len(nll) || math.Abs(got-mean) > 1e-4 || math.Abs(gotError-wantError) > 1e-4 {
		t.Errorf("%v ± %v of %d tokens in %d windows, want %v ± %v of %d", got, gotError, p.Tokens, p.Windows, mean, wantError, len(nll))
	}
	if value, _ := p.Value(); math.Abs(value/math.Exp(mean)-1) > 1e-4 {
		t.Errorf("perplexity %v, want %v", value, math.Exp(mean))
	}
}

// logProbability computes a prefix from nothing.
func logProbability(t *testing.T, m *deepseek.Model, prefix []token.ID, next token.ID) float64 {
	m.Reserve(1)
	out, err := m.Forward(t.Context(), &deepseek.Batch{Runs: []deepseek.Run{{Tokens: prefix, Pages: []deepseek.PageID{0}, Logits: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Release()
	logits := out.Logits(0, 0, nil)
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x))
	}
	return float64(logits[next]) - math.Log(sum)
}

// TestPerplexityWindows: a window longer than a step, and limits.
func TestPerplexityWindows(t *testing.T) {
	m := demoModel(t)
	text := make([]token.ID, 4*(stepTokens+90))
	for i := range text {
		text[i] = token.ID(i % 50)
	}
	p, err := PerplexityOf(t.Context(), m, text, PerplexityOptions{Window: stepTokens + 90, Windows: 1})
	if want := (stepTokens+90)/2 - 1; err != nil || p.Windows != 1 || p.Tokens != want {
		t.Errorf("%d tokens in %d windows (%v), want %d in 1", p.Tokens, p.Windows, err, want)
	}
	for _, o := range []PerplexityOptions{{Window: 3}, {Window: m.Config.Context + 1}, {Windows: -1}, {Window: len(text)}} {
		if _, err := PerplexityOf(t.Context(), m, text, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := PerplexityOf(ctx, m, text, PerplexityOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
