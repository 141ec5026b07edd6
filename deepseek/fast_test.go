package deepseek

import (
	"math"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/token"
)

// TestFastGreedy checks that 8-bit activations do not change the golden cases'
// greedy texts, whose margins are wide.
func TestFastGreedy(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		var want struct {
			Tokens []int32
			Margin []float64 `json:"top1_top2_margin"`
		}
		c.JSON(t, "greedy", &want)
		m := open(t, c.Path, Options{Math: Fast})
		for i, id := range greedy(t, m, ids(input), len(want.Tokens)) {
			if id == want.Tokens[i] {
				continue
			}
			if want.Margin[i] > 0.3 {
				t.Errorf("token %d is %d, want %d, whose margin is %.2f", i, id, want.Tokens[i], want.Margin[i])
			}
			break // another text from here on
		}
	})
}

// TestFastGoldenNearExact bounds how far the logits of the golden cases are in fast
// math from those in exact math: where activations stay f32 by roundings alone,
// and where they have 8 bits by some of the 0.7 % that these add to a product.
func TestFastGoldenNearExact(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		var logits [2][]float32
		for i, math := range []Math{Exact, Fast} {
			o := whole(t, open(t, c.Path, Options{Math: math}), ids(input), Absorbed, nil)
			logits[i] = allLogits(o, 0)
			o.Release()
		}
		worst, row := relative(logits[1], logits[0], len(logits[0])/len(input))
		bound := 1e-4
		if strings.Contains(c.Name, "quant") || strings.Contains(c.Name, "mlx") {
			bound = 0.1
		}
		if t.Logf("%.2g of row %d", worst, row); !(worst < bound) || worst == 0 {
			t.Errorf("row %d is %g off, want more than 0 and less than %g", row, worst, bound)
		}
	})
}

// TestFastNearExact bounds how far fast math is from exact math on the built-in
// model: the mean Kullback-Leibler divergence of the next token, in nats.
func TestFastNearExact(t *testing.T) {
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]token.ID, 600)
	var logits [2][]float32
	for i, math := range []Math{Exact, Fast} {
		m, err := Load(ck, Options{Math: math})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if i == 0 { // a text of the model itself
			copy(tokens, ids(append([]int32{0, 2036, 42, 75, 2037}, greedy(t, m, ids([]int32{0, 2036, 42, 75, 2037}), len(tokens)-5)...)))
		}
		o := whole(t, m, tokens, Expanded, nil)
		logits[i] = allLogits(o, 0)
		o.Release()
	}
	v := 2048
	var mean float64
	same := 0
	for i := range tokens {
		p, q := logSoftmax(logits[0][i*v:(i+1)*v]), logSoftmax(logits[1][i*v:(i+1)*v])
		for j := range p {
			mean += math.Exp(p[j]) * (p[j] - q[j]) / float64(len(tokens))
		}
		if argmax(logits[0][i*v:(i+1)*v]) == argmax(logits[1][i*v:(i+1)*v]) {
			same++
		}
	}
	t.Logf("mean divergence %.2g nats, same likeliest token at %.1f %% of %d positions", mean, 100*float64(same)/float64(len(tokens)), len(tokens))
	if !(mean < 1e-3) || mean == 0 {
		t.Errorf("mean divergence %g, want more than 0 and less than 1e-3", mean)
	}
}

func logSoftmax(v []float32) []float64 {
	top := float64(v[argmax(v)])
	var sum float64
	for _, x := range v {
		sum += math.Exp(float64(x) - top)
	}
	l := make([]float64, len(v))
	for i, x := range v {
		l[i] = float64(x) - top - math.Log(sum)
	}
	return l
}
