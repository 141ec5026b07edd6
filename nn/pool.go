package nn

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/deskseek/deskseek/kernel"
)

// A Pool is a fixed set of workers. Each has an identity, and takes the same
// share of the same work every time. Whoever calls an operation is worker 0.
//
// A step has hundreds of operations, some of them shorter than waking a thread
// takes. So a worker that has nothing to do looks for work a while before it
// sleeps, and so does the caller for the others' end. Only a while: a pool that
// does nothing but look collapses when a core is taken away.
type Pool struct {
	workers []*worker
	job     job           // the present one, set before epoch counts it
	epoch   atomic.Uint32 // number of jobs given out
	left    atomic.Int32  // workers that have not done the present one
	ended   atomic.Bool   // epoch was raised to end, not to work
	caller  sleeper
	close   sync.Once
}

// A job is work that is split by what it writes. It is a struct that is reused
// from step to step, not a closure.
type job interface {
	// work does the share of w.
	work(w *worker)
}

// A worker is one of the Pool's goroutines, with memory of its own.
type worker struct {
	index, count int
	sleeper      sleeper
	scratch      *kernel.Scratch
	buffers      [bufferCount][]float32
	attend       attendScratch
}

// The buffers of a worker. A job uses each for one purpose at a time.
const (
	bufferRow      = iota // a decoded row of a weight
	bufferMatrix          // a decoded weight
	bufferDots            // a row's products with all tokens
	bufferProducts        // rows' products with all tokens
	bufferScores          // a segment's scores
	bufferKeys            // a segment's keys
	bufferValues          // a segment's values
	bufferState           // the online softmax of a span's tokens
	bufferCount
)

// NewPool starts n workers; 0 means one for each processor.
func NewPool(n int) *Pool {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	p := &Pool{caller: newSleeper()}
	for i := range n {
		w := &worker{index: i, count: n, sleeper: newSleeper(), scratch: kernel.NewScratch()}
		p.workers = append(p.workers, w)
		if i > 0 {
			go p.serve(w)
		}
	}
	return p
}

// Workers returns the number of workers.
func (p *Pool) Workers() int { return len(p.workers) }

// Close ends the workers. Nothing may run on p any more.
func (p *Pool) Close() {
	p.close.Do(func() {
		p.ended.Store(true)
		p.epoch.Add(1)
		for _, w := range p.workers[1:] {
			w.sleeper.wake()
		}
	})
}

// run does j on all workers, and returns when it is done. Callers split what is
// written, never what is summed, so that a result does not depend on how many
// workers there are.
func (p *Pool) run(j job) {
	if len(p.workers) == 1 {
		j.work(p.workers[0])
		return
	}
	p.job = j
	p.left.Store(int32(len(p.workers) - 1))
	p.epoch.Add(1)
	for _, w := range p.workers[1:] {
		w.sleeper.wake()
	}
	j.work(p.workers[0])
	p.caller.wait(func() bool { return p.left.Load() == 0 })
}

// serve does w's share of every job.
func (p *Pool) serve(w *worker) {
	for seen := uint32(1); ; seen++ {
		w.sleeper.wait(func() bool { return p.epoch.Load() >= seen })
		if p.ended.Load() {
			return
		}
		p.job.work(w)
		if p.left.Add(-1) == 0 {
			p.caller.wake()
		}
	}
}

// A sleeper waits for what another goroutine does, first awake, then asleep.
type sleeper struct {
	asleep *atomic.Bool
	signal chan struct{}
}

func newSleeper() sleeper { return sleeper{new(atomic.Bool), make(chan struct{}, 1)} }

// looks is how often a sleeper looks before it sleeps: some 10 µs.
const looks = 3000

// wait returns when done does. Whoever makes it so calls wake after.
func (s sleeper) wait(done func() bool) {
	for i := range looks {
		if done() {
			return
		}
		if i%1024 == 1023 {
			runtime.Gosched()
		}
	}
	for !done() {
		s.asleep.Store(true)
		// What was done before asleep was set gives no signal.
		if done() && s.asleep.CompareAndSwap(true, false) {
			return
		}
		<-s.signal
	}
}

// wake ends a wait that has begun to sleep.
func (s sleeper) wake() {
	if s.asleep.CompareAndSwap(true, false) {
		s.signal <- struct{}{}
	}
}

// share returns the part of n things that is w's.
func (w *worker) share(n int) (lo, hi int) {
	return n * w.index / w.count, n * (w.index + 1) / w.count
}

// buffer returns n values of one of w's buffers, arbitrary ones.
func (w *worker) buffer(which, n int) []float32 {
	if len(w.buffers[which]) < n {
		w.buffers[which] = make([]float32, n)
	}
	return w.buffers[which][:n]
}
