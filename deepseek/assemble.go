package deepseek

import (
	"fmt"
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// A Parts is a network as another format than its checkpoint's would store it: its
// tensors, and which stored matrices each is made of.
type Parts struct {
	Config  Config
	MTP     bool // whether the MTP layer is among them
	Tensors []Assembly
}

// An Assembly is a tensor of a format, and the rows that it is made of: those of
// its pieces, one after the other.
type Assembly struct {
	Weight
	Pieces []Piece
}

// A Piece is a stored matrix, or the transpose of one.
type Piece struct {
	*tensor.Tensor
	Transposed bool
}

// Size returns the rows and columns that the piece has in the Assembly.
func (p Piece) Size() (rows, cols int) {
	if p.Transposed {
		return p.Cols, p.Rows
	}
	return p.Rows, p.Cols
}

// Assemble says what the tensors of format f are made of that hold the network of
// ck: those that Weights lists, and the MTP layer's own embedding and head where ck
// has some that differ from the main ones. withMTP false leaves the MTP layer out. A
// checkpoint that is no network gives the BindError that Load gives.
func Assemble(ck *checkpoint.Checkpoint, f checkpoint.Format, withMTP bool) (*Parts, error) {
	c, err := ParseConfig(ck)
	if err != nil {
		return nil, err
	}
	b := &binder{ck: ck, c: &c, used: map[string]bool{}}
	a := &assembler{binder: b, from: layerNaming(ck), to: namingOf(f), layer: -1}
	if ck.Format() == checkpoint.GGUF && ck.Tensor(ggufNames.head) == nil {
		c.TiedHead = true
	}
	mtp := withMTP && b.hasMTP(a.from)
	p := &Parts{Config: c, MTP: mtp}
	for _, w := range Weights(f, &c, mtp) {
		p.Tensors = append(p.Tensors, Assembly{w, a.pieces(&w)})
	}
	if mtp {
		p.Tensors = append(p.Tensors, a.copies()...)
	}
	if len(b.errs) > 0 {
		return nil, &BindError{ck.Path(), b.errs}
	}
	return p, nil
}

// An assembler finds what weights of one naming are in another.
type assembler struct {
	*binder
	from, to naming

	layer   int // whose stacks these are
	experts expertStacks
	heads   headStacks
}

func (a *assembler) pieces(w *Weight) []Piece {
	switch w.Role {
	case UpKeyValue, UpKey, UpValue:
		a.look(w)
		return a.headPieces(w.Role)
	case RoutedUp, RoutedDown:
		a.look(w)
		switch {
		case w.Role == RoutedDown:
			return piecesOf(a.experts.down)
		case strings.Contains(w.Name, "gate"):
			return piecesOf(a.experts.gate)
		}
		return piecesOf(a.experts.up)
	}
	name, shapes := a.sourceName(w), [][]int{w.Shape}
	if len(w.Shape) == 1 {
		shapes = append(shapes, []int{1, w.Shape[0]})
	}
	if t := a.lookup(name, shapes...); t != nil {
		return []Piece{{t, false}}
	}
	return nil
}

// look finds the stacks of a layer.
func (a *assembler) look(w *Weight) {
	if a.layer == w.Layer {
		return
	}
	a.layer = w.Layer
	prefix := fmt.Sprintf(a.from.names().layer, w.Layer)
	a.heads = a.from.heads(a.binder, prefix)
	a.experts = expertStacks{}
	if w.Layer >= a.c.DenseLayers {
		a.experts = a.from.experts(a.binder, prefix)
	}
}

func (a *assembler) headPieces(r Role) (all []Piece) {
	h := &a.heads
	for i := range h.upK {
		switch r {
		case UpKeyValue:
			all = append(all, Piece{h.upK[i], h.transposed}, Piece{h.upV[i], false})
		case UpKey:
			all = append(all, Piece{h.upK[i], !h.transposed})
		default:
			all = append(all, Piece{h.upV[i], false})
		}
	}
	return all
}

func piecesOf(stack []*tensor.Tensor) (all []Piece) {
	for _, t := range stack {
		all = append(all, Piece{t, false})
	}
	return all
}

// sourceName returns what the checkpoint calls a weight.
func (a *assembler) sourceName(w *Weight) string {
	from, to := a.from.names(), a.to.names()
	suffix, prefix := w.Name, ""
	if w.Layer >= 0 {
		suffix = strings.TrimPrefix(suffix, fmt.Sprintf(to.layer, w.Layer))
		prefix = fmt.Sprintf(from.layer, w.Layer)
	}
	source := from.list()
	for i, name := range to.list() {
		if name == suffix {
			return prefix + source[i]
		}
	}
	panic("deepseek: " + w.Name + " is no name of its naming") // Weights made it
}

// copies returns the MTP layer's own embedding and head where they differ from the
// main ones.
func (a *assembler) copies() (all []Assembly) {
	from, to, c := a.from.names(), a.to.names(), a.c
	source, target := fmt.Sprintf(from.layer, c.Layers), fmt.Sprintf(to.layer, c.Layers)
	add := func(r Role, main *tensor.Tensor, sourceName, name string) {
		if t := a.copyOf(main, source+sourceName); t != main {
			w := Weight{target + name, r, []int{c.Vocabulary, c.Dim}, c.Dim, c.Layers}
			all = append(all, Assembly{w, []Piece{{t, false}}})
		}
	}
	add(Embedding, a.matrix(from.embedding, c.Vocabulary, c.Dim), from.mtpEmbedding, to.mtpEmbedding)
	add(Head, a.headTensor(a.from), from.mtpHead, to.mtpHead)
	return all
}
