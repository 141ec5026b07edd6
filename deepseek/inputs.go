package deepseek

import (
	"fmt"

	"github.com/deskseek/deskseek/nn"
)

// Inputs are the sums of squares of what each matrix of a network was multiplied with
// in the steps since it began or was Reset, those of the MTP layer included: the
// importance of the matrix's columns. Where inputs are large, errors of the weights cost
// most.
//
// Matrices have the names and stacks of GGUF, whatever the format of the checkpoint.
// attn_k_b is W^UKᵀ as the absorbed form uses it, attn_v_b W^UV: steps in the expanded
// form say nothing of these two.
type Inputs struct {
	Sums []*InputSums

	model *Model
	of    map[nn.Linear]inputsOf
}

// InputSums are those of the matrices of one GGUF tensor, or of several that are
// multiplied with the same values.
type InputSums struct {
	Names []string // of the tensors
	// Counts are the tokens that each matrix of the stack was multiplied with: of
	// routed experts those that chose it. A stack of heads has one count for all.
	Counts  []int
	Columns int       // of a matrix
	Squares []float64 // [matrices, Columns]
}

// inputsOf is where the squares of a matrix's inputs go.
type inputsOf struct {
	sums   *InputSums
	matrix int
}

// Watch makes the steps of m add up Inputs, until these are closed. The head's are
// among them where head is true: then the last tokens of runs, of which logits are
// wanted, count. A Model has one Inputs at a time.
func (m *Model) Watch(head bool) *Inputs {
	in := &Inputs{model: m, of: map[nn.Linear]inputsOf{}}
	for i, l := range m.layers {
		in.layer(l, m.from+i)
	}
	if head && m.last {
		in.one(m.head, ggufNames.head)
	}
	if t := m.mtp; t != nil {
		n, at := &ggufNames, m.Config.Layers
		p := fmt.Sprintf(n.layer, at)
		in.one(t.Project, p+n.mtpProject)
		in.layer(t.Layer, at)
		if head && t.OwnHead() {
			in.one(t.Head, p+n.mtpHead)
		}
	}
	m.watch = in.add
	return in
}

// Close ends the adding.
func (in *Inputs) Close() { in.model.watch = nil }

// Reset makes all sums zero.
func (in *Inputs) Reset() {
	for _, s := range in.Sums {
		clear(s.Counts)
		clear(s.Squares)
	}
}

func (in *Inputs) add(l nn.Linear, x nn.Mat) {
	of, ok := in.of[l]
	if !ok {
		return
	}
	s := of.sums
	nn.AddSquares(s.Squares[of.matrix*s.Columns:][:s.Columns], x)
	if of.matrix < len(s.Counts) {
		s.Counts[of.matrix] += x.Rows()
	}
}

// stack begins the sums of a stack of matrices with so many counts.
func (in *Inputs) stack(matrices []nn.Linear, counts int, names ...string) {
	columns := matrices[0].In()
	s := &InputSums{Names: names, Counts: make([]int, counts), Columns: columns, Squares: make([]float64, len(matrices)*columns)}
	in.Sums = append(in.Sums, s)
	for i, l := range matrices {
		in.of[l] = inputsOf{s, i}
	}
}

// one begins the sums of a matrix; its names are also those of others which have the
// same inputs.
func (in *Inputs) one(l nn.Linear, names ...string) { in.stack([]nn.Linear{l}, 1, names...) }

func (in *Inputs) layer(l *Layer, at int) {
	n := &ggufNames
	p := fmt.Sprintf(n.layer, at)
	a := l.Attention
	if a.NormQ.Weight != nil {
		in.one(a.DownQ, p+n.downQ, p+n.downKV)
		in.one(a.UpQ, p+n.upQ)
	} else {
		in.one(a.UpQ, p+n.q, p+n.downKV)
	}
	in.stack(a.absorbK, 1, p+ggufUpKey)
	in.stack(a.UpV, 1, p+ggufUpValue)
	in.one(a.Out, p+n.out)
	if l.MoE == nil {
		in.one(l.Dense.Gate, p+n.denseGate, p+n.denseUp)
		in.one(l.Dense.Down, p+n.denseDown)
		return
	}
	toAll := []string{p + n.gate} // the router's, and the shared experts'
	if shared := l.MoE.Shared; shared != nil {
		toAll = append(toAll, p+n.sharedGate, p+n.sharedUp)
		in.one(shared.Down, p+n.sharedDown)
	}
	in.one(l.MoE.Gate.Scores, toAll...)
	var gates, downs []nn.Linear
	for e := range l.MoE.Routed.Count {
		x := l.MoE.Routed.Store.Expert(int32(e))
		gates, downs = append(gates, x.Gate), append(downs, x.Down)
	}
	in.stack(gates, len(gates), p+ggufGates, p+ggufUps)
	in.stack(downs, len(downs), p+ggufDowns)
}
