package synth

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/tensor"
)

// mlxGroup is how many values of a row share a scale in MLX files.
const mlxGroup = 64

// container returns the container of a format, which decides names.
func (f Format) container() checkpoint.Format {
	switch f {
	case GGUF:
		return checkpoint.GGUF
	case MLX4:
		return checkpoint.MLX
	}
	return checkpoint.Safetensors
}

// Types returns the types that Options.Type may be.
func Types() []tensor.DType {
	types := []tensor.DType{tensor.F32, tensor.F16, tensor.BF16}
	for _, l := range layouts {
		types = append(types, l.dtype)
	}
	return types
}

// FindType returns the type of a name.
func FindType(name string) (tensor.DType, error) {
	for _, d := range Types() {
		if d.String() == name {
			return d, nil
		}
	}
	return tensor.Invalid, fmt.Errorf("type %q can't be synthesized, want one of %v", name, Types())
}

// ggufType returns the type of a matrix. What decides for W^UKᵀ, whose rows are
// short, is that queries go through it: it gets Q8_0 where it can't have t.
func ggufType(t tensor.DType, w *deepseek.Weight) (tensor.DType, error) {
	switch {
	case w.Role == deepseek.RouterScore:
		return tensor.F32, nil
	case t == tensor.Invalid && (w.Role == deepseek.DenseDown || w.Role == deepseek.Head):
		t = tensor.Q6_K
	case t == tensor.Invalid:
		t = tensor.Q4_K
	}
	cols := w.Shape[len(w.Shape)-1]
	if n, _ := t.Block(); cols%n == 0 {
		return t, nil
	}
	next, ok := checkpoint.Fallback(t)
	if ok && w.Role == deepseek.UpKey {
		next = tensor.Q8_0
	}
	if n, _ := next.Block(); !ok || cols%n != 0 {
		return t, fmt.Errorf("tensor %s: rows of %d values are no whole number of blocks of %v", w.Name, cols, t)
	}
	return next, nil
}

// add plans a tensor, and those that its encoding needs beside it.
func (p *Plan) add(w deepseek.Weight) error {
	if w.Inputs == 0 {
		p.addVector(w)
		return nil
	}
	sigma := 1 / math.Sqrt(float64(w.Inputs))
	cols := w.Shape[len(w.Shape)-1]
	quantized := w.Role.Projection()
	switch f := p.options.Format; {
	case f == GGUF:
		t, err := ggufType(p.options.Type, &w)
		if err != nil {
			return err
		}
		p.addMatrix(w, t, sigma)
	case f == FP8 && quantized:
		p.addFP8(w, sigma)
	case f == MLX4 && w.Role != deepseek.RouterScore && cols%mlxGroup == 0:
		p.addMLX(w, sigma)
	default:
		p.addMatrix(w, tensor.BF16, sigma)
	}
	return nil
}

// put plans a tensor. In a sparse shape all but vectors are holes.
func (p *Plan) put(name string, t tensor.DType, shape []int, c content) {
	n := 1
	for _, k := range shape {
		n *= k
	}
	x := part{name: name, dtype: t, shape: shape, bytes: int64(t.RowBytes(n)), data: c}
	if p.shape.Sparse && len(shape) > 1 {
		x.data = hole(x.bytes)
	}
	p.parts = append(p.parts, x)
}

// choose plans a tensor whose values are chosen from 256. Tensors of the same
// stream get the same choices.
func (p *Plan) choose(name, stream string, t tensor.DType, shape []int, values []byte) {
	n := t.RowBytes(1)
	for _, k := range shape {
		n *= k
	}
	p.put(name, t, shape, choice{p.options.Seed, stream, int64(n / (len(values) / 256)), values})
}

// addVector plans norms, about one, and router biases, about zero.
func (p *Plan) addVector(w deepseek.Weight) {
	t, mean, sigma := tensor.F32, 1.0, 0.1
	if w.Role == deepseek.RouterBias {
		mean, sigma = 0, 0.05
	} else if p.options.Format != GGUF {
		t = tensor.BF16
	}
	p.choose(w.Name, w.Name, t, w.Shape, p.values.plain(t, mean, sigma))
}

func (p *Plan) addMatrix(w deepseek.Weight, t tensor.DType, sigma float64) {
	l := layoutOf(t)
	if l == nil {
		p.choose(w.Name, w.Name, t, w.Shape, p.values.plain(t, 0, sigma))
		return
	}
	per, _ := t.Block()
	n := int64(1)
	for _, k := range w.Shape {
		n *= int64(k)
	}
	p.put(w.Name, t, w.Shape, blocks{p.options.Seed, w.Name, n / int64(per), l, p.values.scales(l, sigma)})
}

// addFP8 plans a matrix of bytes and the scales of its 128×128 blocks.
func (p *Plan) addFP8(w deepseek.Weight, sigma float64) {
	const side = tensor.F8Block
	var scales []byte
	for i := range 256 {
		scales = little.AppendUint32(scales, math.Float32bits(float32(sigma/f8Deviation*spread(i%16))))
	}
	p.choose(w.Name, w.Name, tensor.F8E4M3, w.Shape, p.values.f8)
	name := w.Name + "_scale_inv"
	p.choose(name, name, tensor.F32, []int{(w.Shape[0] + side - 1) / side, (w.Shape[1] + side - 1) / side}, scales)
}

// addMLX plans the three tensors of a packed matrix. Scales and biases make the
// same choices, so that each group's bias fits its scale: values are centred.
func (p *Plan) addMLX(w deepseek.Weight, sigma float64) {
	const centre, deviation = 7.5, 4.61 // of q from 0 to 15
	var bytes, scales, biases []byte
	for i := range 256 {
		s := float32(sigma / deviation * spread(i%16))
		if i&16 != 0 {
			s = -s // as MLX's quantizer has it where the largest value is negative
		}
		bytes = append(bytes, byte(i))
		scales = little.AppendUint16(scales, tensor.F32ToBF16(s))
		biases = little.AppendUint16(biases, tensor.F32ToBF16(-centre*s))
	}
	module := strings.TrimSuffix(w.Name, ".weight")
	last := len(w.Shape) - 1
	words, groups := slices.Clone(w.Shape), slices.Clone(w.Shape)
	words[last] /= 8
	groups[last] /= mlxGroup
	p.choose(w.Name, w.Name, tensor.U32, words, bytes)
	p.choose(module+".scales", module, tensor.BF16, groups, scales)
	p.choose(module+".biases", module, tensor.BF16, groups, biases)
}
