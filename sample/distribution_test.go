package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/deskseek/deskseek/token"
)

// naive returns the probability of every token under p, by sorting everything.
func naive(logits []float32, p Params) []float64 {
	type entry struct {
		id int
		p  float64
	}
	var all []entry
	for id, l := range logits {
		if !math.IsInf(float64(l), -1) {
			all = append(all, entry{id, float64(l) / float64(p.Temperature)})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].p > all[j].p })
	if p.TopK > 0 {
		all = all[:min(p.TopK, len(all))]
	}
	softmax := func() {
		top, sum := all[0].p, 0.0
		for i := range all {
			all[i].p = math.Exp(all[i].p - top)
			sum += all[i].p
		}
		for i := range all {
			all[i].p /= sum
		}
	}
	softmax()
	n := len(all)
	for n > 1 && all[n-1].p < float64(p.MinP)*all[0].p {
		n--
	}
	all = all[:n]
	sum := 0.0
	for _, e := range all {
		sum += e.p
	}
	if p.TopP > 0 {
		before := 0.0
		for i, e := range all {
			if before >= float64(p.TopP)*sum {
				all = all[:i]
				break
			}
			before += e.p
		}
	}
	sum = 0
	for _, e := range all {
		sum += e.p
	}
	probability := make([]float64, len(logits))
	for _, e := range all {
		probability[e.id] = e.p / sum
	}
	return probability
}

var distributions = []Params{
	{Temperature: 1},
	{Temperature: 0.3},
	{Temperature: 2},
	{Temperature: 1, TopK: 7},
	{Temperature: 1, TopP: 0.8},
	{Temperature: 1.3, MinP: 0.1},
	{Temperature: 0.9, TopK: 20, MinP: 0.02, TopP: 0.9},
}

// The filters keep what sorting the whole vocabulary keeps.
func TestFilters(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 300 {
		p := distributions[r.IntN(len(distributions))]
		if r.IntN(2) == 0 {
			p = Params{Temperature: r.Float32() + 0.05, TopK: r.IntN(40), TopP: r.Float32(), MinP: r.Float32() * r.Float32()}
		}
		logits := randomLogits(r, 1+r.IntN(200), 3)
		logits[0] = 0
		var want []token.ID
		for id, q := range naive(logits, p) {
			if q > 0 {
				want = append(want, token.ID(id))
			}
		}
		s := newSampler(t, p)
		s.collect(logits)
		s.filter(logits[argmax(logits)])
		var got []token.ID
		for _, c := range s.candidates {
			got = append(got, c.id)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%+v leaves %v, want %v", p, got, want)
		}
	}
}

// The tokens of many positions, and of many seeds, are distributed as they
// should: Pearson's chi-square, the seeds being fixed.
func TestDistribution(t *testing.T) {
	const samples = 100_000
	r := rand.New(rand.NewPCG(2, 2))
	logits := randomLogits(r, 60, 1.5)
	for i, p := range distributions {
		want := naive(logits, p)
		for _, vary := range []string{"position", "seed"} {
			if vary == "seed" && i > 0 {
				continue // the noise knows nothing of the filters
			}
			t.Run(fmt.Sprint(i, " by ", vary), func(t *testing.T) {
				s := newSampler(t, p)
				counts := make([]int, len(logits))
				for n := range samples {
					position := 17
					if vary == "position" {
						position = n
					} else {
						s.params.Seed = uint64(n)
					}
					counts[s.Sample(logits, position, History{}).ID]++
				}
				chiSquare(t, counts, want, samples)
			})
		}
	}
}

// chiSquare fails where counts would come from the probabilities once in about
// 100,000 times.
func chiSquare(t *testing.T, counts []int, probability []float64, samples int) {
	t.Helper()
	// Cells of few expected samples are one cell, as the test demands.
	statistic, cells := 0.0, 0
	rareCount, rareWant := 0.0, 0.0
	add := func(got, want float64) {
		statistic += (got - want) * (got - want) / want
		cells++
	}
	for i, p := range probability {
		got, want := float64(counts[i]), p*float64(samples)
		switch {
		case p == 0 && got > 0:
			t.Errorf("token %d, of probability 0, was chosen %v times", i, got)
		case want < 10:
			rareCount, rareWant = rareCount+got, rareWant+want
		default:
			add(got, want)
		}
	}
	if rareWant >= 10 {
		add(rareCount, rareWant)
	}
	// Wilson and Hilferty 1931: the cube root is about normal; 4.26 has 10^-5 above it.
	k := float64(cells - 1)
	limit := k * math.Pow(1-2/(9*k)+4.26*math.Sqrt(2/(9*k)), 3)
	if statistic > limit {
		t.Errorf("chi-square of %d cells is %.1f, more than %.1f", cells, statistic, limit)
	}
}

// Skipping candidates by the bound of their noise changes no choice.
func TestDrawIsArgmax(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for position := range 300 {
		p := Params{Temperature: 0.05 + 3*r.Float32(), Seed: r.Uint64()}
		logits := randomLogits(r, 1+r.IntN(3000), 4)
		logits[0] = 0
		s := newSampler(t, p)
		want, best := token.ID(-1), math.Inf(-1)
		noise := newNoise(p.Seed, position)
		top := logits[argmax(logits)]
		for id, l := range logits {
			if x := s.scaled(l, top) + gumbel(noise.bits(token.ID(id))); x > best {
				want, best = token.ID(id), x
			}
		}
		if got := s.Sample(logits, position, History{}).ID; got != want {
			t.Errorf("token %d, want %d", got, want)
		}
	}
}

func TestGumbel(t *testing.T) {
	const most = 1<<52 - 1
	r := rand.New(rand.NewPCG(2, 4))
	for i := range 100_000 {
		m := r.Uint64() >> 12 >> r.IntN(52)
		if i < 2 {
			m = uint64(i) * most
		}
		if g := gumbel(m); !(g < gumbelAtMost(m)) || math.IsInf(g, 0) {
			t.Fatalf("noise of %#x is %v, the bound %v", m, g, gumbelAtMost(m))
		}
	}
	// The mean is Euler's constant, the variance π²/6, here of one position's
	// tokens: to 5 standard errors.
	const n = 200_000
	sum, squares := 0.0, 0.0
	noise := newNoise(3, 4)
	for id := range token.ID(n) {
		g := gumbel(noise.bits(id))
		sum, squares = sum+g, squares+g*g
	}
	mean := sum / n
	if variance := squares/n - mean*mean; math.Abs(mean-0.5772157) > 5*1.2825/math.Sqrt(n) || math.Abs(variance-math.Pi*math.Pi/6) > 0.05 {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}

// The noise of neighbours in any of its three arguments is unrelated.
func TestNoiseIsUncorrelated(t *testing.T) {
	const n = 100_000
	at := func(seed uint64, position int, id token.ID) float64 {
		return (float64(newNoise(seed, position).bits(id)) + 0.5) * 0x1p-52
	}
	for name, pair := range map[string]func(i int) (float64, float64){
		"seeds":                func(i int) (float64, float64) { return at(uint64(i), 1, 1), at(uint64(i+1), 1, 1) },
		"positions":            func(i int) (float64, float64) { return at(1, i, 1), at(1, i+1, 1) },
		"ids":                  func(i int) (float64, float64) { return at(1, 1, token.ID(i)), at(1, 1, token.ID(i+1)) },
		"seed and position":    func(i int) (float64, float64) { return at(uint64(i), 1, 1), at(1, i, 1) },
		"position and id":      func(i int) (float64, float64) { return at(1, i, 1), at(1, 1, token.ID(i)) },
		"position plus id":     func(i int) (float64, float64) { return at(1, i, 1), at(1, i+1, 0) },
		"high bits of a seed":  func(i int) (float64, float64) { return at(uint64(i)<<40, 1, 1), at(uint64(i+1)<<40, 1, 1) },
		"seed against its not": func(i int) (float64, float64) { return at(uint64(i), 1, 1), at(^uint64(i), 1, 1) },
	} {
		sum := 0.0
		for i := range n {
			a, b := pair(i)
			sum += (a - 0.5) * (b - 0.5) * 12
		}
		// Of n unrelated pairs the correlation has a standard error of 1/√n.
		if c := sum / n; math.Abs(c) > 5/math.Sqrt(n) {
			t.Errorf("%s: correlation %v", name, c)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	r := rand.New(rand.NewPCG(2, 5))
	const vocabulary = 129_280
	logits := make([]float32, vocabulary)
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 2.5)
	}
	prompt := make([]token.ID, 4096)
	for i := range prompt {
		prompt[i] = token.ID(r.IntN(vocabulary))
	}
	for _, c := range []struct {
		name string
		p    Params
	}{
		{"greedy", Params{}},
		{"temperature", Params{Temperature: 1}},
		{"temperature 0.3", Params{Temperature: 0.3}},
		{"top-k 40", Params{Temperature: 1, TopK: 40}},
		{"top-k 10000", Params{Temperature: 1, TopK: 10_000}},
		{"min-p", Params{Temperature: 1, MinP: 0.05}},
		{"top-p", Params{Temperature: 1, TopP: 0.95}},
		{"top-p 0.3", Params{Temperature: 0.3, TopP: 0.95}},
		{"all", Params{Temperature: 0.8, TopK: 40, MinP: 0.05, TopP: 0.95, RepetitionPenalty: 1.1, PresencePenalty: 0.1}},
		{"logprobs 20", Params{Logprobs: 20}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := newSampler(b, c.p)
			for position := 0; b.Loop(); position++ {
				s.Sample(logits, position, History{Prompt: prompt})
			}
		})
	}
}
