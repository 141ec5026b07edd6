package quantize

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/tensor"
)

// A Class is a part of the network in a plan.
type Class struct {
	Name    string
	Types   []tensor.DType // most bytes first
	Tensors int
	Weights int64
	Bytes   int64
}

// BitsPerWeight returns the bits that a weight of the class takes.
func (c *Class) BitsPerWeight() float64 { return 8 * float64(c.Bytes) / float64(c.Weights) }

// Classes returns the parts of the network, most bytes first.
func (p *Plan) Classes() []Class {
	index, types := map[string]int{}, map[string]map[tensor.DType]int64{}
	var all []Class
	for i := range p.tensors {
		t := &p.tensors[i]
		at, ok := index[t.class]
		if !ok {
			at = len(all)
			index[t.class], types[t.class] = at, map[tensor.DType]int64{}
			all = append(all, Class{Name: t.class})
		}
		c := &all[at]
		c.Tensors++
		c.Weights += int64(t.rows()) * int64(t.cols)
		c.Bytes += t.bytes()
		types[t.class][t.dtype] += t.bytes()
	}
	for i := range all {
		bytes := types[all[i].Name]
		for d := range bytes {
			all[i].Types = append(all[i].Types, d)
		}
		slices.SortFunc(all[i].Types, func(a, b tensor.DType) int {
			return compare(bytes[b], bytes[a], int64(a), int64(b))
		})
	}
	slices.SortStableFunc(all, func(a, b Class) int { return compare(b.Bytes, a.Bytes, 0, 0) })
	return all
}

// compare orders by the first pair, and then by the second.
func compare(a, b, c, d int64) int {
	switch {
	case a < b, a == b && c < d:
		return -1
	case a == b && c == d:
		return 0
	}
	return 1
}

// Fallbacks returns a sentence for each kind of tensor whose rows are too short, or
// of a length too odd, for the type that it was to have.
func (p *Plan) Fallbacks() (all []string) {
	count := map[string]int{}
	for i := range p.tensors {
		if t := &p.tensors[i]; t.dtype != t.wanted {
			s := fmt.Sprintf("%s: rows of %d values are no whole number of blocks of %v; %v instead", pattern(t.Name), t.cols, t.wanted, t.dtype)
			if count[s]++; count[s] == 1 {
				all = append(all, s)
			}
		}
	}
	for i, s := range all {
		if n := count[s]; n > 1 {
			all[i] = fmt.Sprintf("%s (%d tensors)", s, n)
		}
	}
	return all
}

// Notes returns what else there is to say before writing.
func (p *Plan) Notes() (all []string) {
	all = append(all, p.notes...)
	lossy := map[tensor.DType]bool{}
	for i := range p.tensors {
		for _, x := range p.tensors[i].Pieces {
			if d := x.DType; d != p.tensors[i].dtype && d != tensor.F8E4M3 && p.tensors[i].Inputs > 0 {
				if values, _ := d.Block(); values > 1 {
					lossy[d] = true
				}
			}
		}
	}
	if len(lossy) > 0 {
		var types []tensor.DType
		for d := range lossy {
			types = append(types, d)
		}
		slices.Sort(types)
		all = append(all, fmt.Sprintf("the input is quantized already (%s): what that has lost is not got back, and more is lost", list(types)))
	}
	return all
}

// MTP reports whether the MTP layer is written.
func (p *Plan) MTP() bool { return p.parts.MTP }

// Files returns the names of the files of weights.
func (p *Plan) Files() (names []string) {
	for i := range p.files {
		names = append(names, p.files[i].final)
	}
	return names
}

// String says in a line what is written.
func (p *Plan) String() string {
	what := p.options.Preset
	if what == "" {
		what = p.options.Type.String()
	}
	names := filepath.Base(p.files[0].final)
	if n := len(p.files); n > 1 {
		names = fmt.Sprintf("%s … (%d files)", names, n)
	}
	return strings.Join([]string{string(p.options.Format), what, names}, ", ")
}
