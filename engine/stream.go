package engine

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskseek/deskseek/sample"
)

// A Stream is a sequence as it grows.
type Stream struct {
	engine   *Engine
	sequence *sequence
	out      *outlet
	ranged   atomic.Bool
}

var errTwice = errors.New("a stream's tokens are yielded once; submit the request again")

// An outlet is where a sequence's tokens leave the engine's goroutine. It holds as
// many as nobody has taken yet: the engine waits for no reader.
type outlet struct {
	mutex   sync.Mutex
	choices []sample.Choice
	ended   bool
	err     error
	stats   Stats
	logits  []float32     // of the last token
	more    chan struct{} // holds one value where there is something new
}

// put lets tokens out, as what the sequence took so far.
func (o *outlet) put(choices []sample.Choice, stats *Stats) {
	o.mutex.Lock()
	o.choices = append(o.choices, choices...)
	o.stats = *stats
	o.stats.ByPlace = append([]Acceptance(nil), stats.ByPlace...)
	o.mutex.Unlock()
	o.notify()
}

// end says that no token will follow.
func (o *outlet) end(err error, stats *Stats, logits []float32) {
	o.mutex.Lock()
	o.ended, o.err, o.stats, o.logits = true, err, *stats, logits
	o.mutex.Unlock()
	o.notify()
}

func (o *outlet) notify() {
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// take returns the tokens that came since the last call.
func (o *outlet) take() (choices []sample.Choice, ended bool, err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	choices, o.choices = o.choices, nil
	return choices, o.ended, o.err
}

// Tokens computes the sequence and yields its new tokens. It ends after an end
// token, at the most tokens, with the first error, and when the caller stops; a
// canceled ctx is an error. When it returns, the sequence holds nothing of the
// engine any more. It can be ranged over once; a second time is an error.
func (s *Stream) Tokens(ctx context.Context) iter.Seq2[sample.Choice, error] {
	return func(yield func(sample.Choice, error) bool) {
		e := s.engine
		if s.ranged.Swap(true) {
			yield(sample.Choice{}, errTwice)
			return
		}
		if e.open.Add(1) > int64(e.options.MaxSequences+e.options.MaxWaiting) {
			e.open.Add(-1)
			yield(sample.Choice{}, ErrBusy)
			return
		}
		q := s.sequence
		q.ended = func() { e.open.Add(-1) }
		q.asked = time.Now()
		if !e.send(func(c *scheduler) { c.enqueue(q) }) {
			e.open.Add(-1)
			yield(sample.Choice{}, ErrClosed)
			return
		}
		if err := s.follow(ctx, yield); err != nil {
			yield(sample.Choice{}, err)
		}
	}
}

// follow yields tokens until the sequence has ended.
func (s *Stream) follow(ctx context.Context, yield func(sample.Choice, error) bool) error {
	for {
		choices, ended, err := s.out.take()
		for _, c := range choices {
			if cause := context.Cause(ctx); cause != nil {
				s.leave()
				return cause
			}
			if !yield(c, nil) {
				s.leave()
				return nil
			}
		}
		switch {
		case err != nil:
			return err
		case ended:
			return nil
		}
		select {
		case <-s.out.more:
		case <-ctx.Done():
			s.leave()
			return context.Cause(ctx)
		}
	}
}

// leave cancels the sequence, and returns when it holds nothing any more.
func (s *Stream) leave() {
	q := s.sequence
	q.canceled.Store(true)
	s.engine.send(func(c *scheduler) { c.cancel(q) }) // wakes it where it sleeps
	for {
		if _, ended, _ := s.out.take(); ended {
			return
		}
		<-s.out.more
	}
}

// Stats returns what the sequence took so far.
func (s *Stream) Stats() Stats {
	s.out.mutex.Lock()
	defer s.out.mutex.Unlock()
	st := s.out.stats
	st.LogitsHash = hash(s.out.logits)
	return st
}
