package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// lag is how many tokens may be chosen before their pairs are put into the MTP
// layer's cache, while nothing is drafted from it: together they cost little more
// than one.
const lag = 16

// predict has tokens drafted for the sequences that go on, and keeps the MTP
// layer's cache. Of the runs of the plan, ended says which ended.
//
// The pair of a token's final hidden state and the token after it lives in the slot
// of the latter. All pairs but the last only fill the cache, which costs a hundredth
// of a layer; the last gives the first draft; and each draft, with the layer's own
// hidden state, the next.
//
// It returns how long drafting took, the pairs that it needed counted.
func (s *scheduler) predict(ctx context.Context, o *deepseek.Output, ended []error, info *StepInfo) (drafting time.Duration) {
	var asks []*ask
	for i, q := range s.plan.runs {
		if ended[i] == nil && q.behind() == 1 {
			asks = append(asks, &ask{sequence: q, run: i, most: s.useful(q)})
		}
	}
	s.drafts.decide(asks, s.frame(len(asks), ended))
	if s.network.MTP != nil {
		start := time.Now()
		share, err := s.pair(ctx, o, ended, asks)
		if err == nil {
			pairing := time.Duration(share * float64(time.Since(start)))
			drafting, err = s.chain(ctx, asks, ended, pairing)
		}
		if err != nil {
			s.undrafted(ctx, err, ended)
		}
		info.MTP = time.Since(start)
	}
	for _, a := range asks {
		if r := s.options.Drafting.Rewrite; r != nil && len(a.sequence.drafts) > 0 {
			r(a.sequence.tokens, a.sequence.drafts)
		}
	}
	return drafting
}

// frame returns what there is to the next step beside the sequences that go on: the prompts
// of this one that are not read yet, or as many others, as where one follows the other.
func (s *scheduler) frame(generating int, ended []error) frame {
	f := frame{room: s.room(generating)}
	read, behind := 0, 0
	for i, q := range s.plan.runs {
		if r := &s.plan.batch.Runs[i]; r.Logits < len(r.Tokens) {
			read += len(r.Tokens)
		}
		if ended[i] == nil && q.reads() {
			behind += q.behind()
		}
	}
	rows := min(behind, s.chunk())
	if behind == 0 {
		rows = read
	}
	if rows > 0 {
		f.row, f.prompts = s.pace, s.pace*float64(max(rows, leastChunk))
	}
	return f
}

// undrafted goes on without the drafts that an error of the MTP layer prevented: where a
// value was not finite, the sequence that it is of is drafted for no more. Of what its cache
// was to hold by then, what is not there is put in later.
func (s *scheduler) undrafted(ctx context.Context, err error, ended []error) {
	var bad *deepseek.NonFiniteError
	if !errors.As(err, &bad) {
		blame(s.plan.paired, s.plan.runs, ended, reason(ctx, err))
		return
	}
	for _, q := range concerned(s.plan.paired, err) {
		q.lone, q.hidden, q.drafts = true, nil, q.drafts[:0]
		s.options.Trace.undrafted(q, err)
	}
}

// observe notes what a step took, drafting not counted, in which nothing but single
// tokens and their drafts was computed.
func (s *scheduler) observe(info *StepInfo, took time.Duration) {
	rows, given := 0, 0
	if len(info.Runs) < len(s.plan.runs) {
		s.drafts.costs.unmeasured() // of those that were canceled, only a part was computed
		return
	}
	for i := range s.plan.runs {
		r := &s.plan.batch.Runs[i]
		if r.Logits != len(r.Tokens) || r.Form != deepseek.Absorbed {
			s.drafts.costs.unmeasured()
			return
		}
		rows += len(r.Tokens)
	}
	for _, r := range info.Runs {
		given += r.Chosen
	}
	s.drafts.measured(len(s.plan.runs), rows, given, took)
}

// blame ends the sequences that an error is about.
func blame(batch, runs []*sequence, ended []error, err error) {
	for _, q := range concerned(batch, err) {
		ended[slices.Index(runs, q)] = err
	}
}

// useful returns how many drafts are of use to a sequence, and have pages: drafts push
// nobody aside.
func (s *scheduler) useful(q *sequence) int {
	most := min(q.most-q.generated()-1, s.drafts.widest())
	for len(q.pages) < pagesOf(len(q.tokens)+most) && most > 0 {
		p, ok := s.spare()
		if !ok {
			break
		}
		q.pages = append(q.pages, p)
	}
	return max(0, min(most, len(q.pages)*deepseek.PageSize-len(q.tokens)))
}

// pair puts pairs into the MTP layer's cache. Those that a draft is to come from
// wait for it: the last of a sequence. It returns the share of them that drafts needed.
func (s *scheduler) pair(ctx context.Context, o *deepseek.Output, ended []error, asks []*ask) (share float64, err error) {
	p := &s.plan
	p.mtp.Runs, p.paired = p.mtp.Runs[:0], p.paired[:0]
	for i, q := range p.runs {
		if q.lone || ended[i] != nil && !errors.Is(ended[i], errDone) {
			continue
		}
		s.collect(q, o, i, drafted(q, asks), ended[i] != nil)
	}
	if len(p.mtp.Runs) == 0 {
		return 0, nil
	}
	if err := s.network.MTP.Fill(ctx, &p.mtp); err != nil {
		for i, q := range p.runs { // they wait for the next time
			if slices.Contains(p.paired, q) {
				q.hidden = appendRows(q.hidden, s.fresh(q, o, i), 0)
			}
		}
		return 0, err
	}
	all, needed := 0, 0
	for i, q := range p.paired {
		n := len(p.mtp.Runs[i].Tokens)
		q.paired += n
		q.hidden = append(q.hidden[:0], q.held...)
		all += n
		if q.generated() > n && drafted(q, asks) { // and no prompt's
			needed += n
		}
	}
	return float64(needed) / float64(all), nil
}

// drafted returns whether the MTP layer is to draft for a sequence.
func drafted(q *sequence, asks []*ask) bool {
	return slices.ContainsFunc(asks, func(a *ask) bool { return a.sequence == q && a.origin == byMTP })
}

// collect makes a run of the pairs of a sequence that are to be put into the cache,
// or keeps their hidden states for later.
func (s *scheduler) collect(q *sequence, o *deepseek.Output, run int, drafts, last bool) {
	fresh := s.fresh(q, o, run)
	dim := fresh.Cols()
	kept := len(q.hidden) / dim
	// The last slot whose token is known and whose page is there.
	end := min(q.cached, len(q.tokens)-1, len(q.pages)*deepseek.PageSize-1)
	n := end + 1 - q.paired // slots
	if drafts {
		n--
	}
	full := q.cached/deepseek.PageSize > q.paired/deepseek.PageSize
	if n < 1 || !(drafts || last || full || n >= lag) {
		q.hidden = appendRows(q.hidden, fresh, 0)
		return
	}
	hidden := []nn.Mat(nil)
	old := min(kept, n) // of the n hidden states, those that were kept
	if old > 0 {
		hidden = append(hidden, nn.FromHost(old, dim, q.hidden[:old*dim]))
	}
	if n > old {
		hidden = append(hidden, fresh.Slice(0, n-old))
	}
	q.held = appendRows(append(q.held[:0], q.hidden[old*dim:]...), fresh, n-old)
	s.plan.mtp.Runs = append(s.plan.mtp.Runs, deepseek.Run{
		Tokens: q.tokens[q.paired : q.paired+n], Hidden: hidden, Position: q.paired, Pages: q.pages, Form: deepseek.Absorbed,
	})
	s.plan.paired = append(s.plan.paired, q)
}

// fresh returns the hidden states of a run, without those of drafts that did not hold.
func (s *scheduler) fresh(q *sequence, o *deepseek.Output, run int) nn.Mat {
	return o.Hidden(run).Slice(0, q.cached-s.plan.batch.Runs[run].Position)
}

// appendRows appends the rows of x from the given one on.
func appendRows(dst []float32, x nn.Mat, from int) []float32 {
	if from == x.Rows() {
		return dst
	}
	n := len(dst)
	more := (x.Rows() - from) * x.Cols()
	dst = append(dst, make([]float32, more)...)
	x.Slice(from, x.Rows()).Host(dst[n:])
	return dst
}

// chain drafts with the MTP layer, a place at a time for all sequences, and returns how long
// that took. What the pairs took that the first place needed is its cost, too.
func (s *scheduler) chain(ctx context.Context, asks []*ask, ended []error, pairing time.Duration) (took time.Duration, err error) {
	p := &s.plan
	var before *deepseek.Output // of the place before; holds the hidden states
	rows := map[*ask]int{}      // runs of before
	defer func() {
		if before != nil {
			before.Release()
		}
	}()
	for place := 0; ; place++ {
		p.mtp.Runs, p.paired = p.mtp.Runs[:0], p.paired[:0]
		var now []*ask
		for _, a := range asks {
			if a.origin != byMTP || place >= a.most || ended[a.run] != nil {
				continue
			}
			q := a.sequence
			r := deepseek.Run{Pages: q.pages, Form: deepseek.Absorbed, Logits: 1}
			if place == 0 {
				r.Position = len(q.tokens) - 1
				r.Tokens = q.tokens[r.Position:]
				r.Hidden = []nn.Mat{nn.FromHost(1, len(q.hidden), q.hidden)}
			} else {
				r.Position = len(q.tokens) + place - 1
				r.Tokens = q.drafts[place-1 : place : place]
				r.Hidden = []nn.Mat{before.Hidden(rows[a])}
			}
			p.mtp.Runs, p.paired, now = append(p.mtp.Runs, r), append(p.paired, q), append(now, a)
		}
		if len(now) == 0 {
			return took, nil
		}
		start := time.Now()
		o, err := s.network.MTP.Forward(ctx, &p.mtp)
		if err != nil {
			return took, err
		}
		together(len(now), s.options.Vocabulary, func(i int) { now[i].sequence.draft(o, i) })
		for i, a := range now {
			rows[a] = i
			if place == 0 {
				a.sequence.paired++
				a.sequence.hidden = a.sequence.hidden[:0]
			}
		}
		seconds := time.Since(start) + pairing
		s.drafts.drafted(len(now), seconds)
		took, pairing = took+seconds, 0
		if before != nil {
			before.Release()
		}
		before = o
	}
}

// draft appends the token that the sequence would choose by the MTP layer's logits:
// by the same parameters and the same noise as it will by the network's.
func (q *sequence) draft(o *deepseek.Output, run int) {
	n := len(q.tokens)
	q.scratch = o.Logits(run, 0, q.scratch)
	q.tokens = append(q.tokens, q.drafts...)
	c := q.choose(q.drafter, q.scratch)
	q.tokens = q.tokens[:n]
	id := c.ID
	if id < 0 {
		id = token.ID(0) // nothing may be chosen, as verification will find
	}
	q.drafts = append(q.drafts, id)
}
