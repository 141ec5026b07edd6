package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

var (
	schedules = flag.Int("schedules", 300, "random schedules of TestSameTokensWhateverTheSchedule")
	firstSeed = flag.Int("first", 0, "the first of them")
)

// A schedule is random: what is asked of a scheduler, when, and what goes wrong.
type schedule struct {
	t       *testing.T
	random  *rand.Rand
	fake    *fake
	options Options
	s       *scheduler
	texts   [][]token.ID // that prompts begin with
	open    []*sequence
	want    map[*sequence][]token.ID
	got     map[*sequence][]token.ID
	errs    map[*sequence]error // that a sequence ended with
	broken  map[*sequence]bool  // something was done to it
	ended   int
	mtp     bool
	total   Counts // of the schedulers before
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	r := rand.New(rand.NewPCG(seed, 11))
	c := &schedule{t: t, random: r, want: map[*sequence][]token.ID{}, got: map[*sequence][]token.ID{}, errs: map[*sequence]error{}, broken: map[*sequence]bool{}}
	c.options = Options{
		Context: limit, Vocabulary: vocabulary, Pages: 1 + r.IntN(12),
		ExpandFrom: []int{0, 20, 1000}[r.IntN(3)], MaxStepTokens: 1 + r.IntN(100), ChunkTokens: r.IntN(30),
		MaxSequences: 1 + r.IntN(6), NoPrefixes: r.IntN(4) == 0,
	}
	c.options.Drafting = Drafting{
		MTP: []Mode{Auto, On, Off}[r.IntN(3)], Lookup: []Mode{Auto, On, Off}[r.IntN(3)], Most: r.IntN(5),
	}
	c.fake = newFake(t, c.options.Pages)
	c.fake.right = r.IntN(11)
	switch r.IntN(3) {
	case 0: // what is reused may have been computed in another form
		c.fake.forms, c.options.NoPrefixes = true, true
	case 1:
		c.fake.forms, c.options.Deterministic = true, true
	}
	c.options = c.options.withDefaults()
	if r.IntN(2) == 0 {
		c.options.Store = newShelf(rand.New(rand.NewPCG(seed, 12)))
	}
	c.mtp = r.IntN(3) > 0
	c.s = newScheduler(c.fake.network(c.mtp), c.options)
	for range 3 {
		c.texts = append(c.texts, prompt(r, 1+r.IntN(200)))
	}
	c.fake.layer = func() {
		if r.IntN(1000) == 0 {
			q := c.s.plan.runs[r.IntN(len(c.s.plan.runs))]
			q.canceled.Store(true)
			c.broken[q] = true
		}
	}
	c.fake.fail = func(run int) error {
		if r.IntN(2000) == 0 {
			q := c.s.plan.runs[run]
			c.broken[q] = true
			return &deepseek.NonFiniteError{Where: "layer 1", Run: run}
		}
		return nil
	}
	c.fake.failMTP = func(run int, _ bool) error { // which disturbs nobody
		if r.IntN(1000) == 0 {
			return &deepseek.NonFiniteError{Where: "MTP layer", Run: run}
		}
		return nil
	}
	return c
}

// ask takes in a random request.
func (c *schedule) ask() {
	r := c.random
	text := c.texts[r.IntN(len(c.texts))]
	p := append(slices.Clone(text[:r.IntN(len(text)+1)]), prompt(r, r.IntN(60))...)
	if r.IntN(3) == 0 && len(p) > 10 { // a text that repeats itself
		p = append(p, p[:len(p)/2]...)
	}
	most := c.options.limit()
	if len(p) == 0 || len(p) >= most {
		return
	}
	q := Request{Prompt: p, Priority: r.IntN(2), MaxTokens: r.IntN(most - len(p) + 1)}
	if r.IntN(2) == 0 {
		q.Sampling = sample.Params{Temperature: 0.7, Seed: r.Uint64(), TopP: 0.9, FrequencyPenalty: float32(r.IntN(2))}
	}
	if r.IntN(2) == 0 {
		q.End = []token.ID{token.ID(2 + r.IntN(vocabulary-2))}
	}
	s, err := newSequence(q, &c.options)
	if err != nil {
		c.t.Fatal(err)
	}
	c.want[s] = c.fake.alone(q, &c.options)
	c.open = append(c.open, s)
	c.s.enqueue(s)
	if r.IntN(3) == 0 { // what was generated may be asked for again, as a conversation
		c.texts[r.IntN(len(c.texts))] = append(slices.Clone(p), c.want[s]...)
	}
}

// collect takes what came out, and checks it.
func (c *schedule) collect() error {
	for i := 0; i < len(c.open); i++ {
		q := c.open[i]
		choices, ended, err := q.out.take()
		for _, x := range choices {
			c.got[q] = append(c.got[q], x.ID)
		}
		n := len(c.got[q])
		if n > len(c.want[q]) || !slices.Equal(c.got[q], c.want[q][:n]) {
			return fmt.Errorf("sequence %d (prompt %d): tokens %v, want %v", q.id, len(q.request.Prompt), c.got[q], c.want[q])
		}
		if !ended {
			continue
		}
		if err == nil && n != len(c.want[q]) || err != nil && !c.broken[q] { // what came too late disturbs nothing
			return fmt.Errorf("sequence %d ended with %d tokens and error %v, want %d; it was disturbed: %v", q.id, n, err, len(c.want[q]), c.broken[q])
		}
		c.ended++
		c.open = slices.Delete(c.open, i, i+1)
		i--
	}
	return nil
}

// run computes until all that was asked for has ended.
func (c *schedule) run(requests int) error {
	ctx := context.Background()
	for idle := 0; requests > 0 || len(c.open) > 0; {
		if requests > 0 && (len(c.open) == 0 || c.random.IntN(4) == 0) {
			requests--
			c.ask()
		}
		if len(c.open) > 0 && c.random.IntN(60) == 0 {
			q := c.open[c.random.IntN(len(c.open))]
			q.canceled.Store(true)
			c.broken[q] = true
			if c.random.IntN(2) == 0 {
				c.s.cancel(q)
			}
		}
		if c.random.IntN(150) == 0 {
			if err := c.restart(); err != nil {
				return err
			}
		}
		moved := c.s.step(ctx)
		if i := slices.IndexFunc(c.s.running, func(q *sequence) bool { return q.landing }); i >= 0 && c.random.IntN(4) == 0 {
			q := c.s.running[i]
			for range c.random.IntN(30) { // some of it is read
				runtime.Gosched()
			}
			c.broken[q] = true
			c.s.cancel(q)
			q.canceled.Store(true)
		}
		if !moved && c.s.keeper != nil && slices.ContainsFunc(c.s.running, func(q *sequence) bool { return q.landing }) {
			c.s.land(<-c.s.keeper.landed)
			moved = true
		}
		if err := c.collect(); err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return err
		}
		if moved || len(c.open) == 0 {
			idle = 0
		} else if idle++; idle > 3 {
			return fmt.Errorf("nothing moves: %d running, %d waiting, %d pages free", len(c.s.running), len(c.s.waiting), c.s.pages.Free())
		}
	}
	if err := c.settled(); err != nil {
		return err
	}
	c.close()
	return nil
}

// restart ends the engine, and begins another with nothing but the store.
func (c *schedule) restart() error {
	for _, q := range c.open {
		c.broken[q] = true
	}
	c.close()
	if err := c.collect(); err != nil {
		return err
	}
	old := c.fake
	c.fake = newFake(c.t, c.options.Pages)
	c.fake.right, c.fake.forms, c.fake.fail, c.fake.failMTP, c.fake.layer = old.right, old.forms, old.fail, old.failMTP, old.layer
	c.s = newScheduler(c.fake.network(c.mtp), c.options)
	return nil
}

// close ends the scheduler, and adds what it did.
func (c *schedule) close() {
	c.s.close(ErrClosed)
	n := c.s.report()
	t := &c.total
	t.Preempted, t.Evicted, t.Reused = t.Preempted+n.Preempted, t.Evicted+n.Evicted, t.Reused+n.Reused
	t.Restored, t.Stored = t.Restored+n.Restored, t.Stored+n.Stored
	t.ByPlace = addPlaces(t.ByPlace, n.ByPlace)
}

func addPlaces(sum, more []Acceptance) []Acceptance {
	for i, p := range more {
		if i == len(sum) {
			sum = append(sum, Acceptance{})
		}
		sum[i].Drafted += p.Drafted
		sum[i].Accepted += p.Accepted
	}
	return sum
}

// check looks for what may never be.
func (c *schedule) check() error {
	if len(c.fake.wrong) > 0 {
		return errors.New(strings.Join(c.fake.wrong[:1], "; "))
	}
	for _, n := range c.fake.steps {
		if n > c.options.MaxStepTokens {
			return fmt.Errorf("a step of %d tokens, want at most %d", n, c.options.MaxStepTokens)
		}
	}
	c.fake.steps = c.fake.steps[:0]
	held := make([]int, c.options.Pages)
	for _, q := range c.s.running {
		for _, p := range q.pages {
			held[p]++
		}
		if q.source >= 0 {
			held[q.source]++
		}
	}
	for _, q := range c.s.waiting {
		if len(q.pages) > 0 {
			return fmt.Errorf("sequence %d waits and has %d pages", q.id, len(q.pages))
		}
	}
	n := 0
	c.s.prefix.each(func(x *node) { held[x.page]++; n++ })
	if n != c.s.prefix.size {
		return fmt.Errorf("the tree counts %d nodes and has %d", c.s.prefix.size, n)
	}
	free := 0
	for p, n := range held {
		if n != c.s.pages.Held(deepseek.PageID(p)) {
			return fmt.Errorf("page %d: held %d times, counted %d", p, n, c.s.pages.Held(deepseek.PageID(p)))
		}
		if n == 0 {
			free++
		}
	}
	if free != c.s.pages.Free() {
		return fmt.Errorf("%d pages are free, counted %d", free, c.s.pages.Free())
	}
	return c.evicts()
}

// evicts compares what may be evicted, and what first, with a walk through the tree.
func (c *schedule) evicts() error {
	t := &c.s.prefix
	var oldest *node
	var walk func(n *node) (pages int, whole bool)
	walk = func(n *node) (pages int, whole bool) {
		whole = n.parent != nil && t.pages.Held(n.page) == 1
		if whole && len(n.children) == 0 && (oldest == nil || n.used < oldest.used) {
			oldest = n
		}
		for _, x := range n.children {
			k, all := walk(x)
			pages, whole = pages+k, whole && all
		}
		if whole {
			pages++
		}
		return pages, whole
	}
	if pages, _ := walk(&t.root); pages != t.evictable() {
		return fmt.Errorf("%d pages may be evicted, counted %d", pages, t.evictable())
	}
	if got := t.oldest(); got != oldest {
		return fmt.Errorf("to be evicted is %+v, want %+v", got, oldest)
	}
	return nil
}

// settled checks that when nothing runs, only the tree holds pages.
func (c *schedule) settled() error {
	if n := c.s.pages.Free() + c.s.prefix.size; n != c.options.Pages {
		return fmt.Errorf("%d of %d pages are free or remembered when nothing runs", n, c.options.Pages)
	}
	return nil
}

// TestSameTokensWhateverTheSchedule: whatever the engine does to a sequence, its
// tokens are the ones it would have had alone.
func TestSameTokensWhateverTheSchedule(t *testing.T) {
	var total Counts
	n := *schedules
	if testing.Short() {
		n = min(n, 100)
	}
	for i := range n {
		seed := uint64(*firstSeed + i)
		c := newSchedule(t, seed)
		if err := c.run(1 + c.random.IntN(12)); err != nil {
			t.Fatalf("schedule %d, %+v: %v", seed, c.options, err)
		}
		n := &c.total
		total.Preempted, total.Evicted, total.Reused = total.Preempted+n.Preempted, total.Evicted+n.Evicted, total.Reused+n.Reused
		total.Restored, total.Stored = total.Restored+n.Restored, total.Stored+n.Stored
		total.ByPlace = addPlaces(total.ByPlace, n.ByPlace)
	}
	t.Logf("%+v", total)
	if total.Preempted == 0 || total.Evicted == 0 || total.Reused == 0 || total.Restored == 0 || len(total.ByPlace) < 3 || total.ByPlace[2].Accepted == 0 {
		t.Errorf("the schedules are too tame: %+v", total)
	}
}
