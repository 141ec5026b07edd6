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
		if otherTypes[number].unsupported != "" || ikTypes[number] != "" || seen[d] {
			t.Errorf("type %d is listed twice", number)
		}
		seen[d] = true
		if back, ok := ggmlNumber(d); !ok || back != number {
			t.Errorf("%v is %d, and back %d", d, number, back)
		}
	}
	for number, e := range otherTypes {
		if ikTypes[number] != "" || e.unsupported == "" || (e.values == 0) != (e.bytes == 0) {
			t.Errorf("type %d is listed twice, or half", number)
		}
	}
	for number, want := range map[uint32]string{
		2: "Q4_0", 16: "IQ2_XXS", 35: "TQ2_0", 36: "IQ4_NL_4_4 (removed from ggml)", 339: "IQ4_K_R4 (of ik_llama.cpp)", 9999: "number 9999",
	} {
		e := ggmlEncoding(number)
		if got := (&tensor.Tensor{DType: e.dtype, Unsupported: e.unsupported}).Type(); got != want {
			t.Errorf("type %d is %s, want %s", number, got, want)
		}
	}
	for kind, name := range valueTypes {
		if name == "" {
			t.Errorf("kind %d has no name", kind)
		}
	}
}
