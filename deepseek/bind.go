package deepseek

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/tensor"
)

// A naming is what a format calls the weights. What differs in structure, not
// only in name (how experts are stacked, how kv_b is split), is a method.
type naming interface {
	names() *names
	// experts looks up the matrices of the routed experts of a layer.
	experts(b *binder, prefix string) expertStacks
	// heads looks up W^UK and W^UV of a layer.
	heads(b *binder, prefix string) headStacks
	// listExperts and listHeads list the tensors that these bind.
	listExperts(l *lister, prefix string)
	listHeads(l *lister, prefix string)
}

// names are the names of weights; those of a layer follow its prefix.
type names struct {
	embedding, norm, head string
	layer                 string // format of a layer's prefix

	normAttention, normMLP string
	downQ, normQ, upQ, q   string
	downKV, normKV, out    string

	gate, bias                       string
	denseGate, denseUp, denseDown    string
	sharedGate, sharedUp, sharedDown string

	mtpEmbed, mtpHidden, mtpProject, mtpNorm string
	mtpEmbedding, mtpHead                    string // copies of the main ones
}

// list returns all names but the layer's, in an order that is the same for every
// naming.
func (n *names) list() []string {
	return []string{
		n.embedding, n.norm, n.head,
		n.normAttention, n.normMLP, n.downQ, n.normQ, n.upQ, n.q, n.downKV, n.normKV, n.out,
		n.gate, n.bias, n.denseGate, n.denseUp, n.denseDown, n.sharedGate, n.sharedUp, n.sharedDown,
		n.mtpEmbed, n.mtpHidden, n.mtpProject, n.mtpNorm, n.mtpEmbedding, n.mtpHead,
	}
}

// A binder looks tensors up by name and shape, and keeps every error.
type binder struct {
	ck   *checkpoint.Checkpoint
	c    *Config
	errs []error
	used map[string]bool
}

// A BindError is all that keeps a checkpoint from being a network.
type BindError struct {
	Path string
	Errs []error
}

// mostShown is the number of problems that an error spells out.
const mostShown = 20

func (e *BindError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s does not fit its configuration:", e.Path)
	for i, err := range e.Errs {
		if i == mostShown {
			fmt.Fprintf(&s, "\n  and %d more", len(e.Errs)-i)
			break
		}
		fmt.Fprintf(&s, "\n  %v", err)
	}
	return s.String()
}

// Unwrap returns the single problems.
func (e *BindError) Unwrap() []error { return e.Errs }

func (b *binder) errorf(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

// lookup returns the tensor of a name with one of the given shapes, the first of
// which is what an error says is wanted. It returns nil after an error.
func (b *binder) lookup(name string, shapes ...[]int) *tensor.Tensor {
	t := b.ck.Tensor(name)
	if t == nil {
		b.errorf("tensor %s: missing, want shape %v", name, shapes[0])
		return nil
	}
	b.used[name] = true
	for _, part := range []*tensor.Tensor{t.Scale, t.Bias} {
		if part != nil {
			b.used[part.Name] = true
		}
	}
	if !slices.ContainsFunc(shapes, func(s []int) bool { return slices.Equal(s, t.Shape) }) {
		want := shapes[0]
		for _, s := range shapes {
			if len(s) == len(t.Shape) {
				want = s
			}
		}
		b.errorf("tensor %s: shape %v, want %v", name, t.Shape, want)
		return nil
	}
	if t.Unsupported != "" {
		b.errorf("tensor %s: type %s is not supported", name, t.Unsupported)
		return nil
	}
	if !t.DType.Weight() {
		b.errorf("tensor %s: type %v, want a type of weights", name, t.DType)
		return nil
	}
	return t
}

// placeholder stands for a tensor that is missing, until the errors are
// reported. Its rows take no bytes.
func placeholder(rows, cols int) *tensor.Tensor {
	return &tensor.Tensor{DType: tensor.Invalid, Rows: rows, Cols: cols}
}

// matrix returns a weight matrix [rows, cols].
func (b *binder) matrix(name string, rows, cols int) *tensor.Tensor {
	if t := b.lookup(name, []int{rows, cols}); t != nil {
		return t
	}
	return placeholder(rows, cols)
}

// linear returns the map by a weight matrix [out, in].
func (b *binder) linear(name string, out, in int) nn.Linear {
	return nn.NewLinear(b.matrix(name, out, in))
}

// stack returns the n matrices [rows, cols] of one tensor [n, rows, cols], or
// [n·rows, cols].
func (b *binder) stack(name string, n, rows, cols int) []*tensor.Tensor {
	t := b.lookup(name, []int{n, rows, cols}, []int{n * rows, cols})
	s := make([]*tensor.Tensor, n)
	for i := range s {
		if s[i] = placeholder(rows, cols); t != nil {
			s[i] = t.Slice(i*rows, (i+1)*rows)
		}
	}
	return s
}

// vector returns n values in f32, decoded.
func (b *binder) vector(name string, n int) []float32 {
	v := make([]float32, n)
	if t := b.lookup(name, []int{n}, []int{1, n}); t != nil {
		tensor.Decode(v, t, 0)
	}
	return v
}

func (b *binder) normOf(name string, n int, eps float64) nn.RMSNorm {
	return nn.RMSNorm{Weight: b.vector(name, n), Eps: float32(eps)}
}

// layerNaming returns the naming of a checkpoint's format.
func layerNaming(ck *checkpoint.Checkpoint) naming { return namingOf(ck.Format()) }

func namingOf(f checkpoint.Format) naming {
	if f == checkpoint.GGUF {
		return gguf{}
	}
	return hf{}
}

// bind binds the range of layers of o.
func bind(ck *checkpoint.Checkpoint, c Config, o Options) (*Model, error) {
	m, _, err := bindUsing(ck, c, o)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// bindUsing binds, and says which tensors it used. Where there are errors, what
// is bound shows the checkpoint's structure, and can't be computed with.
func bindUsing(ck *checkpoint.Checkpoint, c Config, o Options) (m *Model, used map[string]bool, err error) {
	b := &binder{ck: ck, c: &c, used: map[string]bool{}}
	n := layerNaming(ck)
	names := n.names()
	m = &Model{Config: c, from: o.From, last: o.To == c.Layers}
	mtp := m.last && !o.NoMTP && b.hasMTP(n)
	if o.From == 0 || mtp {
		m.embedding = b.matrix(names.embedding, c.Vocabulary, c.Dim)
	}
	for i := o.From; i < o.To; i++ {
		m.layers = append(m.layers, b.layer(n, i))
	}
	if m.last {
		m.norm = b.normOf(names.norm, c.Dim, c.Epsilon)
		head := b.headTensor(n)
		m.head = nn.NewLinear(head)
		if mtp {
			m.mtp = b.mtp(n, m, head)
		}
	}
	if len(b.errs) > 0 {
		err = &BindError{ck.Path(), b.errs}
	}
	return m, b.used, err
}

// headTensor returns the head's matrix, which may be the embedding.
func (b *binder) headTensor(n naming) *tensor.Tensor {
	name := n.names().head
	if b.c.TiedHead || b.ck.Format() == checkpoint.GGUF && b.ck.Tensor(name) == nil {
		name = n.names().embedding // GGUF says a tied head by leaving it out
	}
	return b.matrix(name, b.c.Vocabulary, b.c.Dim)
}

// layer binds one transformer layer; that of the MTP layer too.
func (b *binder) layer(n naming, i int) *Layer {
	c, names := b.c, n.names()
	p := fmt.Sprintf(names.layer, i)
	l := &Layer{
		NormAttention: b.normOf(p+names.normAttention, c.Dim, c.Epsilon),
		Attention:     b.attention(n, p),
		NormMLP:       b.normOf(p+names.normMLP, c.Dim, c.Epsilon),
	}
	if i < c.DenseLayers {
		l.Dense = b.mlp(p, names.denseGate, names.denseUp, names.denseDown, c.Hidden)
		return l
	}
	l.MoE = &MoE{
		Gate: nn.Gate{
			Scores: b.linear(p+names.gate, c.Experts, c.Dim),
			Bias:   b.vector(p+names.bias, c.Experts),
			Groups: c.Groups, Kept: c.KeptGroups, TopK: c.TopK,
			Normalize: c.NormalizeTopK, Scale: float32(c.RoutedScale),
		},
		Routed: nn.Experts{Store: nn.Resident(n.experts(b, p).bound()), Count: c.Experts, Hidden: c.ExpertHidden},
	}
	if c.SharedExperts > 0 {
		l.MoE.Shared = b.mlp(p, names.sharedGate, names.sharedUp, names.sharedDown, c.SharedExperts*c.ExpertHidden)
	}
	return l
}

func (b *binder) mlp(prefix, gate, up, down string, hidden int) *nn.MLP {
	return &nn.MLP{
		Gate: b.linear(prefix+gate, hidden, b.c.Dim),
		Up:   b.linear(prefix+up, hidden, b.c.Dim),
		Down: b.linear(prefix+down, b.c.Dim, hidden),
	}
}

func (b *binder) attention(n naming, p string) *MLA {
	c, names := b.c, n.names()
	a := &MLA{
		DownKV: b.linear(p+names.downKV, c.KVRank+c.Rope, c.Dim),
		NormKV: b.normOf(p+names.normKV, c.KVRank, latentEpsilon),
		Out:    b.linear(p+names.out, c.Dim, c.Heads*c.V),
	}
	if queries := c.Heads * (c.Nope + c.Rope); c.QRank > 0 {
		a.DownQ = b.linear(p+names.downQ, c.QRank, c.Dim)
		a.NormQ = b.normOf(p+names.normQ, c.QRank, latentEpsilon)
		a.UpQ = b.linear(p+names.upQ, queries, c.QRank)
	} else {
		a.UpQ = b.linear(p+names.q, queries, c.Dim)
	}
	a.UpK, a.UpV = n.heads(b, p).bound()
	for _, k := range a.UpK {
		a.absorbK = append(a.absorbK, k.Transposed())
	}
	return a
}

// hasMTP returns whether the MTP layer is in the checkpoint: its tensors decide,
// whatever the configuration says, and where there is one of them, all are wanted.
func (b *binder) hasMTP(n naming) bool {
	names := n.names()
	p := fmt.Sprintf(names.layer, b.c.Layers)
	for _, name := range []string{names.mtpProject, names.mtpEmbed, names.mtpHidden, names.mtpNorm} {
		if b.ck.Tensor(p+name) != nil {
			return true
		}
	}
	return false
}

func (b *binder) mtp(n naming, m *Model, head *tensor.Tensor) *MTP {
	c, names := b.c, n.names()
	p := fmt.Sprintf(names.layer, c.Layers)
	return &MTP{
		model:      m,
		NormEmbed:  b.normOf(p+names.mtpEmbed, c.Dim, c.Epsilon),
		NormHidden: b.normOf(p+names.mtpHidden, c.Dim, c.Epsilon),
		Project:    b.linear(p+names.mtpProject, c.Dim, 2*c.Dim),
		Layer:      b.layer(n, c.Layers),
		Norm:       b.normOf(p+names.mtpNorm, c.Dim, c.Epsilon),
		Embedding:  b.copyOf(m.embedding, p+names.mtpEmbedding),
		Head:       nn.NewLinear(b.copyOf(head, p+names.mtpHead)),
	}
}

// copyOf returns the MTP layer's own copy of one of the main model's matrices,
// or that matrix itself where the checkpoint has no copy, or one that is the
// same: sharing it saves 1.9 GB of reading for DeepSeek-V3. Whether it is the
// same is judged by rows here and there; quantizers give copies a type of their
// own, and training changes all rows.
func (b *binder) copyOf(main *tensor.Tensor, name string) *tensor.Tensor {
	if b.ck.Tensor(name) == nil {
		return main
	}
	t := b.matrix(name, main.Rows, main.Cols)
	if t.DType != main.DType || t.DType == tensor.Invalid || t.Scale != nil {
		return t
	}
	const looks = 64
	for i := range looks {
		row := i * (t.Rows - 1) / (looks - 1)
		if !bytes.Equal(t.Row(row), main.Row(row)) {
			return t
		}
	}
	return main
}

// pairHeads cuts each head's rows [nope ; v] of a kv_b [Heads·(Nope+V), KVRank].
func (b *binder) pairHeads(name string) (s headStacks) {
	c := b.c
	for _, h := range b.stack(name, c.Heads, c.Nope+c.V, c.KVRank) {
		s.upK = append(s.upK, h.Slice(0, c.Nope))
		s.upV = append(s.upV, h.Slice(c.Nope, c.Nope+c.V))
	}
	return s
}

// splitHeads takes W^UKᵀ [Heads, KVRank, Nope] and W^UV [Heads, V, KVRank].
func (b *binder) splitHeads(k, v string) headStacks {
	c := b.c
	return headStacks{
		upK: b.stack(k, c.Heads, c.KVRank, c.Nope), transposed: true,
		upV: b.stack(v, c.Heads, c.V, c.KVRank),
	}
}

// headStacks are W^UK and W^UV of a layer, a matrix a head. W^UK is [Nope, KVRank], or
// transposed.
type headStacks struct {
	upK, upV   []*tensor.Tensor
	transposed bool
}

func (s headStacks) bound() (upK, upV []nn.Linear) {
	for i := range s.upK {
		k := nn.NewLinear(s.upK[i])
		if s.transposed {
			k = k.Transposed()
		}
		upK, upV = append(upK, k), append(upV, nn.NewLinear(s.upV[i]))
	}
	return upK, upV
}

// expertStacks are the three matrices of the routed experts of a layer, by expert.
type expertStacks struct{ gate, up, down []*tensor.Tensor }

func (s expertStacks) bound() []nn.Expert {
	e := make([]nn.Expert, len(s.gate))
	for i := range e {
		e[i] = nn.Expert{Gate: nn.NewLinear(s.gate[i]), Up: nn.NewLinear(s.up[i]), Down: nn.NewLinear(s.down[i])}
	}
	return e
}
