package nn

import (
	"slices"
	"testing"
)

// TestSegments pins where softmax is cut: it is part of the definition, and
// every backend and every machine cuts there.
func TestSegments(t *testing.T) {
	for _, test := range []struct {
		first, end int
		want       [][2]int
	}{
		{0, 1, [][2]int{{0, 1}}},
		{0, 512, [][2]int{{0, 512}}},
		{0, 513, [][2]int{{0, 512}, {512, 513}}},
		{1, 1025, [][2]int{{1, 512}, {512, 1024}, {1024, 1025}}},
		{512, 700, [][2]int{{512, 700}}},
		{5, 5, nil},
	} {
		var got [][2]int
		for lo, hi := range segments(test.first, test.end) {
			got = append(got, [2]int{lo, hi})
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("positions %d to %d: segments %v, want %v", test.first, test.end, got, test.want)
		}
	}
}
