package measure

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"time"
)

// Roofs are the machine's own speeds, each of several passes, ascending.
type Roofs struct {
	Read     []float64 // bytes a second of a loop that only reads memory
	Multiply []float64 // operations a second of a loop that only multiplies and adds
	// Multiplier names the loop of Multiply.
	Multiplier string
}

// A Prober measures the roofs, as often as it is asked: the machine's speed
// changes while others use it, and shares are only true within a run.
type Prober struct {
	buffer  [][]byte // one a thread
	threads int
}

// leastBuffer is the least a read loop reads: no cache holds a good part of it.
const leastBuffer = 64 << 20

// NewProber returns a Prober that uses the given number of threads, and takes
// bytes of memory, divided among them, for the read loop: at least 64 MiB.
func NewProber(threads int, bytes int64) *Prober {
	p := &Prober{threads: threads, buffer: make([][]byte, threads)}
	each := int(max(bytes, leastBuffer)) / threads / readUnit * readUnit
	p.parallel(func(i int) { // whoever reads memory should have written it first
		b := make([]byte, each)
		for at := 0; at < len(b); at += 64 {
			b[at] = byte(at >> 6) // a page that was never written is the zero page
		}
		p.buffer[i] = b
	})
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

// Probe adds passes of both loops to r.
func (p *Prober) Probe(r *Roofs) {
	const passes = 3
	m := newMultiplier()
	r.Multiplier = m.name
	sums := make([]uint64, p.threads)
	for range passes {
		seconds := p.parallel(func(i int) { sums[i] = read(p.buffer[i]) })
		r.Read = append(r.Read, float64(p.threads*len(p.buffer[0]))/seconds)
		const rounds = 200
		seconds = p.parallel(func(int) {
			for range rounds {
				m.run()
			}
		})
		r.Multiply = append(r.Multiply, float64(p.threads)*rounds*m.operations/seconds)
	}
	slices.Sort(r.Read)
	slices.Sort(r.Multiply)
}

// readUnit is how many bytes a turn of the read loops reads.
const readUnit = 256

// readPiece is how much one call of assembly reads: it can't be preempted.
const readPiece = 1 << 20

// read reads b, whose length is a multiple of readUnit, and returns something
// that depends on all of it.
func read(b []byte) (sum uint64) {
	for len(b) > 0 {
		n := min(len(b), readPiece)
		sum ^= readLoop(b[:n])
		b = b[n:]
	}
	return sum
}

// readGeneric reads a word of every 16 bytes. What memory gives is whole lines.
func readGeneric(b []byte) uint64 {
	var sum [4]uint64
	for ; len(b) >= 64; b = b[64:] {
		sum[0] ^= binary.LittleEndian.Uint64(b)
		sum[1] ^= binary.LittleEndian.Uint64(b[16:])
		sum[2] ^= binary.LittleEndian.Uint64(b[32:])
		sum[3] ^= binary.LittleEndian.Uint64(b[48:])
	}
	return sum[0] ^ sum[1] ^ sum[2] ^ sum[3]
}

// A multiplier is a loop of multiplications and additions in registers or the
// first cache.
type multiplier struct {
	name       string
	run        func()
	operations float64 // of one run: multiplications and additions
}

// floats is the loop where there is none for integers: dot products of the
// kernels, in cache.
func floats(dots func(dst, w, x []float32)) multiplier {
	const tokens, cols = 8, 512
	w, x := make([]float32, cols), make([]float32, tokens*cols)
	for i := range w {
		w[i] = float32(math.Sqrt(float64(i)))
	}
	copy(x, w)
	const calls = 16
	return multiplier{"f32 dot products in cache", func() {
		var dst [tokens]float32 // of its own: threads share the rest, and only read it
		for range calls {
			dots(dst[:], w, x)
		}
	}, calls * 2 * tokens * cols}
}
