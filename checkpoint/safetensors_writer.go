package checkpoint

import (
	"encoding/json"
	"fmt"
	"strings"
)

// safetensorsStart is what tensors' bytes begin at a multiple of: a cache line.
const safetensorsStart = 64

// LaySafetensors lays out a safetensors file, in which tensors follow one another
// without gaps:
//
//	┌───────────────┬──────────────────┬───────────────────┐
//	│ n  <uint64le> │ header <n bytes> │ data <to the end> │
//	└───────────────┴──────────────────┴───────────────────┘
//
// framework is what the header says the file was written by: "pt" or "mlx". The
// tensors' Data is not looked at.
func LaySafetensors(framework string, tensors []OutTensor) (*Layout, error) {
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	l := &Layout{}
	table := map[string]any{"__metadata__": map[string]string{"format": framework}}
	at := int64(0)
	for _, t := range tensors {
		if table[t.Name] != nil {
			return nil, fmt.Errorf("tensor %s comes twice", printable(t.Name))
		}
		if values, _ := t.DType.Block(); values != 1 {
			return nil, fmt.Errorf("tensor %s: %v does not exist in safetensors", printable(t.Name), t.DType)
		}
		n := int64(t.DType.RowBytes(1))
		for _, k := range t.Shape {
			n *= int64(k)
		}
		table[t.Name] = entry{t.DType.String(), t.Shape, [2]int64{at, at + n}}
		l.Offsets, l.Sizes = append(l.Offsets, at), append(l.Sizes, n)
		at += n
	}
	header, err := json.Marshal(table)
	if err != nil {
		return nil, err
	}
	padding := aligned(int64(8+len(header)), safetensorsStart) - int64(8+len(header))
	header = append(header, strings.Repeat(" ", int(padding))...)
	l.Header = append(little.AppendUint64(nil, uint64(len(header))), header...)
	for i := range l.Offsets {
		l.Offsets[i] += int64(len(l.Header))
	}
	l.Size = int64(len(l.Header)) + at
	return l, nil
}
