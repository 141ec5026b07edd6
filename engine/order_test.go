package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/token"
)

// scheduled returns a scheduler of a scripted network, and what asks it for something.
func scheduled(t *testing.T, o Options, mtp bool) (s *scheduler, f *fake, ask func(Request) *sequence) {
	o.Context, o.Vocabulary = limit, vocabulary
	if o.Pages == 0 {
		o.Pages = 400
	}
	f = newFake(t, o.Pages)
	f.right = 7
	s = newScheduler(f.network(mtp), o.withDefaults())
	return s, f, func(r Request) *sequence {
		q, err := newSequence(r, &s.options)
		if err != nil {
			t.Fatal(err)
		}
		s.enqueue(q)
		return q
	}
}

// said returns what came out of a sequence.
func said(q *sequence) (ids []token.ID, err error) {
	choices, _, err := q.out.take()
	for _, c := range choices {
		ids = append(ids, c.ID)
	}
	return ids, err
}

// TestDraftsStarveNobody: where drafts would fill a step, every sequence goes on all the
// same, and a prompt is read.
func TestDraftsStarveNobody(t *testing.T) {
	s, _, ask := scheduled(t, Options{Drafting: Drafting{MTP: On, Most: 9}}, true)
	random := rand.New(rand.NewPCG(1, 2))
	var all []*sequence
	for range 60 {
		all = append(all, ask(Request{Prompt: prompt(random, 4), MaxTokens: 200}))
	}
	for range 5 {
		s.step(context.Background())
	}
	late := ask(Request{Prompt: prompt(random, 250), MaxTokens: 2})
	for range 20 {
		s.step(context.Background())
	}
	least, most := limit, 0
	for _, q := range all {
		least, most = min(least, q.generated()), max(most, q.generated())
	}
	if least < 24 || most > 3*least {
		t.Errorf("after 25 steps sequences have %d to %d tokens", least, most)
	}
	if late.generated() == 0 {
		t.Errorf("of a prompt of 250 tokens %d are read after 20 steps", late.cached)
	}
}

// TestDraftsLeaveRoom: drafts that were made before there were so many sequences take no
// token from those.
func TestDraftsLeaveRoom(t *testing.T) {
	s, _, ask := scheduled(t, Options{MaxStepTokens: 8, Drafting: Drafting{MTP: Off, Lookup: Off}}, false)
	random := rand.New(rand.NewPCG(1, 2))
	var all []*sequence
	for range 4 {
		all = append(all, ask(Request{Prompt: prompt(random, 4), MaxTokens: 50}))
	}
	for range 6 {
		s.step(context.Background())
	}
	before := make([]int, len(all))
	for i, q := range all {
		before[i] = q.generated()
		q.drafts = prompt(random, 7)
	}
	s.step(context.Background())
	for i, q := range all {
		if q.generated() == before[i] {
			t.Errorf("sequence %d has no token of a step of 8 for four", i)
		}
	}
}

// TestPromptsByTurns: where a step is for fewer tokens than there are prompts, all are read.
func TestPromptsByTurns(t *testing.T) {
	s, _, ask := scheduled(t, Options{MaxStepTokens: 4}, false)
	random := rand.New(rand.NewPCG(1, 2))
	var all []*sequence
	for i := range 10 {
		all = append(all, ask(Request{Prompt: prompt(random, 100+i), MaxTokens: 2}))
	}
	for range 50 {
		s.step(context.Background())
	}
	for i, q := range all {
		if q.cached < 15 || q.cached > 25 {
			t.Errorf("of prompt %d, %d tokens are read after 50 steps of 4 tokens for 10, want about 20", i, q.cached)
		}
	}
}

// TestPriorityPushesAside: a request of greater priority does not wait for lesser ones, be
// it for their place or for their pages; they go on behind it, with the same tokens.
func TestPriorityPushesAside(t *testing.T) {
	for name, o := range map[string]Options{
		"places": {Pages: 20, MaxSequences: 2},
		"pages":  {Pages: 5, MaxSequences: 4},
	} {
		s, f, ask := scheduled(t, o, false)
		random := rand.New(rand.NewPCG(1, 2))
		request := Request{Prompt: prompt(random, 70), MaxTokens: 60}
		low := []*sequence{ask(request), ask(Request{Prompt: prompt(random, 70), MaxTokens: 60})}
		for range 5 {
			s.step(context.Background())
		}
		high := ask(Request{Prompt: prompt(random, 150), MaxTokens: 2, Priority: 1})
		for range 3 {
			s.step(context.Background())
		}
		if high.generated() < 2 || low[1].stats.Preempted == 0 || low[0].stats.Preempted > 1 {
			t.Errorf("%s: three steps gave %d tokens of the greater priority; the lesser were pushed aside %d and %d times",
				name, high.generated(), low[0].stats.Preempted, low[1].stats.Preempted)
		}
		for s.step(context.Background()) {
		}
		got, err := said(low[0])
		if want := f.alone(request, &s.options); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the lesser gave %v (%v), want %v", name, got, err, want)
		}
	}
}

// TestDraftsBesidePrompts: a step that reads a prompt takes hardly longer for drafts, so that
// there are some; and what they took is not counted to a later step.
func TestDraftsBesidePrompts(t *testing.T) {
	s, f, ask := scheduled(t, Options{ChunkTokens: 40, Drafting: Drafting{Lookup: Off}}, true)
	f.right = 10
	random := rand.New(rand.NewPCG(1, 2))
	q := ask(Request{Prompt: prompt(random, 4), MaxTokens: 250})
	for q.generated() < 240 {
		if len(s.waiting) == 0 && len(s.running) < 3 {
			ask(Request{Prompt: prompt(random, 290), MaxTokens: 1})
		}
		s.step(context.Background())
	}
	if q.stats.Drafted < 100 {
		t.Errorf("%d drafts beside prompts", q.stats.Drafted)
	}
	var c costs
	for range 5 {
		c.measured(1, 1, 1, 0.1)
	}
	for range 20 {
		c.drafted(1, 0.02)
		c.unmeasured()
	}
	c.drafted(1, 0.02)
	c.measured(1, 2, 2, 0.12)
	if got := c.gain(); got < 1.06 || got > 1.1 { // of 6 steps, 0.7 s in place of 0.64
		t.Errorf("a gain of %.2f is told", got)
	}
}

// TestDraftsBehindAPart: what was decided of the page of another prompt, behind the part that
// is reused, is nothing to drafts.
func TestDraftsBehindAPart(t *testing.T) {
	s, f, ask := scheduled(t, Options{ExpandFrom: 20, Drafting: Drafting{MTP: On, Most: 2}}, true)
	f.right = 10
	random := rand.New(rand.NewPCG(1, 2))
	first := prompt(random, 128)
	ask(Request{Prompt: first, MaxTokens: 1})
	for s.step(context.Background()) {
	}
	q := ask(Request{Prompt: append(slices.Clone(first[:70]), prompt(random, 6)...), MaxTokens: 20})
	for s.step(context.Background()) {
	}
	if q.stats.Reused != 69 || q.stats.Drafted < 12 || q.stats.Accepted != q.stats.Drafted {
		t.Errorf("%d tokens reused, %d of %d drafts held, want 69 and all of 12 or more", q.stats.Reused, q.stats.Accepted, q.stats.Drafted)
	}
}

// TestBrokenMTP: a sequence of which the MTP layer computes what is not finite, as it drafts
// or as its cache is filled, goes on without its drafts, and others with theirs.
func TestBrokenMTP(t *testing.T) {
	for _, filling := range []bool{false, true} {
		told := 0
		o := Options{Drafting: Drafting{MTP: On, Most: 2}, Trace: Trace{Undrafted: func(int, error) { told++ }}}
		s, f, ask := scheduled(t, o, true)
		f.right = 10
		calls := 0
		f.failMTP = func(run int, fill bool) error {
			if calls++; run == 1 && calls > 20 && told == 0 && fill == filling {
				return &deepseek.NonFiniteError{Where: "MTP layer", Run: run}
			}
			return nil
		}
		random := rand.New(rand.NewPCG(1, 2))
		var all []*sequence
		for i := range 3 {
			all = append(all, ask(Request{Prompt: prompt(random, 30+i), MaxTokens: 90}))
		}
		for s.step(context.Background()) {
		}
		alone := 0
		for _, q := range all {
			if got, err := said(q); len(got) != 90 || err != nil {
				t.Errorf("%d tokens (%v), want 90", len(got), err)
			}
			if q.lone {
				alone++
			} else if q.stats.Drafted < 55 || q.stats.Accepted < q.stats.Drafted-2 {
				t.Errorf("a sequence beside it has %d of %d drafts", q.stats.Accepted, q.stats.Drafted)
			}
		}
		if alone != 1 || told != 1 || len(f.wrong) > 0 {
			t.Errorf("%d sequences go on without drafts, %d are told, want 1 (%v)", alone, told, f.wrong)
		}
	}
}

// TestLongTree: what is looked for on each step, and evicted, does not take longer the more is
// remembered: the deepest path once.
func TestLongTree(t *testing.T) {
	const depth, wide = 512, 8
	pages := NewPages(depth * wide)
	tree := prefix{pages: pages}
	chain := func(first int) []token.ID {
		text := make([]token.ID, depth*deepseek.PageSize)
		for i := range text {
			text[i] = token.ID(first)
		}
		return text
	}
	for k := range wide {
		text, leaf := chain(k), &tree.root
		for at := 0; at < len(text); at += deepseek.PageSize {
			p := pages.Alloc()
			leaf, _ = tree.add(leaf, text[at:at+deepseek.PageSize], 0, p)
			pages.Release(p)
		}
	}
	start := time.Now()
	m := tree.find(chain(3), nil, depth*deepseek.PageSize)
	if len(m.nodes) != depth {
		t.Fatalf("%d pages are found, want %d", len(m.nodes), depth)
	}
	found := time.Since(start)
	last := uint64(0)
	for range depth * wide / 2 {
		n := tree.oldest()
		if len(n.children) > 0 || pages.Held(n.page) != 1 {
			t.Fatal("evicted what is of use")
		}
		last = max(last, n.used)
		tree.remove(n)
	}
	if got := tree.find(chain(3), nil, depth*deepseek.PageSize); len(got.nodes) != depth {
		t.Errorf("of the conversation of use last %d of %d pages are left", len(got.nodes), depth)
	}
	t.Logf("found in %v", found)
	for i := range 10_000 { // parts of a page that grow, where nothing is evicted
		p := pages.Alloc()
		n, _ := tree.add(&tree.root, slices.Repeat([]token.ID{token.ID(wide + i)}, 1+i%63), 0, p)
		pages.Release(p)
		tree.remove(n)
	}
	if len(tree.leaves) > 3*depth*wide {
		t.Errorf("%d nodes are listed of %d that there are", len(tree.leaves), tree.size)
	}
}

// TestInTheStep: a prompt that lacks pages pushes none aside that is in the step already.
func TestInTheStep(t *testing.T) {
	s, f, ask := scheduled(t, Options{Pages: 5, MaxStepTokens: 4}, false)
	random := rand.New(rand.NewPCG(1, 2))
	requests := []Request{{Prompt: prompt(random, 250), MaxTokens: 3}, {Prompt: prompt(random, 4), MaxTokens: 200}}
	all := []*sequence{ask(requests[0]), ask(requests[1])}
	for s.step(context.Background()) {
	}
	for i, q := range all {
		got, err := said(q)
		if want := f.alone(requests[i], &s.options); err != nil || !slices.Equal(got, want) {
			t.Errorf("sequence %d: %v (%v), want %v", i, got, err, want)
		}
	}
	if all[1].stats.Preempted == 0 || len(f.wrong) > 0 {
		t.Errorf("the second was pushed aside %d times; %v", all[1].stats.Preempted, f.wrong)
	}
}

// TestDraftsBesideShortPrompts: where every step reads a short prompt, none is measured, and
// there are drafts all the same.
func TestDraftsBesideShortPrompts(t *testing.T) {
	s, f, ask := scheduled(t, Options{Drafting: Drafting{Lookup: Off}}, true)
	f.right = 10
	random := rand.New(rand.NewPCG(1, 2))
	q := ask(Request{Prompt: prompt(random, 4), MaxTokens: 250})
	for q.generated() < 240 {
		ask(Request{Prompt: prompt(random, 60), MaxTokens: 1})
		s.step(context.Background())
	}
	if q.stats.Drafted < 100 {
		t.Errorf("%d drafts beside prompts", q.stats.Drafted)
	}
}

// TestNotPushedAsideInVain: what a request of greater priority lacks and would not have by
// pushing lesser ones aside is waited for.
func TestNotPushedAsideInVain(t *testing.T) {
	s, _, ask := scheduled(t, Options{Pages: 7}, false)
	random := rand.New(rand.NewPCG(1, 2))
	high := ask(Request{Prompt: prompt(random, 190), MaxTokens: 60, Priority: 1})
	low := ask(Request{Prompt: prompt(random, 60), MaxTokens: 60})
	for high.generated() == 0 || low.generated() == 0 {
		s.step(context.Background())
	}
	ask(Request{Prompt: prompt(random, 250), MaxTokens: 2, Priority: 1})
	for range 20 {
		s.step(context.Background())
	}
	if low.stats.Preempted != 0 || low.generated() < 20 {
		t.Errorf("the lesser has %d tokens, and was pushed aside %d times", low.generated(), low.stats.Preempted)
	}
}
