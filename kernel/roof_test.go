package kernel

import "testing"

// The roofs read what they are given and no more, and count what they do.
func TestRoofs(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 511, 512, 513, 1024, 5000} {
			ReadLoop(atEnd(t, n))
		}
		one := MultiplyLoop(1)
		if one <= 0 || MultiplyLoop(0) != 0 || MultiplyLoop(7) != 7*one {
			t.Errorf("operations of 0, 1 and 7 steps: %d, %d, %d", MultiplyLoop(0), one, MultiplyLoop(7))
		}
	})
}
