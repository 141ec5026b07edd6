package measure

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskseek/deskseek/kernel"
)

// Roofs are the machine's own speeds, each of several passes, ascending.
type Roofs struct {
	Read     []float64 // bytes a second of a loop that only reads memory
	Multiply []float64 // operations a second of a loop that only multiplies and adds
	// Multiplier names the loop of Multiply: the faster of those there are.
	Multiplier string
}

// Add adds the passes of o.
func (r *Roofs) Add(o *Roofs) {
	r.Read, r.Multiply, r.Multiplier = append(r.Read, o.Read...), append(r.Multiply, o.Multiply...), o.Multiplier
	slices.Sort(r.Read)
	slices.Sort(r.Multiply)
}

// A Prober measures the roofs, as often as it is asked: the machine's speed
// changes while others use it, and shares are only true within a run.
type Prober struct {
	buffers    [][]byte // one a thread
	threads    int
	multiplier multiplier
}

// leastBuffer is the least a read loop reads: no cache holds a good part of it.
const leastBuffer = 64 << 20

// readPiece is how much one call of the read loop reads: it can't be preempted.
const readPiece = 1 << 20

// NewProber returns a Prober that uses the given number of threads, and takes
// bytes of memory, divided among them, for the read loop: at least 64 MiB, and
// whole MiB for each.
func NewProber(threads int, bytes int64) *Prober {
	p := &Prober{threads: threads, buffers: make([][]byte, threads)}
	each := (int(max(bytes, leastBuffer))/threads + readPiece - 1) / readPiece * readPiece
	p.parallel(func(i int) {
		b := make([]byte, each)
		for at := 0; at < len(b); at += 64 {
			b[at] = byte(at >> 6) // a page that was never written is the zero page
		}
		p.buffers[i] = b
	})
	p.multiplier = fastest(integers(), floats())
	return p
}

// parallel calls f for each thread and returns how long all took, in seconds.
func (p *Prober) parallel(f func(thread int)) float64 {
	var all sync.WaitGroup
	start := time.Now()
	for i := range p.threads {
		all.Go(func() { f(i) })
	}
	all.Wait()
	return time.Since(start).Seconds()
}

// Probe adds two passes of both loops to r. Threads that are done help the others, so
// that a core that is taken away costs its share, and no more.
func (p *Prober) Probe(r *Roofs) {
	const passes, rounds = 2, 200
	r.Multiplier = p.multiplier.name
	for range passes {
		r.Read = append(r.Read, p.read())
		r.Multiply = append(r.Multiply, p.multiply(rounds))
	}
	slices.Sort(r.Read)
	slices.Sort(r.Multiply)
}

// read reads all buffers once, and returns the bytes a second.
func (p *Prober) read() float64 {
	taken := make([]atomic.Int64, p.threads) // bytes of each buffer
	seconds := p.parallel(func(i int) {
		for k := range p.threads {
			k = (i + k) % p.threads // its own first
			for b := p.buffers[k]; ; {
				end := int(taken[k].Add(readPiece))
				if end > len(b) {
					break
				}
				kernel.ReadLoop(b[end-readPiece : end])
			}
		}
	})
	return float64(p.threads*len(p.buffers[0])) / seconds
}

// multiply runs the loop that often for each thread, and returns the operations
// a second.
func (p *Prober) multiply(rounds int) float64 {
	var taken, operations atomic.Int64
	seconds := p.parallel(func(int) {
		for taken.Add(1) <= int64(rounds*p.threads) {
			operations.Add(int64(p.multiplier.run()))
		}
	})
	return float64(operations.Load()) / seconds
}

// A multiplier is a loop of multiplications and additions, in registers or the
// first cache. run does some 10 µs of it and returns how many operations they
// were; threads may call it at the same time.
type multiplier struct {
	name string
	run  func() int
}

// integers is the loop of the integer kernels. Where a tier has none of its own,
// it is one number after the other, and slow.
func integers() multiplier {
	const steps = 4096
	return multiplier{"int8 products in registers", func() int { return kernel.MultiplyLoop(steps) }}
}

// floats is the loop of the f32 kernels.
func floats() multiplier {
	const tokens, cols, calls = 8, 512, 16
	w, x := make([]float32, cols), make([]float32, tokens*cols)
	for i := range w {
		w[i] = float32(math.Sqrt(float64(i)))
	}
	for t := range tokens {
		copy(x[t*cols:], w)
	}
	return multiplier{"f32 dot products in cache", func() int {
		var dst [tokens]float32 // of its own: the rest is only read
		for range calls {
			kernel.Dots(dst[:], w, x, cols)
		}
		return calls * 2 * tokens * cols
	}}
}

// fastest returns the loop that does most operations a second, by its best run:
// others are cut short by whoever else uses the machine.
func fastest(all ...multiplier) (best multiplier) {
	most := 0.0
	for _, m := range all {
		const runs = 50
		for range runs {
			start := time.Now()
			operations := m.run()
			if rate := float64(operations) / time.Since(start).Seconds(); rate > most {
				best, most = m, rate
			}
		}
	}
	return best
}
