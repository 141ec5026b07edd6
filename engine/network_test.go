package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// networkOf loads a checkpoint with a cache of so many pages.
func networkOf(t testing.TB, ck *checkpoint.Checkpoint, pages int, o deepseek.Options) (Network, *deepseek.Model) {
	t.Helper()
	m, err := deepseek.Load(ck, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if err := m.Reserve(pages); err != nil {
		t.Fatal(err)
	}
	n := Network{Model: m, Memory: m.Cache()}
	if m.MTP() != nil {
		n.MTP = m.MTP()
	}
	return n, m
}

// TestGoldenDrafts drafts with the MTP layers of the golden networks, and wants every
// draft and every verdict that an independent reference gives.
func TestGoldenDrafts(t *testing.T) {
	for _, c := range golden.Cases(t) {
		if !c.Has("speculative.json") || !c.Has("mtp_logits.npy") {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			var want struct {
				Runs []struct {
					K     int
					Chain string
					Steps []struct {
						Draft    []token.ID
						Accepted int
					}
				}
			}
			c.JSON(t, "speculative", &want)
			_, ids := c.Ints(t, "input_ids")
			var prompt []token.ID
			for _, id := range ids {
				prompt = append(prompt, token.ID(id))
			}
			ck, err := checkpoint.Open(c.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer ck.Close()
			net, m := networkOf(t, ck, 4, deepseek.Options{})
			if net.MTP == nil {
				t.Fatal("the network has no MTP layer, and the case has")
			}
			for _, run := range want.Runs {
				if run.Chain != "post" {
					continue
				}
				i := 0
				o := Options{Context: m.Config.Context, Vocabulary: m.Vocabulary(), Pages: 4, ExpandFrom: m.Config.ExpandFrom()}
				o.Drafting = Drafting{MTP: On, Most: run.K, Rewrite: func(_, drafts []token.ID) {
					if i < len(run.Steps) && !slices.Equal(drafts, run.Steps[i].Draft) {
						t.Errorf("k = %d, step %d: drafts %v, want %v", run.K, i, drafts, run.Steps[i].Draft)
					}
				}}
				o.Trace.Verify = func(_, drafted, accepted int) {
					if i < len(run.Steps) && (accepted != run.Steps[i].Accepted || drafted != run.K) {
						t.Errorf("k = %d, step %d: %d of %d drafts held, want %d of %d", run.K, i, accepted, drafted, run.Steps[i].Accepted, run.K)
					}
					i++
				}
				e := New(net, o)
				_, err := collect(submit(t, e, Request{Prompt: prompt, MaxTokens: 45}))
				e.Close()
				if err != nil || i < len(run.Steps) || len(run.Steps) == 0 {
					t.Errorf("k = %d: %d steps of %d (%v)", run.K, i, len(run.Steps), err)
				}
			}
		})
	}
}

// TestSameBits: on the built-in model, in both maths, whatever the workers, batch
// mates, chunk sizes, pages, drafts, prefixes, cancellations, and what a store kept over
// a restart, a sequence's tokens and the bits of its last logits are those it has alone.
func TestSameBits(t *testing.T) {
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	for by, rounds := range map[deepseek.Math]int{deepseek.Exact: 2, deepseek.Fast: 8} {
		if testing.Short() { // exact math takes its time
			rounds /= 4
		}
		t.Run(string(by), func(t *testing.T) {
			for seed := range rounds {
				sameBits(t, ck, by, uint64(seed))
			}
		})
	}
}

type outcome struct {
	ids  []token.ID
	hash uint32
}

func sameBits(t *testing.T, ck *checkpoint.Checkpoint, by deepseek.Math, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 5))
	cache := deepseek.CacheType("") // that of the math
	if by == deepseek.Fast && seed%4 == 3 {
		cache = deepseek.CacheQ8
	}
	alone, m := networkOf(t, ck, 40, deepseek.Options{Math: by, Workers: 1, Cache: cache})
	o := Options{Context: m.Config.Context, Vocabulary: m.Vocabulary(), ExpandFrom: m.Config.ExpandFrom(), Pages: 40}
	// Where prompts are computed again in another form, their last bits differ.
	o.Deterministic, o.NoPrefixes = r.IntN(2) == 0, false
	if !o.Deterministic {
		o.NoPrefixes = true
	}
	text := prompt(r, 200)
	requests := make([]Request, 6)
	for i := range requests {
		q := &requests[i]
		q.Prompt = append(slices.Clone(text[:r.IntN(len(text))]), prompt(r, 1+r.IntN(40))...)
		if i == 5 {
			q.Prompt = prompt(r, 250)
		}
		q.MaxTokens = 1 + r.IntN(50)
		if i%2 == 0 {
			q.Sampling = sample.Params{Temperature: 0.8, Seed: seed, TopP: 0.95}
		}
	}
	want := make([]outcome, len(requests))
	for i, q := range requests {
		plain := o
		plain.NoPrefixes, plain.Drafting = true, Drafting{MTP: Off, Lookup: Off}
		e := New(alone, plain)
		s := submit(t, e, q)
		ids, err := collect(s)
		if err != nil {
			t.Fatal(err)
		}
		want[i] = outcome{ids, s.Stats().LogitsHash}
		e.Close()
	}
	o.Pages, o.MaxStepTokens, o.ChunkTokens = 6+r.IntN(20), 20+r.IntN(300), 1+r.IntN(64)
	o.Drafting = Drafting{MTP: []Mode{Auto, On}[r.IntN(2)], Lookup: []Mode{Auto, On}[r.IntN(2)], Most: 1 + r.IntN(4)}
	if !o.NoPrefixes {
		o.Store = newShelf(nil)
	}
	for _, rounds := range []int{2, 1} { // the second time most is remembered; then the engine begins anew
		network, _ := networkOf(t, ck, o.Pages, deepseek.Options{Math: by, Workers: 1 + r.IntN(3), Cache: cache})
		e := New(network, o)
		for range rounds {
			sameTogether(t, e, requests, want, r)
		}
		if c := e.Counts(); o.Store != nil && (c.Reused == 0 || rounds == 1 && c.Restored == 0) {
			t.Errorf("seed %d: nothing was reused or restored: %+v", seed, c)
		}
		e.Close()
	}
}

// sameTogether has requests answered at once, while others are canceled, and compares the
// answers.
func sameTogether(t *testing.T, e *Engine, requests []Request, want []outcome, r *rand.Rand) {
	t.Helper()
	var group sync.WaitGroup
	for i, q := range requests {
		s := submit(t, e, q)
		group.Go(func() {
			got, err := collect(s)
			if err != nil || !slices.Equal(got, want[i].ids) || s.Stats().LogitsHash != want[i].hash {
				t.Errorf("%+v\nrequest %d: %v #%08x (%v), alone %v #%08x", e.options, i, got, s.Stats().LogitsHash, err, want[i].ids, want[i].hash)
			}
		})
		if r.IntN(2) == 0 { // of the same beginning
			ctx, cancel := context.WithCancel(context.Background())
			left, other := r.IntN(4), submit(t, e, q)
			group.Go(func() {
				defer cancel()
				for range other.Tokens(ctx) {
					if left--; left < 0 {
						cancel()
					}
				}
			})
		}
	}
	group.Wait()
}

// TestReuseOnTheNetwork: a conversation that goes on is not computed again, and its
// next turn is drafted as well as if it had been.
func TestReuseOnTheNetwork(t *testing.T) {
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	net, m := networkOf(t, ck, 30, deepseek.Options{})
	first := prompt(rand.New(rand.NewPCG(3, 3)), 100)
	turn := func(e *Engine, p []token.ID) ([]token.ID, Stats) {
		s := submit(t, e, Request{Prompt: p, MaxTokens: 60})
		ids, err := collect(s)
		if err != nil {
			t.Fatal(err)
		}
		return append(slices.Clone(p), ids...), s.Stats()
	}
	o := Options{Context: m.Config.Context, Vocabulary: m.Vocabulary(), Pages: 30, Deterministic: true, Drafting: Drafting{MTP: On}}
	e := New(net, o)
	said, _ := turn(e, first)
	next := append(said, prompt(rand.New(rand.NewPCG(4, 4)), 20)...)
	again, warm := turn(e, next)
	e.Close()
	o.NoPrefixes = true
	e = New(net, o)
	defer e.Close()
	afresh, cold := turn(e, next)
	if !slices.Equal(again, afresh) || warm.LogitsHash != cold.LogitsHash {
		t.Errorf("the second turn is %v, computed afresh %v", again, afresh)
	}
	// The last token that was said has no latents yet, and the one before is
	// computed again for the pair behind it.
	if warm.Reused != len(said)-2 || cold.Reused != 0 {
		t.Errorf("%d and %d tokens reused of %d", warm.Reused, cold.Reused, len(said))
	}
	if warm.Drafted != cold.Drafted || warm.Accepted != cold.Accepted || warm.Accepted == 0 {
		t.Errorf("%d of %d drafts held, computed afresh %d of %d", warm.Accepted, warm.Drafted, cold.Accepted, cold.Drafted)
	}
}
