package engine

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// probabilities are those of the tokens by their logits, by sorting everything.
func probabilities(logits []float32, p sample.Params) []float64 {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case logits[a] > logits[b]:
			return -1
		case logits[a] < logits[b]:
			return 1
		}
		return 0
	})
	if p.TopK > 0 {
		order = order[:p.TopK]
	}
	at := make([]float64, len(logits))
	sum := func() (s float64) {
		for _, id := range order {
			s += at[id]
		}
		return s
	}
	for _, id := range order {
		at[id] = math.Exp(float64(logits[id]-logits[order[0]]) / float64(p.Temperature))
	}
	all, before := sum(), 0.0
	for i, id := range order {
		if p.TopP > 0 && before >= float64(p.TopP)*all || at[id] < float64(p.MinP)*at[order[0]] {
			order = order[:i]
			break
		}
		before += at[id]
	}
	all = sum()
	kept := make([]float64, len(logits))
	for _, id := range order {
		kept[id] = at[id] / all
	}
	return kept
}

// TestDraftsKeepTheDistribution samples with many seeds, with drafts and without. The
// second and third tokens, which are drafts that held, or what came in their place,
// are distributed as the network says: Pearson's chi-square, the seeds being fixed.
// And every seed gives the same tokens either way.
func TestDraftsKeepTheDistribution(t *testing.T) {
	samples := 100_000
	if testing.Short() {
		samples = 2000
	}
	for _, p := range []sample.Params{
		{Temperature: 1}, {Temperature: 0.3}, {Temperature: 1, TopK: 5}, {Temperature: 1, TopP: 0.8}, {Temperature: 1.3, MinP: 0.1},
	} {
		ids, counts := samplesOf(t, p, Drafting{MTP: On, Lookup: Off, Most: 2}, samples)
		plain, _ := samplesOf(t, p, Drafting{MTP: Off, Lookup: Off}, samples/5)
		for i := range plain {
			if !slices.Equal(ids[i], plain[i]) {
				t.Fatalf("%+v, seed %d: %v with drafts, %v without", p, i, ids[i], plain[i])
			}
		}
		drafted, accepted := 0, 0
		for _, a := range counts.ByPlace {
			drafted, accepted = drafted+a.Drafted, accepted+a.Accepted
		}
		var places [3][]int
		for k := range places {
			places[k] = make([]int, vocabulary)
			for _, x := range ids {
				places[k][x[k]]++
			}
		}
		if accepted == 0 || accepted == drafted {
			t.Errorf("%+v: %d of %d drafts held, want some of them", p, accepted, drafted)
		}
		h := mix(mix(0, 5, 0), 6, 0)
		one := probabilities(logitsOf(h), p)
		chiSquare(t, places[0], one, samples)
		two, three := make([]float64, vocabulary), make([]float64, vocabulary)
		for a, pa := range one {
			if pa == 0 {
				continue
			}
			ha := mix(h, token.ID(a), 0)
			for b, pb := range probabilities(logitsOf(ha), p) {
				two[b] += pa * pb
				if pb == 0 {
					continue
				}
				for c, pc := range probabilities(logitsOf(mix(ha, token.ID(b), 0)), p) {
					three[c] += pa * pb * pc
				}
			}
		}
		chiSquare(t, places[1], two, samples)
		chiSquare(t, places[2], three, samples)
	}
}

// samplesOf returns three tokens behind a prompt for each of many seeds.
func samplesOf(t *testing.T, p sample.Params, d Drafting, samples int) (all [][]token.ID, c Counts) {
	o := Options{Context: limit, Vocabulary: vocabulary, Pages: 70, Drafting: d, NoPrefixes: true, MaxSequences: 50}.withDefaults()
	f := newFake(t, o.Pages)
	f.right = 5
	s := newScheduler(f.network(true), o)
	for len(all) < samples {
		var open []*sequence
		for range 50 {
			p.Seed = uint64(len(all) + len(open))
			q, err := newSequence(Request{Prompt: []token.ID{5, 6}, MaxTokens: 3, Sampling: p}, &o)
			if err != nil {
				t.Fatal(err)
			}
			s.enqueue(q)
			open = append(open, q)
		}
		for s.step(context.Background()) {
		}
		for _, q := range open {
			all = append(all, q.tokens[2:])
		}
	}
	if len(f.wrong) > 0 {
		t.Fatal(f.wrong[0])
	}
	return all, s.report()
}

// chiSquare fails where counts would come from the probabilities once in about
// 100,000 times.
func chiSquare(t *testing.T, counts []int, probability []float64, samples int) {
	t.Helper()
	statistic, cells, rareCount, rareWant := 0.0, 0.0, 0.0, 0.0
	for i, p := range probability {
		got, want := float64(counts[i]), p*float64(samples)
		switch {
		case p == 0 && got > 0:
			t.Errorf("token %d, of probability 0, was chosen %v times", i, got)
		case want < 10: // cells of few expected samples are one, as the test demands
			rareCount, rareWant = rareCount+got, rareWant+want
		default:
			statistic += (got - want) * (got - want) / want
			cells++
		}
	}
	if rareWant >= 10 {
		statistic += (rareCount - rareWant) * (rareCount - rareWant) / rareWant
		cells++
	}
	// Wilson and Hilferty 1931: the cube root is about normal; 4.26 has 10^-5 above it.
	k := cells - 1
	if bound := k * math.Pow(1-2/(9*k)+4.26*math.Sqrt(2/(9*k)), 3); statistic > bound {
		t.Errorf("chi-square of %v cells is %.1f, more than %.1f", cells, statistic, bound)
	}
}
