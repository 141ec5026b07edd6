package engine

import (
	"context"
	"slices"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// A scheduler decides step by step what the network computes.
//
// It knows no phases. Every sequence has tokens whose latents are not cached yet: a
// whole prompt, one that was chosen, or that and its drafts; and every step lets each
// catch up as far as the budget and the free pages allow. Sequences that are caught
// up but for one token go first, so that a long prompt keeps none of them waiting for
// longer than a chunk of it takes; the prompts share what is left evenly, so that a
// short one is not behind a long one.
//
// Pages are given without a promise of more. Where none is free, the least recently
// used of the remembered ones is forgotten; where there is none, the last in order of
// a lesser sequence gives its pages back and waits again, to be computed once more in
// the same forms. So does one of lesser priority where a request of greater lacks a place or
// pages. The first in order is never pushed aside, so that all come to their end.
//
// One goroutine owns a scheduler; it has no locks.
type scheduler struct {
	network Network
	options Options
	pages   *Pages
	prefix  prefix
	keeper  *keeper     // nil where nothing is stored
	waiting []*sequence // in order
	running []*sequence // in order
	arrived int
	turn    int     // rotates who goes first, where the budget is short
	pace    float64 // seconds of a token of a prompt; 0 while not known
	plan    plan
	drafts  drafts
	counts  Counts
}

// A plan is the step that is to be computed.
type plan struct {
	batch  deepseek.Batch
	runs   []*sequence // by run
	mtp    deepseek.Batch
	paired []*sequence // by run of mtp
}

func newScheduler(n Network, o Options) *scheduler {
	s := &scheduler{network: n, options: o, pages: NewPages(o.Pages)}
	s.prefix.pages = s.pages
	if o.Store != nil && !o.NoPrefixes {
		s.keeper = newKeeper(o.Store, n.Memory)
	}
	s.drafts.init(o.Drafting, n.MTP != nil)
	return s
}

// enqueue takes a sequence in.
func (s *scheduler) enqueue(q *sequence) {
	q.id = s.arrived
	s.arrived++
	s.counts.Prompt += len(q.request.Prompt)
	s.wait(q)
}

func (s *scheduler) wait(q *sequence) {
	s.waiting = inOrder(s.waiting, q)
}

// inOrder returns a list that is in order with one more sequence.
func inOrder(list []*sequence, q *sequence) []*sequence {
	i, _ := slices.BinarySearchFunc(list, q, (*sequence).compare)
	return slices.Insert(list, i, q)
}

// cancel ends a sequence wherever it is, unless it has ended; one that is being
// restored when that has ended.
func (s *scheduler) cancel(q *sequence) {
	if q.landing {
		return
	}
	if slices.Contains(s.waiting, q) || slices.Contains(s.running, q) {
		s.end(q, context.Canceled)
	}
}

// close ends all sequences, and keeps what is remembered.
func (s *scheduler) close(err error) {
	for _, q := range s.running {
		if q.landing {
			q.canceled.Store(true)
		}
	}
	for slices.ContainsFunc(s.running, func(q *sequence) bool { return q.landing }) {
		s.land(<-s.keeper.landed)
	}
	defer func() { s.lost(s.keeper.close()) }()
	for _, q := range slices.Concat(s.running, s.waiting) {
		s.end(q, err)
	}
}

// end takes a sequence out and lets its reader know. What it cached is remembered,
// where it can be trusted.
func (s *scheduler) end(q *sequence, err error) {
	s.running = slices.DeleteFunc(s.running, func(r *sequence) bool { return r == q })
	s.waiting = slices.DeleteFunc(s.waiting, func(r *sequence) bool { return r == q })
	s.start(q)
	s.publish(q, true)
	s.release(q)
	s.options.Trace.end(q, err)
	if q.ended != nil {
		q.ended()
	}
	q.out.end(err, &q.stats, q.logits)
}

// start notes that a sequence no longer waits for the first time.
func (s *scheduler) start(q *sequence) {
	if q.started.IsZero() {
		q.started = time.Now()
		q.stats.Queued = q.started.Sub(q.asked)
	}
}

// release gives back all that a sequence holds.
func (s *scheduler) release(q *sequence) {
	s.pages.Release(q.pages...)
	s.drop(q)
	q.pages, q.leaf, q.shared, q.cached, q.paired = nil, nil, 0, 0, 1
	q.drafts, q.hidden = nil, q.hidden[:0]
}

// drop gives back the page that a copy is made of.
func (s *scheduler) drop(q *sequence) {
	if q.source >= 0 {
		s.pages.Release(q.source)
	}
	q.source, q.copies = -1, nil
}

// admit lets sequences begin, in order, while there are pages for their prompts; those
// of lesser priority are pushed aside for that.
func (s *scheduler) admit() {
	for len(s.waiting) > 0 {
		q := s.waiting[0]
		lack := 0 // pages
		if len(s.running) < s.options.MaxSequences {
			lack = s.begin(q)
		}
		if lack > 0 || len(s.running) >= s.options.MaxSequences {
			if lack > s.outranked(q) || !s.preempt(q.outranks) {
				return
			}
			continue
		}
		s.waiting = s.waiting[1:]
		s.running = inOrder(s.running, q)
		s.start(q)
	}
}

// outranked returns how many pages there are to have by pushing aside those of lesser
// priority.
func (s *scheduler) outranked(q *sequence) (pages int) {
	for _, r := range s.running {
		if !q.outranks(r) || r.landing {
			continue
		}
		for i, p := range r.pages {
			if own := s.pages.Held(p); own == 1 || own == 2 && i < r.shared { // the tree's and its own
				pages++
			}
		}
	}
	return pages
}

// begin gives a sequence what is remembered of it, and returns 0. Where the pages of the
// rest could not be had without pushing others aside, nothing has changed, and it returns how
// many lack.
func (s *scheduler) begin(q *sequence) (lack int) {
	var forms []uint64
	switch {
	case q.known > 0: // it was pushed aside: all is done again as it was
		forms = q.forms
	case s.options.Deterministic:
		forms = make([]uint64, pagesOf(len(q.tokens))) // absorbed
	}
	m := s.prefix.find(q.tokens, forms, len(q.tokens))
	// The last token is computed in any case, for its logits.
	hit := min(m.tokens, len(q.tokens)-1)
	if s.network.MTP != nil && hit%deepseek.PageSize != 0 {
		// Its hidden state makes the next pair; at the end of a page it is kept.
		hit--
	}
	whole := m.nodes[:hit/deepseek.PageSize]
	part := m.part
	if len(whole) < len(m.nodes) {
		part = m.nodes[len(whole)]
	}
	if hit%deepseek.PageSize == 0 {
		part = nil
	}
	s.hold(q, whole)
	if part != nil {
		s.pages.Share(part.page)
		q.source = part.page
	}
	lack = pagesOf(len(q.tokens)+1) - len(whole) - (s.pages.Free() + s.prefix.evictable() - s.promised(q))
	if lack > 0 && len(s.running) > 0 {
		s.release(q)
		return lack
	}
	q.parted, q.instead = m.tokens, m.next
	if stored := s.keeper.find(q.tokens, len(whole), forms); stored != nil {
		s.fetch(q, whole, stored)
		return 0
	}
	q.cached, q.paired = hit, max(1, hit)
	if part != nil {
		page, ok := s.spare()
		if !ok { // alone, and too large: it computes what it can
			s.drop(q)
			part, q.cached, q.paired = nil, len(whole)*deepseek.PageSize, max(1, len(whole)*deepseek.PageSize)
		} else {
			q.pages = append(q.pages, page)
			q.paired = hit + 1 // the slot of the token that is computed again is there
			q.copies = []deepseek.PageCopy{{To: page, From: part.page}}
		}
	}
	s.settle(q, whole, part)
	return 0
}

// promised returns how many pages the prompts lack that are read before q.
func (s *scheduler) promised(q *sequence) (pages int) {
	for _, r := range s.running {
		if r.before(q) && r.behind() > 1 {
			pages += max(0, pagesOf(len(r.tokens)+1)-len(r.pages))
		}
	}
	return pages
}

// hold makes a sequence begin with remembered pages.
func (s *scheduler) hold(q *sequence, nodes []*node) {
	for _, n := range nodes {
		s.pages.Share(n.page)
		q.pages = append(q.pages, n.page)
		q.leaf = n
	}
	q.shared = len(nodes)
}

// fetch lets a sequence begin with pages of the store, which are read while others
// are computed. Of what is remembered it keeps what they go on from.
func (s *scheduler) fetch(q *sequence, whole []*node, stored []disk.Page) {
	s.drop(q)
	if n := len(whole); n > 0 && whole[n-1].name.Key != stored[n-1].Key {
		s.release(q) // the store's go on from the same tokens in other forms
		whole = nil
	}
	for len(q.pages) < len(stored) {
		p, ok := s.spare()
		if !ok {
			stored = stored[:len(q.pages)]
			break
		}
		q.pages = append(q.pages, p)
	}
	q.cached, q.landing = len(whole)*deepseek.PageSize, true
	s.keeper.restore(q, stored, len(whole))
}

// land takes in what was read for a sequence, and lets it go on.
func (s *scheduler) land(l landing) {
	q := l.sequence
	q.landing = false
	for _, p := range l.pages {
		n, added := s.prefix.add(s.parent(q), p.Tokens, p.Forms, q.pages[q.shared])
		n.name, n.stored = p, true
		s.share(q, n, added)
	}
	s.counts.Restored += len(l.pages) * deepseek.PageSize
	q.cached = q.shared * deepseek.PageSize
	q.paired = max(1, q.cached)
	if q.cached >= q.parted { // memory parted before that, or there
		q.parted, q.instead = q.cached, nil
	}
	var path []*node
	for n := s.parent(q); n.parent != nil; n = n.parent {
		path = append(path, n)
	}
	slices.Reverse(path)
	s.settle(q, path, nil)
}

// settle begins with what is cached: of whole pages, and of part of another.
func (s *scheduler) settle(q *sequence, whole []*node, part *node) {
	if n := len(whole); n > 0 && q.cached == n*deepseek.PageSize && s.network.MTP != nil {
		q.hidden = s.network.Memory.LastHidden(q.pages[n-1]).Host(q.hidden)
	}
	if q.known == 0 {
		s.form(q, whole, part)
		q.stats.PrefillTokens, q.stats.Reused = len(q.tokens), q.cached
		q.stats.Parted, q.stats.Instead = q.parted, q.instead
		s.counts.Reused += q.cached
	}
	s.options.Trace.admit(q)
}

// form decides the forms of a prompt: what is reused has that of the first time, and
// the rest is expanded if there is much of it.
func (s *scheduler) form(q *sequence, whole []*node, part *node) {
	n := len(q.tokens)
	form := deepseek.Absorbed
	if n-q.cached >= s.options.ExpandFrom && !s.options.Deterministic {
		form = deepseek.Expanded
	}
	q.forms = q.forms[:0]
	for _, c := range whole {
		q.forms = append(q.forms, c.forms)
	}
	if part != nil { // behind what is reused of it nothing is decided
		q.forms = append(q.forms, part.forms&(1<<(q.cached%deepseek.PageSize)-1))
	}
	q.decide(q.cached, n, form)
}

// spare takes a page that is free, or was only remembered: the one of use longest ago
// is forgotten.
func (s *scheduler) spare() (deepseek.PageID, bool) {
	if s.pages.Free() == 0 {
		n := s.prefix.oldest()
		if n == nil {
			return 0, false
		}
		s.evict(n)
	}
	return s.pages.Alloc(), true
}

// alloc takes a page for a sequence that runs. Where there is none to spare, a lesser
// sequence that is not in the plan is pushed aside. It returns false where there is
// none either.
func (s *scheduler) alloc(q *sequence) (deepseek.PageID, bool) {
	for {
		if p, ok := s.spare(); ok {
			return p, true
		}
		if !s.preempt(q.before) {
			return 0, false
		}
	}
}

func (s *scheduler) evict(n *node) {
	s.options.Trace.evict(n)
	s.counts.Evicted++
	s.keeper.evict(n)
	s.prefix.remove(n)
}

// preempt pushes the last in order aside that is not in the plan, of those that are lesser.
func (s *scheduler) preempt(lesser func(*sequence) bool) bool {
	for i := len(s.running) - 1; i >= 0; i-- {
		r := s.running[i]
		if !lesser(r) {
			return false
		}
		if slices.Contains(s.plan.runs, r) || r.landing || len(r.pages) == 0 {
			continue
		}
		s.running = slices.Delete(s.running, i, i+1)
		s.publish(r, true)
		s.release(r)
		r.stats.Preempted++
		s.counts.Preempted++
		s.options.Trace.preempt(r)
		s.wait(r)
		return true
	}
	return false
}

// cover gives a sequence pages for its first n tokens, or as many as there are, and
// returns for how many tokens it has some.
func (s *scheduler) cover(q *sequence, n int) int {
	for len(q.pages) < pagesOf(n) {
		p, ok := s.alloc(q)
		if !ok {
			break
		}
		q.pages = append(q.pages, p)
	}
	return min(n, len(q.pages)*deepseek.PageSize)
}

// compose makes the plan of the next step.
func (s *scheduler) compose() {
	p := &s.plan
	p.runs, p.batch.Runs, p.batch.Copies = p.runs[:0], p.batch.Runs[:0], p.batch.Copies[:0]
	budget := s.options.MaxStepTokens
	s.turn++
	s.claim()
	generating := s.ready((*sequence).generates)
	room := s.room(len(generating)) // for drafts
	for n := 0; len(generating) > 0 && budget > 0; generating = generating[n:] {
		n = equals(generating)
		wanted := 0
		for _, q := range generating[:n] {
			wanted += len(q.drafts)
		}
		list := generating[:n]
		if n > budget || wanted > room {
			list = s.turned(list)
		}
		for _, q := range list {
			if budget > 0 && slices.Contains(s.running, q) {
				k := s.schedule(q, min(1+min(len(q.drafts), room), budget))
				budget, room = budget-k, room-max(0, k-1)
			}
		}
	}
	if len(p.runs) > 0 {
		budget = min(budget, s.chunk())
	}
	s.spread(s.ready((*sequence).reads), budget)
}

// equals returns how many sequences at the beginning of a list have the priority of the
// first.
func equals(list []*sequence) int {
	n := 1
	for n < len(list) && list[n].request.Priority == list[0].request.Priority {
		n++
	}
	return n
}

// turned returns a list that begins with another one at each step: of what does not do for
// all, each has some in turn.
func (s *scheduler) turned(list []*sequence) []*sequence {
	first := s.turn % len(list)
	return slices.Concat(list[first:], list[:first])
}

// claim gives prompts the pages of a step before those of lesser priority take them, who go
// first where they generate.
func (s *scheduler) claim() {
	for _, q := range s.ready((*sequence).reads) {
		if !q.outranks(s.running[len(s.running)-1]) {
			return // nor do those behind it
		}
		if !slices.Contains(s.running, q) {
			continue // it was pushed aside
		}
		for len(q.pages) < pagesOf(q.cached+min(q.behind(), s.chunk())) {
			if p, ok := s.spare(); ok {
				q.pages = append(q.pages, p)
			} else if !s.preempt(q.outranks) {
				break
			}
		}
	}
}

// room returns how many drafts a step has room for beside a token of each of the sequences
// that generate, and prompts that are to go on.
func (s *scheduler) room(generating int) int {
	room := s.options.MaxStepTokens - generating
	if slices.ContainsFunc(s.running, (*sequence).reads) {
		room -= min(leastChunk, s.options.MaxStepTokens/4)
	}
	return max(0, room)
}

// A chunk of a prompt keeps those that generate waiting for about patience, but has
// leastChunk tokens: fewer cost as much, because the weights are read for them.
const (
	patience   = time.Second
	leastChunk = 32
)

// chunk returns the most tokens of prompts in a step that continues other sequences.
func (s *scheduler) chunk() int {
	most := s.options.ChunkTokens
	if s.pace == 0 {
		return most
	}
	return min(most, max(leastChunk, int(patience.Seconds()/s.pace)))
}

// clock notes how long a step took that computed prompts, for chunk.
func (s *scheduler) clock(took time.Duration) {
	rows, prompts := 0, false
	for i := range s.plan.batch.Runs {
		r := &s.plan.batch.Runs[i]
		rows += len(r.Tokens)
		prompts = prompts || r.Logits < len(r.Tokens)
	}
	if !prompts || rows < leastChunk {
		return
	}
	each := took.Seconds() / float64(rows)
	if s.pace == 0 {
		s.pace = each
	}
	s.pace += (each - s.pace) / 4
}

// ready returns the running sequences that f is true of, in order.
func (s *scheduler) ready(f func(*sequence) bool) (list []*sequence) {
	for _, q := range s.running {
		if f(q) {
			list = append(list, q)
		}
	}
	return list
}

// spread divides a budget among sequences that have much to catch up: evenly among
// those of one priority, the greater first; what one does not need goes to those
// after it.
func (s *scheduler) spread(list []*sequence, budget int) {
	for len(list) > 0 && budget > 0 {
		n := equals(list)
		equal := slices.Clone(list[:n])
		slices.SortStableFunc(equal, func(a, b *sequence) int { return a.behind() - b.behind() })
		if budget < n {
			equal = s.turned(equal)
		}
		for i, q := range equal {
			if slices.Contains(s.running, q) { // it was not pushed aside meanwhile
				each := (budget + len(equal) - i - 1) / (len(equal) - i)
				budget -= s.schedule(q, min(q.behind(), each))
			}
		}
		list = list[n:]
	}
}

// schedule puts up to n tokens of a sequence into the plan, drafts behind its last
// token included, and returns how many.
func (s *scheduler) schedule(q *sequence, n int) int {
	if n == 0 {
		return 0
	}
	n = min(n, s.cover(q, q.cached+n)-q.cached)
	if n <= 0 {
		return 0
	}
	own := q.behind()
	n = min(n, q.uniform(q.cached, n))
	run := deepseek.Run{Position: q.cached, Pages: q.pages, Form: q.form(q.cached), Canceled: q.canceled.Load}
	if n < own {
		q.drafts = q.drafts[:0]
		run.Tokens = q.tokens[q.cached : q.cached+n]
	} else {
		q.drafts = q.drafts[:n-own]
		run.Tokens = append(q.tokens[q.cached:len(q.tokens):len(q.tokens)], q.drafts...)
		run.Logits = 1 + len(q.drafts)
	}
	p := &s.plan
	p.batch.Copies = append(p.batch.Copies, q.copies...)
	p.batch.Runs = append(p.batch.Runs, run)
	p.runs = append(p.runs, q)
	return n
}

// publish remembers the pages of a sequence that are full of cached tokens, and at
// its end the last one, which may not be.
func (s *scheduler) publish(q *sequence, last bool) {
	if s.options.NoPrefixes || q.landing || len(q.copies) > 0 { // else its pages are not there yet
		return
	}
	sound := q.cached
	if s.network.MTP != nil {
		sound = min(sound, q.paired)
	}
	for sound >= (q.shared+1)*deepseek.PageSize {
		from := q.shared * deepseek.PageSize
		n, added := s.prefix.add(s.parent(q), q.tokens[from:from+deepseek.PageSize], q.forms[q.shared], q.pages[q.shared])
		if added {
			s.keeper.add(n)
		}
		s.share(q, n, added)
	}
	if from := q.shared * deepseek.PageSize; last && sound > from {
		s.prefix.add(s.parent(q), q.tokens[from:sound], q.forms[q.shared], q.pages[q.shared])
	}
}

// parent returns the node that a sequence's next page goes on from.
func (s *scheduler) parent(q *sequence) *node {
	if q.leaf == nil {
		return &s.prefix.root
	}
	return q.leaf
}

// share makes the next page of a sequence that of a node. Where the same was computed
// twice, one of them is enough.
func (s *scheduler) share(q *sequence, n *node, added bool) {
	if p := &q.pages[q.shared]; !added && n.page != *p {
		s.pages.Share(n.page)
		s.pages.Release(*p)
		*p = n.page
	}
	q.leaf = n
	q.shared++
}

// plant remembers pages that write fills.
func (s *scheduler) plant(tokens []token.ID, write func(deepseek.PageID)) bool {
	leaf := &s.prefix.root
	for ; len(tokens) >= deepseek.PageSize; tokens = tokens[deepseek.PageSize:] {
		if s.pages.Free() == 0 {
			return false
		}
		p := s.pages.Alloc()
		write(p)
		n, added := s.prefix.add(leaf, tokens[:deepseek.PageSize], 0, p)
		if added {
			s.keeper.add(n)
		}
		leaf = n
		s.pages.Release(p)
	}
	return true
}

// report returns what the scheduler has done and holds.
func (s *scheduler) report() Counts {
	c := s.counts
	c.Running, c.Waiting = len(s.running), len(s.waiting)
	c.Pages, c.Free, c.Remembered = s.pages.Total(), s.pages.Free(), s.prefix.size
	c.ByPlace = slices.Clone(c.ByPlace)
	c.Gain = s.drafts.gain()
	if s.keeper != nil {
		c.Stored = s.keeper.saved
	}
	return c
}
