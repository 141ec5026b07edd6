package checkpoint

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/tensor"
)

// MLX stores a quantized matrix as three tensors (mlx.core.quantize, mode
// "affine"), perhaps stacked for the experts of a layer:
//
//	X.weight  U32                 [(E,) N, K·bits/32]   element 0 of a word in its low bits
//	X.scales  F16, BF16 or F32    [(E,) N, K/group]     w = scale·q + bias
//	X.biases  as scales           [(E,) N, K/group]
//
// config.json has bits and group of all of them, and exceptions by module:
//
//	"quantization": {"group_size": 64, "bits": 4, "mode": "affine",
//	                 "model.layers.3.mlp.gate": {"group_size": 64, "bits": 8},
//	                 "lm_head": false}
type quantization struct {
	file string
	packing
	modules map[string]*packing // exceptions; nil: not quantized
}

// A packing is how one matrix is quantized.
type packing struct {
	Bits  int    `json:"bits"`
	Group int    `json:"group_size"`
	Mode  string `json:"mode"` // "" is affine
}

// parseQuantization reads "quantization" of a config.json; nil if it has none.
func parseQuantization(file string, config []byte) (*quantization, error) {
	var content struct {
		Quantization json.RawMessage `json:"quantization"`
	}
	if err := json.Unmarshal(config, &content); err != nil {
		return nil, badf(file, "not the JSON it should be: %v", plain(err))
	}
	if len(content.Quantization) == 0 || string(content.Quantization) == "null" {
		return nil, nil
	}
	q := &quantization{file: file, modules: map[string]*packing{}}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(content.Quantization, &parts); err != nil {
		return nil, badf(file, `"quantization": %v`, plain(err))
	}
	if err := json.Unmarshal(content.Quantization, &q.packing); err != nil {
		return nil, badf(file, `"quantization": %v`, plain(err))
	}
	for module, value := range parts {
		switch {
		case string(value) == "false":
			q.modules[module] = nil
		case value[0] == '{':
			p := q.packing // what an exception does not say, it has in common
			if err := json.Unmarshal(value, &p); err != nil {
				return nil, badf(file, `"quantization" of %s: %v`, printable(module), plain(err))
			}
			q.modules[module] = &p
		}
	}
	return q, nil
}

// of returns how a module's weight is quantized; nil if it is not.
func (q *quantization) of(module string) *packing {
	if p, ok := q.modules[module]; ok {
		return p
	}
	return &q.packing
}

// joinPacked makes one tensor of every packed weight, its scales and its biases.
// It returns every tensor's error.
func (c *Checkpoint) joinPacked(q *quantization) (errs []error) {
	joined := map[string]bool{} // scales and biases, which are not listed
	for _, name := range c.names {
		module, ok := strings.CutSuffix(name, ".weight")
		t := c.tensors[name]
		if !ok || t.DType != tensor.U32 {
			continue
		}
		scale, bias := c.tensors[module+".scales"], c.tensors[module+".biases"]
		if err := q.join(module, t, scale, bias); err != nil {
			errs = append(errs, err)
			continue
		}
		joined[scale.Name], joined[bias.Name] = true, true
	}
	for name := range joined {
		delete(c.tensors, name)
	}
	c.names = slices.DeleteFunc(c.names, func(name string) bool { return joined[name] })
	return errs
}

// join turns the words of t into what they pack.
func (q *quantization) join(module string, t, scale, bias *tensor.Tensor) error {
	file, p := t.Source.File, q.of(module)
	switch {
	case p == nil:
		return badf(file, "tensor %s is packed in U32, but %s says that it is not quantized", printable(t.Name), q.file)
	case p.Mode != "" && p.Mode != "affine":
		return badf(q.file, "quantization mode %s of %s is not supported, only affine", printable(p.Mode), printable(t.Name))
	case p.Bits != 4 && p.Bits != 8:
		return badf(q.file, "quantization of %s to %d bits is not supported, only 4 and 8", printable(t.Name), p.Bits)
	case p.Group < 8 || p.Group%8 != 0:
		return badf(q.file, "quantization group_size %d of %s: want a multiple of 8", p.Group, printable(t.Name))
	}
	t.DType = tensor.MLX4
	if p.Bits == 8 {
		t.DType = tensor.MLX8
	}
	if len(t.Shape) == 0 {
		return badf(file, "tensor %s: a single U32 packs no matrix", printable(t.Name))
	}
	perWord, _ := t.DType.Block()
	t.Cols *= perWord
	t.Shape[len(t.Shape)-1] = t.Cols
	if t.Cols%p.Group != 0 {
		return badf(file, "tensor %s: rows of %d values are no whole number of groups of %d (%s)", printable(t.Name), t.Cols, p.Group, q.file)
	}
	want := slices.Clone(t.Shape)
	want[len(want)-1] = t.Cols / p.Group
	for i, s := range []*tensor.Tensor{scale, bias} {
		part := []string{"scales", "biases"}[i]
		if s == nil {
			return badf(file, "tensor %s is packed in U32, but %s is missing", printable(t.Name), printable(module+"."+part))
		}
		if s.DType != tensor.F16 && s.DType != tensor.BF16 && s.DType != tensor.F32 {
			return badf(s.Source.File, "tensor %s: %s in %s, want F16, BF16 or F32", printable(s.Name), part, s.Type())
		}
		if !slices.Equal(s.Shape, want) {
			return badf(s.Source.File, "tensor %s: shape %d, want %d: %s %d in %d bits, groups of %d",
				printable(s.Name), s.Shape, want, printable(t.Name), t.Shape, p.Bits, p.Group)
		}
	}
	t.Scale, t.Bias = scale, bias
	return nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
