package nn

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
)

// A countJob counts how often each of its things is done.
type countJob struct {
	things []atomic.Int32
	yields bool
}

func (j *countJob) work(w *worker) {
	if lo, hi := w.share(len(j.things)); lo < hi {
		w.buffer(bufferRow, 1)[0]++ // of one thread at a time: the race detector would see
		for i := range j.things[lo:hi] {
			j.things[lo+i].Add(1)
		}
	}
	if j.yields {
		runtime.Gosched()
	}
}

// TestEveryPartOnce runs jobs of all sizes one after the other, inside steps and
// outside, with more workers than there are processors, too.
func TestEveryPartOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for _, procs := range []int{runtime.GOMAXPROCS(0), 1} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		for _, workers := range []int{1, 2, 3, 7} {
			p := NewPool(workers)
			for step := range 20 {
				if step%2 == 0 {
					p.Enter()
				}
				for range 20 {
					j := &countJob{things: make([]atomic.Int32, r.IntN(50)), yields: r.IntN(4) == 0}
					if each := r.IntN(6); each > 0 {
						p.runParts(j, each)
					} else {
						p.run(j)
					}
					for i := range j.things {
						if n := j.things[i].Load(); n != 1 {
							t.Fatalf("%d workers: thing %d of %d was done %d times", workers, i, len(j.things), n)
						}
					}
				}
				p.Leave()
			}
			p.Close()
			p.Close()
		}
	}
}

// TestSleep checks that workers that have nothing to do sleep, and that work
// wakes them: they are as many as do it.
func TestSleep(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	p := NewPool(3)
	defer p.Close()
	asleep := func(w *worker) bool { return w.parker.state.Load() == asleep }
	for range 50 {
		for _, w := range p.workers[1:] {
			for !asleep(w) {
				runtime.Gosched()
			}
		}
		j := &meetJob{}
		p.run(j)
		if n := j.here.Load(); n != 3 {
			t.Fatalf("%d workers came, want 3", n)
		}
	}
}

// A meetJob is done when all parts have begun, so that each needs a worker.
type meetJob struct{ here atomic.Int32 }

func (j *meetJob) work(w *worker) {
	j.here.Add(1)
	for int(j.here.Load()) < w.count {
		runtime.Gosched()
	}
}

// TestTaken checks what a worker may take that has missed the present job: of its
// own job nothing, however the numbers of parts differ.
func TestTaken(t *testing.T) {
	job := func(number, each uint64) uint64 { return number<<32 | each }
	for _, test := range []struct {
		taken, now uint64
		part       int
		ok         bool
	}{
		{job(4, 2), job(5, 3), 0, true},  // the job before is done
		{job(5, 1), job(5, 3), 1, true},  // begun
		{job(5, 3), job(5, 3), 0, false}, // all taken
		{job(5, 3), job(4, 2), 0, false}, // late: the next has begun
		{job(9, 0), job(4, 7), 0, false},
		{job(1<<32-1, 2), job(0, 2), 0, true},        // numbers begin again
		{job(0, 1), job(1<<32-1, 2), 0, false},       // and one is late
		{job(1<<32-1, 2), job(1<<32-1, 3), 2, true},  // the last number
		{job(1<<32-1, 2), job(1<<32-1, 2), 0, false}, // all of it
	} {
		w := &worker{}
		w.taken.Store(test.taken)
		if part, ok := w.take(test.now); part != test.part || ok != test.ok {
			t.Errorf("taken %x of %x: part %d, %v; want %d, %v", test.taken, test.now, part, ok, test.part, test.ok)
		}
	}
}

// An idleJob does nothing, so that only its barriers cost.
type idleJob struct{}

func (idleJob) work(*worker) {}

// BenchmarkBarrier is the cost of telling the workers of a job, and of their
// telling that it is done.
func BenchmarkBarrier(b *testing.B) {
	p := NewPool(0)
	defer p.Close()
	p.Enter()
	defer p.Leave()
	for b.Loop() {
		p.run(idleJob{})
	}
}
