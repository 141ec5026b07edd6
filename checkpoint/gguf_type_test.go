package checkpoint

import (
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// TestTypeTables: no number means two types, and every weight of GGUF is one
// that Decode knows.
func TestTypeTables(t *testing.T) {
	seen := map[tensor.DType]bool{}
	for number, d := range ggmlTypes {
		if otherTypes[number] != "" || ikTypes[number] != "" || seen[d] {
			t.Errorf("type %d is listed twice", number)
		}
		seen[d] = true
		if back, ok := ggmlNumber(d); !ok || back != number {
			t.Errorf("%v is %d, and back %d", d, number, back)
		}
	}
	for number := range otherTypes {
		if ikTypes[number] != "" {
			t.Errorf("type %d is listed twice", number)
		}
	}
	for kind, name := range valueTypes {
		if name == "" {
			t.Errorf("kind %d has no name", kind)
		}
	}
}
