package nn

import (
	"runtime"
	"sync"

	"github.com/deskseek/deskseek/kernel"
)

// A Pool is a fixed set of workers. Each has an identity, and takes the same
// share of the same work every time.
type Pool struct {
	workers []*worker
	done    sync.WaitGroup
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
	jobs         chan job
	scratch      *kernel.Scratch
	buffers      [bufferCount][]float32
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
	p := &Pool{}
	for i := range n {
		w := &worker{index: i, count: n, scratch: kernel.NewScratch()}
		p.workers = append(p.workers, w)
		if i == 0 {
			continue // the caller of run is worker 0
		}
		w.jobs = make(chan job, 1)
		go func() {
			for j := range w.jobs {
				j.work(w)
				p.done.Done()
			}
		}()
	}
	return p
}

// Workers returns the number of workers.
func (p *Pool) Workers() int { return len(p.workers) }

// Close ends the workers. Nothing may run on p any more.
func (p *Pool) Close() {
	p.close.Do(func() {
		for _, w := range p.workers[1:] {
			close(w.jobs)
		}
	})
}

// run does j on all workers, and returns when it is done. Callers split what is
// written, never what is summed, so that a result does not depend on how many
// workers there are.
func (p *Pool) run(j job) {
	p.done.Add(len(p.workers) - 1)
	for _, w := range p.workers[1:] {
		w.jobs <- j
	}
	j.work(p.workers[0])
	p.done.Wait()
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
