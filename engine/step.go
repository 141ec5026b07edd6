package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// step computes one step, and returns whether there was one to compute.
func (s *scheduler) step(ctx context.Context) bool {
	for _, list := range [...][]*sequence{s.running, s.waiting} {
		for _, q := range list {
			if q.canceled.Load() && !q.landing {
				s.end(q, context.Canceled)
				return true // the lists have changed
			}
		}
	}
	s.tend()
	s.admit()
	s.compose()
	p := &s.plan
	if len(p.runs) == 0 {
		return false
	}
	start := time.Now()
	o, err := s.network.Model.Forward(ctx, &p.batch)
	if err != nil {
		s.failed(p.runs, reason(ctx, err))
		p.runs = p.runs[:0]
		return true
	}
	info := StepInfo{Runs: make([]RunInfo, 0, len(p.runs))}
	ended := make([]error, len(p.runs))
	picks := make([]pick, len(p.runs))
	together(len(p.runs), s.options.Vocabulary, func(i int) {
		if p.batch.Runs[i].Logits > 0 && !o.Canceled(i) {
			picks[i] = p.runs[i].pick(o, i)
		}
	})
	for i, q := range p.runs {
		s.drop(q)
		if o.Canceled(i) {
			ended[i] = context.Canceled
			continue
		}
		r := &p.batch.Runs[i]
		q.cached = r.Position + len(r.Tokens)
		chosen := 0
		if r.Logits > 0 {
			chosen, ended[i] = len(picks[i].choices), picks[i].why
			s.commit(q, &picks[i])
		}
		info.Runs = append(info.Runs, RunInfo{q.id, r.Position, len(r.Tokens), max(0, r.Logits-1), chosen})
	}
	info.Elapsed = time.Since(start)
	s.counts.Steps++
	drafting := s.predict(ctx, o, ended, &info)
	o.Release()
	took := time.Since(start) - drafting
	s.observe(&info, took)
	s.clock(took)
	info.Free = s.pages.Free()
	if f := s.options.Trace.Step; f != nil {
		f(info) // before readers learn that a sequence ended, and go on
	}
	for i, q := range p.runs {
		switch {
		case errors.Is(ended[i], errDone):
			s.end(q, nil)
		case ended[i] != nil:
			s.end(q, ended[i])
		default:
			s.publish(q, false)
		}
	}
	p.runs = p.runs[:0]
	return true
}

// tend takes in what was read from the store, and sends off what it does not have.
func (s *scheduler) tend() {
	if s.keeper == nil {
		return
	}
	for {
		select {
		case l := <-s.keeper.landed:
			s.land(l)
			continue
		default:
		}
		break
	}
	s.lost(s.keeper.heed())
	s.keeper.save(false)
}

// lost says that pages could not be kept, if there is an error.
func (s *scheduler) lost(err error) {
	if f := s.options.Trace.StoreFailed; err != nil && f != nil {
		f(err)
	}
}

// reason is why a step failed: where the engine was closed, that.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// failed ends those of the sequences that an error is about. Of a step that failed
// nothing counts; the others try again.
func (s *scheduler) failed(runs []*sequence, err error) {
	for _, q := range slices.Clone(concerned(runs, err)) {
		s.end(q, err)
	}
}

// concerned returns those of a step's sequences that an error is about: where a value
// was not finite, the one that it is of.
func concerned(runs []*sequence, err error) []*sequence {
	var bad *deepseek.NonFiniteError
	if errors.As(err, &bad) && bad.Run < len(runs) {
		return runs[bad.Run : bad.Run+1]
	}
	return runs
}

// errDone says that a sequence came to its end as it should.
var errDone = errors.New("the sequence is complete")

// A pick is what a run gives: the token after its last one, and where drafts hold, those
// after them; and why the sequence ends, if it does.
type pick struct {
	choices []sample.Choice
	ids     []token.ID
	why     error
}

// pick chooses the tokens that a run gives, and makes them part of the sequence.
func (q *sequence) pick(o *deepseek.Output, run int) (p pick) {
	for i := 0; i <= len(q.drafts) && p.why == nil; i++ {
		q.logits = o.Logits(run, i, q.logits)
		c := q.choose(q.sampler, q.logits)
		if c.ID < 0 {
			p.why = errNoChoice
			break
		}
		p.choices, p.ids = append(p.choices, c), append(p.ids, c.ID)
		q.decide(len(q.tokens), len(q.tokens)+1, deepseek.Absorbed)
		q.tokens = append(q.tokens, c.ID)
		switch {
		case q.ends(c.ID):
			q.stats.Reason, p.why = Stopped, errDone
		case q.generated() == q.most:
			q.stats.Reason, p.why = Length, errDone
		}
		if i < len(q.drafts) && q.drafts[i] != c.ID {
			break
		}
	}
	return p
}

// commit takes account of the tokens that a run gave, and hands them out.
func (s *scheduler) commit(q *sequence, p *pick) {
	if q.first.IsZero() {
		q.first = time.Now()
		q.stats.Prefill = q.first.Sub(q.started)
	}
	accepted := sample.Verify(q.drafts, p.ids)
	// Behind the drafts that held, what was cached is that of other tokens.
	q.cached += accepted - len(q.drafts)
	if len(q.drafts) > 0 {
		q.stats.count(len(q.drafts), accepted)
		s.counts.ByPlace = countPlaces(s.counts.ByPlace, len(q.drafts), accepted)
		s.drafts.verified(q, len(q.drafts), accepted)
		s.options.Trace.verify(q, len(q.drafts), accepted)
		q.drafts = q.drafts[:0]
	}
	if len(p.choices) > 0 {
		q.stats.Steps++
	}
	s.counts.Generated += len(p.choices)
	q.stats.DecodeTokens = max(0, q.generated()-1)
	q.stats.Decode = time.Since(q.first)
	q.out.put(p.choices, &q.stats)
}
