package measure

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/token"
)

func randomText(m *deepseek.Model, n int) []token.ID {
	random := rand.New(rand.NewPCG(3, 4))
	text := make([]token.ID, n)
	for i := range text {
		text[i] = token.ID(random.IntN(m.Vocabulary()))
	}
	return text
}

func saved(t testing.TB, m *deepseek.Model, text []token.ID) []byte {
	var b bytes.Buffer
	if _, err := SaveReference(t.Context(), m, text, &b, PerplexityOptions{Window: 16}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestReferenceOfItself: a network differs from its own reference by the rounding of
// levels alone. A unit is less than 1e-3 here, and levels are off by half of it: a
// divergence is at most the variance of that, 1e-3²/12, and ln p of a token by 1e-3.
func TestReferenceOfItself(t *testing.T) {
	m := demoModel(t)
	text := randomText(m, 50)
	data := saved(t, m, text)
	r, err := NewReference(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(m, text); err != nil {
		t.Error(err)
	}
	other := slices.Clone(text)
	other[20]++
	if err := r.Check(m, other); err == nil || !strings.Contains(err.Error(), "token 21 ") {
		t.Errorf("another text: %v", err)
	}
	if err := r.Check(m, text[:30]); err == nil {
		t.Error("a shorter text is taken")
	}
	d, err := Compare(t.Context(), m, r, CompareOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mean, _ := d.Mean()
	ratio, _ := d.LogRatio()
	if d.Tokens() != 21 || d.Network.Windows != 3 || d.Same != 21 || mean > 1e-6/12 || math.Abs(ratio) > 1e-3 {
		t.Errorf("%d tokens, %d the same, mean %v, ratio %v", d.Tokens(), d.Same, mean, ratio)
	}
}

// TestDivergence compares with the definition on distributions written out.
func TestDivergence(t *testing.T) {
	p, q := []float64{0.5, 0.25, 0.25}, []float64{0.25, 0.5, 0.25}
	var d Divergence
	logits := func(p []float64, shift float64) (all []float64) {
		for _, x := range p {
			all = append(all, math.Log(x)+shift)
		}
		return all
	}
	var f32 []float32
	for _, x := range logits(q, 7) {
		f32 = append(f32, float32(x))
	}
	d.add(f32, logits(p, -3), 0)
	f32 = f32[:0]
	for _, x := range p {
		f32 = append(f32, float32(math.Log(x)))
	}
	d.add(f32, logits(p, 0), 1)
	want := 0.25 * math.Ln2 // 0.5 ln 2 - 0.25 ln 2
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
	mean, e := d.Mean()
	ratio, ratioError := d.LogRatio()
	same, _ := d.SameTop()
	if !near(mean, want/2) || !near(e, want/2) || !near(ratio, math.Ln2/2) || !near(ratioError, math.Ln2/2) || same != 0.5 {
		t.Errorf("mean %v ± %v, ratio %v ± %v, same %v", mean, e, ratio, ratioError, same)
	}
	if got := d.Quantiles(0.5, 0.99, 1); !near(got[0], 0) || !near(got[1], want) || !near(got[2], want) {
		t.Errorf("quantiles %v", got)
	}
}

// TestLlamaReference: its row of 3 tokens is 2 floats and 4 words.
func TestLlamaReference(t *testing.T) {
	b := []byte(llamaMagic)
	for _, n := range []uint32{4, 3, 1, 0, 1, 2, 1} { // window, vocabulary, windows, tokens
		b = little.AppendUint32(b, n)
	}
	b = little.AppendUint32(b, math.Float32bits(0.5))
	b = little.AppendUint32(b, math.Float32bits(-3))
	for _, n := range []uint16{0, 2, 4, 0} {
		b = little.AppendUint16(b, n)
	}
	r, err := NewReference(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float64, 3)
	if err := r.next(got); err != nil || !slices.Equal(got, []float64{math.Inf(-1), -2, -1}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestHostileReference(t *testing.T) {
	m := demoModel(t)
	good := saved(t, m, randomText(m, 40))
	edit := func(at int, value uint32) []byte {
		b := slices.Clone(good)
		little.PutUint32(b[at:], value)
		return b
	}
	head := 8 + 4*4 + 4*2*16
	sealed := func(b []byte) []byte {
		little.PutUint32(b[head:], crc32.Checksum(b[:head], castagnoli))
		return b
	}
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "ends too early", nil},
		{"another file", "holds no reference logits", []byte("GGUFGGUFGGUF")},
		{"cut head", "ends too early", good[:20]},
		{"version", "version 2", edit(8, 2)},
		{"no window", "window is 0", edit(12, 0)},
		{"huge vocabulary", "vocabulary is", edit(20, 1<<31)},
		{"many windows", "incomplete or damaged", edit(16, 1<<19)},
		{"cut", "incomplete or damaged", good[:len(good)-1]},
		{"longer", "incomplete or damaged", append(slices.Clone(good), 0)},
		{"token changed", "checksum", edit(24+4, 1)},
		{"token too large", "less than the vocabulary", sealed(edit(24+4, 1<<20))},
		{"row changed", "a row's checksum", edit(len(good)-100, 1)},
	} {
		r, err := NewReference(bytes.NewReader(c.data), int64(len(c.data)))
		if err == nil {
			_, err = Compare(t.Context(), m, r, CompareOptions{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestReferenceFull: a full disk is an error wherever it happens.
func TestReferenceFull(t *testing.T) {
	m := demoModel(t)
	full := errors.New("full")
	for _, left := range []int64{0, 10, 500, 20_000} {
		if _, err := SaveReference(t.Context(), m, randomText(m, 40), &fullAfter{left, full}, PerplexityOptions{Window: 16}); !errors.Is(err, full) {
			t.Errorf("after %d bytes: %v", left, err)
		}
	}
}

type fullAfter struct {
	left int64
	err  error
}

func (f *fullAfter) Write(b []byte) (int, error) {
	if f.left -= int64(len(b)); f.left < 0 {
		return 0, f.err
	}
	return len(b), nil
}

// FuzzReference: any bytes are read or refused; logits are never NaN or +Inf.
func FuzzReference(f *testing.F) {
	b := []byte(referenceMagic)
	for _, n := range []uint32{1, 4, 1, 3, 0, 1, 2, 1} {
		b = little.AppendUint32(b, n)
	}
	b = appendRow(little.AppendUint32(b, crc32.Checksum(b, castagnoli)), []float32{1, -2, 3})
	f.Add(b)
	f.Add(append([]byte(llamaMagic), b[8:]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReference(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		logits := make([]float64, r.Vocabulary)
		for range r.Windows * max(scored(r.Window), 0) {
			if err := r.next(logits); err != nil {
				return
			}
			for _, x := range logits {
				if math.IsNaN(x) || math.IsInf(x, 1) {
					t.Fatalf("%v among the logits", x)
				}
			}
		}
		if n, _ := r.r.Read(make([]byte, 1)); n != 0 {
			t.Fatal("bytes are left over")
		}
	})
}
