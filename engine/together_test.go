package engine

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

// Every index is called once, by one goroutine or several.
func TestEachLooksOnce(t *testing.T) {
	before := runtime.GOMAXPROCS(4)
	defer runtime.GOMAXPROCS(before)
	for _, n := range []int{0, 1, 2, 3, 8, 100} {
		for _, vocabulary := range []int{1, apart / 2, 10 * apart} {
			t.Run(fmt.Sprintf("%d of %d", n, vocabulary), func(t *testing.T) {
				calls := make([]atomic.Int32, n)
				together(n, vocabulary, func(i int) { calls[i].Add(1) })
				for i := range calls {
					if c := calls[i].Load(); c != 1 {
						t.Errorf("%d was called %d times", i, c)
					}
				}
			})
		}
	}
}
