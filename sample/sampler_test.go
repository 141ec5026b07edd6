package sample

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/token"
)

func newSampler(t testing.TB, p Params) *Sampler {
	t.Helper()
	s, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// randomLogits returns n logits, of which some are equal and some -Inf.
func randomLogits(r *rand.Rand, n int, spread float64) []float32 {
	logits := make([]float32, n)
	for i := range logits {
		switch r.IntN(8) {
		case 0:
			logits[i] = float32(math.Inf(-1))
		case 1:
			logits[i] = logits[r.IntN(i+1)]
		default:
			logits[i] = float32(r.NormFloat64() * spread)
		}
	}
	return logits
}

func TestValidate(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, p := range []Params{
		{},
		{Temperature: 2, TopK: 1, TopP: 1, MinP: 1, RepetitionPenalty: 1.1, PresencePenalty: -2, FrequencyPenalty: 2, Seed: 1, Logprobs: 20},
		{LogitBias: map[token.ID]float32{0: -inf, 1 << 30: 100}, Logprobs: -1},
	} {
		if _, err := New(p); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for want, p := range map[string]Params{
		"temperature is -1, want 0 or more":                           {Temperature: -1},
		"temperature is NaN, want 0 or more":                          {Temperature: nan},
		"temperature is +Inf, want 0 or more":                         {Temperature: inf},
		"top_k is -1, want 0 or more":                                 {TopK: -1},
		"top_p is 1.5, want 0 to 1":                                   {TopP: 1.5},
		"top_p is NaN, want 0 to 1":                                   {TopP: nan},
		"min_p is -0.1, want 0 to 1":                                  {MinP: -0.1},
		"repetition penalty is -1, want 0 or more":                    {RepetitionPenalty: -1},
		"presence penalty is NaN, want a finite number":               {PresencePenalty: nan},
		"frequency penalty is -Inf, want a finite number":             {FrequencyPenalty: -inf},
		"logprobs is -2, want -1 or more":                             {Logprobs: -2},
		"logit bias of token -1: want an id of 0 or more":             {LogitBias: map[token.ID]float32{-1: 0}},
		"logit bias of token 7 is NaN, want a finite number or -Inf":  {LogitBias: map[token.ID]float32{7: nan}},
		"logit bias of token 8 is +Inf, want a finite number or -Inf": {LogitBias: map[token.ID]float32{8: inf}},
	} {
		if s, err := New(p); err == nil || s != nil || err.Error() != want {
			t.Errorf("%+v: error %v, want %q", p, err, want)
		}
	}
}

func TestGreedy(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	s := newSampler(t, Params{Seed: 9, TopK: 2, TopP: 0.1})
	for _, c := range []struct {
		logits []float32
		want   token.ID
	}{
		{[]float32{1, 3, 2}, 1},
		{[]float32{-5, -3, -3, -4}, 1}, // the lower id of two
		{[]float32{0, float32(math.Copysign(0, -1))}, 0},
		{[]float32{-inf, -1000, nan}, 1},
		{[]float32{nan, nan, 2, nan}, 2},
		{[]float32{-inf, nan}, -1},
		{nil, -1},
	} {
		if got := s.Sample(c.logits, 5, History{}); got.ID != c.want || got.Top != nil || got.Logprob != 0 {
			t.Errorf("%v: %+v, want token %d", c.logits, got, c.want)
		}
	}
}

// A token that may not be chosen never is, and where there is none, none is.
func TestNothingToChoose(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, p := range []Params{
		{Temperature: 1},
		{Temperature: 1, TopK: 2},
		{Temperature: 1, TopP: 0.9, MinP: 0.1, Logprobs: 3},
		{Temperature: 1, LogitBias: map[token.ID]float32{0: -inf}},
	} {
		s := newSampler(t, p)
		if c := s.Sample([]float32{-inf, -inf, float32(math.NaN())}, 0, History{}); c.ID != -1 {
			t.Errorf("%+v: %+v", p, c)
		}
		for position := range 100 {
			if c := s.Sample([]float32{-inf, -inf, -3, -inf}, position, History{}); c.ID != 2 {
				t.Errorf("%+v: %+v", p, c)
			}
		}
	}
}

func TestPenalties(t *testing.T) {
	logits := []float32{2, -2, 1, 0.5, 3}
	h := History{Prompt: []token.ID{0, 1, 0, 99}, Generated: []token.ID{2, 2, 4, 1, -1, 99}}
	for _, c := range []struct {
		name string
		p    Params
		want []float32
	}{
		{"nothing", Params{RepetitionPenalty: 1}, logits},
		{"bias", Params{LogitBias: map[token.ID]float32{1: 5, 3: -100, 99: 7}}, []float32{2, 3, 1, -99.5, 3}},
		{"repetition, once a token", Params{RepetitionPenalty: 2}, []float32{1, -4, 0.5, 0.5, 1.5}},
		{"presence, of the output", Params{PresencePenalty: 0.5}, []float32{2, -2.5, 0.5, 0.5, 2.5}},
		{"frequency", Params{FrequencyPenalty: 0.5}, []float32{2, -2.5, 0, 0.5, 2.5}},
		{"bias before repetition before presence", Params{LogitBias: map[token.ID]float32{2: -2}, RepetitionPenalty: 2, PresencePenalty: 1, FrequencyPenalty: 1},
			[]float32{1, -6, -5, 0.5, -0.5}},
	} {
		s := newSampler(t, c.p)
		for range 2 { // the second finds nothing of the first
			if got := s.adjust(logits, h); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
		if got, want := s.Sample(logits, 0, h).ID, argmax(c.want); got != want {
			t.Errorf("%s: token %d, want %d", c.name, got, want)
		}
	}
}

// A choice is a function of its arguments: not of what the Sampler did before,
// nor of the choices beside it.
func TestNoState(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p := Params{Temperature: 0.8, TopK: 50, TopP: 0.95, MinP: 0.001, RepetitionPenalty: 1.2, FrequencyPenalty: 0.1, Seed: 42, Logprobs: 2}
	busy := newSampler(t, p)
	var logits [][]float32
	for i := range 40 {
		logits = append(logits, randomLogits(r, 100+i, 3))
	}
	h := History{Prompt: []token.ID{3, 4, 5}, Generated: []token.ID{6, 3}}
	for _, i := range r.Perm(len(logits)) {
		before := slices.Clone(logits[i])
		got, want := busy.Sample(logits[i], i, h), newSampler(t, p).Sample(logits[i], i, h)
		if got.ID != want.ID || got.Logprob != want.Logprob || !slices.Equal(got.Top, want.Top) {
			t.Errorf("position %d: %+v, alone %+v", i, got, want)
		}
		for j, l := range before {
			if math.Float32bits(l) != math.Float32bits(logits[i][j]) {
				t.Fatalf("Sample changed logit %d", j)
			}
		}
	}
}

// The choices of a seed stay what they are from version to version: users keep
// seeds.
func TestPinnedChoices(t *testing.T) {
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = float32(i%17) / 4
	}
	var got []token.ID
	for _, seed := range []uint64{0, 1, math.MaxUint64} {
		s := newSampler(t, Params{Temperature: 1, Seed: seed})
		for _, position := range []int{0, 1, 163839} {
			got = append(got, s.Sample(logits, position, History{}).ID)
		}
	}
	want := []token.ID{202, 558, 461, 744, 381, 84, 628, 29, 386}
	if !slices.Equal(got, want) {
		t.Errorf("tokens %v, want %v", got, want)
	}
}

func TestLogprobs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{-1, 1, 5, 40, 1000} {
		s := newSampler(t, Params{Temperature: 2, TopK: 3, LogitBias: map[token.ID]float32{7: 100}, Logprobs: n})
		logits := randomLogits(r, 40, 2)
		logits[7] = -1
		sum := 0.0
		var all []Alternative
		for _, l := range logits {
			sum += math.Exp(float64(l))
		}
		for id, l := range logits {
			if !math.IsInf(float64(l), -1) {
				all = append(all, Alternative{token.ID(id), float32(float64(l) - math.Log(sum))})
			}
		}
		slices.SortStableFunc(all, func(a, b Alternative) int { return cmp.Compare(b.Logprob, a.Logprob) })
		c := s.Sample(logits, 3, History{})
		if want := -1 - math.Log(sum); c.ID != 7 || math.Abs(float64(c.Logprob)-want) > 1e-5 {
			t.Errorf("choice %+v, want token 7 of %v", c, want)
		}
		want := all[:min(max(n, 0), len(all))]
		if len(c.Top) != len(want) {
			t.Fatalf("%d alternatives for %d, want %d", len(c.Top), n, len(want))
		}
		for i, a := range c.Top {
			if a.ID != want[i].ID || math.Abs(float64(a.Logprob-want[i].Logprob)) > 1e-5 {
				t.Errorf("alternative %d is %v, want %v", i, a, want[i])
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	logits := randomLogits(rand.New(rand.NewPCG(1, 3)), 5000, 3)
	h := History{Generated: []token.ID{1, 2, 3}}
	for _, p := range []Params{
		{},
		{Temperature: 1},
		{Temperature: 1, TopK: 40, TopP: 0.9, MinP: 0.01},
		{Temperature: 1, TopP: 0.9, RepetitionPenalty: 1.1, PresencePenalty: 1, LogitBias: map[token.ID]float32{1: 1}, Logprobs: -1},
	} {
		s := newSampler(t, p)
		if n := testing.AllocsPerRun(10, func() { s.Sample(logits, 1, h) }); n != 0 {
			t.Errorf("%+v: %v allocations", p, n)
		}
	}
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		drafts, chosen string
		want           int
	}{
		{"", "", 0},
		{"", "a", 0},
		{"ab", "abc", 2},
		{"ab", "axc", 1},
		{"ab", "xbc", 0}, // a right token after a wrong one is not right
		{"abc", "ab", 2},
	} {
		ids := func(s string) (ids []token.ID) {
			for _, r := range s {
				ids = append(ids, token.ID(r))
			}
			return ids
		}
		if got := Verify(ids(c.drafts), ids(c.chosen)); got != c.want {
			t.Errorf("drafts %q, chosen %q: %d, want %d", c.drafts, c.chosen, got, c.want)
		}
	}
}

// Drafts change nothing: verified against the choices at their places, they give
// the tokens that sampling one by one gives.
func TestVerifyIsLossless(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	s := newSampler(t, Params{Temperature: 1, Seed: 5, PresencePenalty: 0.3})
	// The network of this test: its logits are a function of the last token.
	table := make([][]float32, 8)
	for i := range table {
		table[i] = randomLogits(r, len(table), 1)
		table[i][(i+1)%len(table)] = 1
	}
	next := func(tokens []token.ID) token.ID {
		return s.Sample(table[tokens[len(tokens)-1]], len(tokens), History{Prompt: tokens[:1], Generated: tokens[1:]}).ID
	}
	alone := []token.ID{0}
	for len(alone) < 200 {
		alone = append(alone, next(alone))
	}
	tokens := []token.ID{0}
	accepted := 0
	for len(tokens) < 200 {
		drafts := make([]token.ID, r.IntN(4))
		for i := range drafts {
			drafts[i] = token.ID(r.IntN(len(table)))
			if at := len(tokens) + i; at < len(alone) && r.IntN(2) == 0 {
				drafts[i] = alone[at]
			}
		}
		var chosen []token.ID
		for i := range len(drafts) + 1 {
			chosen = append(chosen, next(slices.Concat(tokens, drafts[:i])))
		}
		n := Verify(drafts, chosen)
		tokens = append(tokens, chosen[:n+1]...)
		accepted += n
	}
	if tokens = tokens[:200]; !slices.Equal(tokens, alone) || accepted == 0 {
		t.Errorf("%d drafts accepted; tokens\n%v, alone\n%v", accepted, tokens, alone)
	}
}

// TestOverflow checks that a logit that a penalty or a bias takes beyond float32
// is chosen, by any filter.
func TestOverflow(t *testing.T) {
	for _, p := range []Params{
		{Temperature: 1, TopP: 0.5, RepetitionPenalty: 0.125},
		{Temperature: 1e-40, TopK: 1, MinP: 0.1, LogitBias: map[token.ID]float32{0: math.MaxFloat32}},
	} {
		s, err := New(p)
		if err != nil {
			t.Fatal(err)
		}
		if c := s.Sample([]float32{3e38, 1}, 5, History{Prompt: []token.ID{0}}); c.ID != 0 {
			t.Errorf("%+v: token %d, want 0", p, c.ID)
		}
	}
}

// FuzzSample: on any logits the token is one that may be chosen.
func FuzzSample(f *testing.F) {
	f.Add([]byte("logits of any kind, four bytes each"), float32(1), 3, float32(0.9), float32(0.1), float32(1.1), 7, uint64(1))
	f.Add([]byte{0, 0, 128, 127, 0, 0, 128, 255, 0, 0, 192, 127}, float32(1e-40), 0, float32(0.5), float32(1), float32(0), -1, uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, temperature float32, topK int, topP, minP, repetition float32, logprobs int, seed uint64) {
		s, err := New(Params{Temperature: temperature, TopK: topK, TopP: topP, MinP: minP, RepetitionPenalty: repetition, Logprobs: logprobs, Seed: seed})
		if err != nil {
			if s != nil || !strings.Contains(err.Error(), "want") {
				t.Errorf("sampler %v, error %v", s, err)
			}
			return
		}
		logits := make([]float32, len(data)/4)
		any := false
		for i := range logits {
			b := data[4*i:]
			logits[i] = math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
			if math.IsInf(float64(logits[i]), 1) {
				return
			}
			any = any || possible(logits[i])
		}
		c := s.Sample(logits, int(seed>>1), History{Prompt: []token.ID{0, 2}})
		switch {
		case c.ID == -1:
			if any && repetition == 0 {
				t.Errorf("no token of %v", logits)
			}
		case int(c.ID) >= len(logits) || !possible(logits[c.ID]):
			t.Errorf("token %d of %v", c.ID, logits)
		}
	})
}
