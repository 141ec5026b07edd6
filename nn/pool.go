package nn

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/deskseek/deskseek/kernel"
)

// A Pool is a fixed set of workers. Each is a thread of its own, and has a stable
// share of the same work every time. Whoever calls an operation is worker 0.
//
// A step has hundreds of operations, many of them shorter than waking a thread
// takes. So inside a step, between Enter and Leave, a worker that has nothing to
// do looks for work a while before it sleeps, and so does the caller for the
// others' end. Only a while, and a shorter one after each that was in vain: a pool
// that does nothing but look collapses when a core is taken away.
//
// For the same reason an operation does not wait for workers, but for work: it
// is cut into parts, each worker takes its own one after the other, and one that
// has none left takes those of others. A worker that does not come in time, since
// it sleeps or has no processor, has missed the operation, and delays nobody.
// What a part computes does not depend on who does.
type Pool struct {
	workers []*worker
	most    int // of workers: those that there are processors for; others are not woken
	close   sync.Once

	job    job           // the present one; it changes when all its parts are done
	_      [64]byte      // what all read and seldom changes, apart from what does
	now    atomic.Uint64 // the present job's number, and its parts of each worker: 32 bits each
	inside atomic.Bool   // in a step
	ended  atomic.Bool
	_      [64]byte
	left   atomic.Int32 // parts that are not done
	_      [64]byte
}

// A job is work that is split by what it writes. It is a struct that is reused
// from step to step, not a closure.
type job interface {
	// work does w's part.
	work(w *worker)
}

// A worker is one of the Pool's threads, with memory of its own, and the part of
// a job that it is doing: part index of count.
type worker struct {
	index, count int

	id      int // of the Pool's workers
	seen    uint64
	looks   int // how often it looks, inside a step, before it sleeps
	scratch *kernel.Scratch
	buffers [bufferCount][]float32
	choice  chooser
	attend  attendScratch

	_      [64]byte
	taken  atomic.Uint64 // of its share, how many parts are taken: the job's number, and how many
	parker parker
	_      [64]byte
}

// The buffers of a worker. A job uses each for one purpose at a time.
const (
	bufferRow      = iota // a decoded row of a weight, or what rounding took off a row
	bufferRows            // some decoded rows of a weight
	bufferMatrix          // a decoded weight
	bufferDots            // a row's products with all tokens
	bufferProducts        // rows' products with all tokens
	bufferScores          // a segment's scores
	bufferKeys            // a segment's keys
	bufferValues          // a segment's values
	bufferState           // the online softmax of a span's tokens
	bufferCount
)

// How often a worker looks for work before it sleeps: some microseconds outside a
// step, and up to a tenth of a millisecond inside one. One that still waits after
// patience looks for parts of others.
const (
	fewLooks  = 100
	mostLooks = 3000
	patience  = 30
)

// NewPool starts n workers; 0 means one for each processor.
func NewPool(n int) *Pool {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	p := &Pool{}
	p.most = min(n, runtime.GOMAXPROCS(0))
	for i := range n {
		w := &worker{id: i, looks: mostLooks, scratch: kernel.NewScratch()}
		w.parker.signaler = newSignaler()
		p.workers = append(p.workers, w)
	}
	for _, w := range p.workers[1:] {
		go p.serve(w)
	}
	return p
}

// Workers returns the number of workers.
func (p *Pool) Workers() int { return len(p.workers) }

// Enter begins a step: it wakes the workers, and they stay awake until Leave, so
// that each operation between costs little. Operations work without it, too.
func (p *Pool) Enter() {
	p.most = min(len(p.workers), runtime.GOMAXPROCS(0))
	p.inside.Store(true)
	p.wake()
}

// Leave ends a step. The workers sleep until the next.
func (p *Pool) Leave() { p.inside.Store(false) }

// Close ends the workers. Nothing may run on p any more.
func (p *Pool) Close() {
	p.close.Do(func() {
		p.ended.Store(true)
		p.most = len(p.workers)
		p.begin(0)
	})
}

// begin makes a new job known, with the given number of parts of each worker.
func (p *Pool) begin(each int) (now uint64) {
	now = (p.now.Load()>>32+1)<<32 | uint64(each)
	p.now.Store(now)
	p.wake()
	return now
}

func (p *Pool) wake() {
	for _, w := range p.workers[1:p.most] {
		w.parker.wake()
	}
}

// alone does all of j on the caller.
func (p *Pool) alone(j job) {
	w := p.workers[0]
	w.index, w.count = 0, 1
	j.work(w)
}

// run does j, cut into one part a worker, and returns when it is done.
func (p *Pool) run(j job) { p.runParts(j, 1) }

// Multiplications that take less time than telling the workers of them, and those
// that make a part: some ten microseconds, so that taking it costs nothing beside,
// and that a worker that is late leaves little to wait for.
const (
	fewProducts  = 1 << 15
	partProducts = 1 << 18
	mostParts    = 16 // of a worker
)

// runProducts does j, which takes about so many multiplications, in as many parts
// as are good for that.
func (p *Pool) runProducts(j job, products int) {
	if products < fewProducts {
		p.alone(j)
		return
	}
	p.runParts(j, min(1+products/(partProducts*len(p.workers)), mostParts))
}

// runParts does j, cut into the given number of parts a worker. Callers split
// what is written, never what is summed, so that a result does not depend on how
// many parts there are.
func (p *Pool) runParts(j job, each int) {
	if len(p.workers) == 1 {
		p.alone(j)
		return
	}
	p.job = j
	p.left.Store(int32(each * len(p.workers)))
	w := p.workers[0]
	w.seen = p.begin(each)
	p.work(w, w)
	for looks := 0; p.left.Load() > 0; looks++ {
		switch {
		case looks == patience:
			p.help(w)
		case looks < w.looks:
			kernel.Pause()
		default:
			w.looks = max(w.looks/2, fewLooks)
			w.parker.prepare()
			if p.left.Load() == 0 {
				w.parker.stay()
			} else {
				w.parker.sleep() // until the end, or a late signal of the job before
			}
			looks = 0
		}
	}
	w.looks = min(w.looks+fewLooks, mostLooks)
}

// serve does w's share of every job that it comes in time for.
func (p *Pool) serve(w *worker) {
	// Never unlocked: the thread ends with the worker.
	runtime.LockOSThread()
	for {
		p.await(w)
		if p.ended.Load() {
			return
		}
		p.work(w, w)
	}
}

// await waits until there is a job that w has not seen.
func (p *Pool) await(w *worker) {
	for looks := 0; ; looks++ {
		if now := p.now.Load(); now != w.seen {
			w.seen = now
			w.looks = min(w.looks+fewLooks, mostLooks)
			return
		}
		switch {
		case looks == patience:
			p.help(w)
		case looks < fewLooks || looks < w.looks && p.inside.Load():
			kernel.Pause()
		default:
			if p.inside.Load() {
				w.looks = max(w.looks/2, fewLooks)
			}
			w.parker.prepare()
			if p.now.Load() != w.seen {
				w.parker.stay()
			} else {
				w.parker.sleep()
			}
			looks = 0
		}
	}
}

// help does parts of the others that they have not come to.
func (p *Pool) help(w *worker) {
	for i := 1; i < len(p.workers); i++ {
		p.work(w, p.workers[(w.id+i)%len(p.workers)])
	}
}

// work does, on w, all parts of owner's share that nobody has taken.
func (p *Pool) work(w, owner *worker) {
	each := int(uint32(w.seen))
	done := 0
	for {
		part, ok := owner.take(w.seen)
		if !ok {
			break
		}
		w.index, w.count = owner.id*each+part, each*len(p.workers)
		p.job.work(w) // it stays the present one until this part is done
		done++
	}
	if done > 0 && p.left.Add(int32(-done)) == 0 && w.id != 0 {
		p.workers[0].parker.wake()
	}
}

// take takes the next part of w's share of the job that is the present one, as
// far as the taker knows; ok is false where there is none.
//
// No job begins before all parts of the one before are taken. So where the number
// of parts taken is one of the job before, none is taken of this; and where the
// taker's job is no longer the present one, its parts are all taken, whatever has
// happened since.
func (w *worker) take(now uint64) (part int, ok bool) {
	number, each := uint32(now>>32), uint32(now)
	for {
		taken := w.taken.Load()
		n := uint32(taken)
		switch uint32(taken >> 32) {
		case number:
		case number - 1:
			n = 0
		default:
			return 0, false
		}
		if n >= each {
			return 0, false
		}
		if w.taken.CompareAndSwap(taken, uint64(number)<<32|uint64(n+1)) {
			return int(n), true
		}
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

// Tier returns the name of the instruction set that the operations use.
func Tier() string { return kernel.Tier() }
