package quantize

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// decoded returns what Encode made of a row.
func decoded(t testing.TB, d tensor.DType, src, importance []float32) []float32 {
	t.Helper()
	data := make([]byte, d.RowBytes(len(src)))
	for i := range data {
		data[i] = 0xa5 // Encode clears what it does not set
	}
	Encode(data, d, src, importance)
	got := make([]float32, len(src))
	tensor.Decode(got, &tensor.Tensor{Name: "t", DType: d, Shape: []int{1, len(src)}, Rows: 1, Cols: len(src), Data: data}, 0)
	return got
}

// weighted returns the sum of w·(x - y)², w being ones if nil.
func weighted(x, y, w []float32) (sum float64) {
	for i := range x {
		e := float64(x[i]) - float64(y[i])
		if w != nil {
			e *= math.Sqrt(float64(w[i]))
		}
		sum += e * e
	}
	return sum
}

func normalRow(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// The errors of a normal distribution, in units of its variance, that each encoding
// must stay under.
func TestEncodeNormal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x := normalRow(r, 256*64)
	for _, d := range Types() {
		y := decoded(t, d, x, nil)
		t.Logf("%v: %.3g", d, weighted(x, y, nil)/float64(len(x)))
	}
}
