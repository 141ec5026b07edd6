package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// apart is how many logits are worth another goroutine: looking at them takes longer
// than starting it does.
const apart = 1 << 14

// together calls f for 0 to n-1, each of which looks at the logits of a vocabulary: at
// once where there is something to gain by it. What f does is to be independent of what
// it does for others.
func together(n, vocabulary int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0), n*vocabulary/apart)
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
		}
	}
	var all sync.WaitGroup
	for range workers - 1 {
		all.Go(work)
	}
	work()
	all.Wait()
}
