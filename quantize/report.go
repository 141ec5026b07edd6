package quantize

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
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

// Total returns all classes in one.
func Total(classes []Class) Class {
	all := Class{Name: "all"}
	for i := range classes {
		c := &classes[i]
		all.Tensors, all.Weights, all.Bytes = all.Tensors+c.Tensors, all.Weights+c.Weights, all.Bytes+c.Bytes
	}
	return all
}

// Classes returns the parts of the network, most bytes first.
func (p *Plan) Classes() []Class {
	var t tally
	for i := range p.tensors {
		x := &p.tensors[i]
		c := t.class(x.class)
		c.Tensors++
		c.Weights += int64(x.rows()) * int64(x.cols)
		t.add(c, x.dtype, x.bytes())
	}
	return t.sorted()
}

// ClassesOf returns the parts of a checkpoint's network as they are stored, scales
// included, most bytes first. Tensors are those of Format's naming, of which a stored
// one may hold several.
func ClassesOf(ck *checkpoint.Checkpoint) ([]Class, error) {
	parts, err := deepseek.Assemble(ck, ck.Format(), true)
	if err != nil {
		return nil, err
	}
	var t tally
	for i := range parts.Tensors {
		x := &parts.Tensors[i]
		c := t.class(classOf(&x.Weight, &parts.Config))
		c.Tensors++
		for _, piece := range x.Pieces {
			c.Weights += int64(piece.Rows) * int64(piece.Cols)
			t.add(c, piece.DType, storedBytes(piece.Tensor))
		}
	}
	return t.sorted(), nil
}

// storedBytes is the length of a tensor with its scales.
func storedBytes(t *tensor.Tensor) int64 {
	n := int64(len(t.Data))
	for _, x := range []*tensor.Tensor{t.Scale, t.Bias} {
		if x != nil {
			n += int64(len(x.Data))
		}
	}
	return n
}

// A tally adds tensors up, class by class.
type tally struct {
	classes []*Class
	types   map[*Class]map[tensor.DType]int64
}

func (t *tally) class(name string) *Class {
	for _, c := range t.classes {
		if c.Name == name {
			return c
		}
	}
	c := &Class{Name: name}
	t.classes = append(t.classes, c)
	if t.types == nil {
		t.types = map[*Class]map[tensor.DType]int64{}
	}
	t.types[c] = map[tensor.DType]int64{}
	return c
}

func (t *tally) add(c *Class, d tensor.DType, bytes int64) {
	c.Bytes += bytes
	t.types[c][d] += bytes
}

// sorted returns the classes, and the types of each, most bytes first.
func (t *tally) sorted() (all []Class) {
	for _, c := range t.classes {
		bytes := t.types[c]
		for d := range bytes {
			c.Types = append(c.Types, d)
		}
		slices.SortFunc(c.Types, func(a, b tensor.DType) int {
			return compare(bytes[b], bytes[a], int64(a), int64(b))
		})
		all = append(all, *c)
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
