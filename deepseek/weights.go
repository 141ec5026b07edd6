package deepseek

import (
	"fmt"

	"github.com/deskseek/deskseek/checkpoint"
)

// A Role is what a stored tensor does in the network, as far as formats choose
// its encoding by it.
type Role uint8

// The roles.
const (
	Attention   Role = iota // a matrix of attention, other than the next three
	UpKeyValue              // kv_b: W^UK and W^UV of all heads, a head after the other
	UpKey                   // W^UKᵀ of all heads, where it is stored apart
	UpValue                 // W^UV of all heads, where it is stored apart
	DenseUp                 // the gate or up matrix of a dense layer's MLP
	DenseDown               // its down matrix
	SharedUp                // the gate or up matrix of the shared experts
	SharedDown              // their down matrix
	RoutedUp                // the gate or up matrix of a routed expert, or of all of a layer
	RoutedDown              // the down matrix likewise
	Embedding               // the table of token embeddings
	Head                    // the output head
	MTPProject              // eh_proj of the MTP layer
	RouterScore             // the router's matrix
	RouterBias              // the router's bias
	NormWeight              // the weights of an RMSNorm
)

// Projection reports whether the role is that of a matrix of attention or of an MLP.
func (r Role) Projection() bool { return r <= RoutedDown }

// A Weight is one tensor of a checkpoint.
type Weight struct {
	Name  string
	Role  Role
	Shape []int // outermost first
	// Inputs is how many products each sum over the matrix has; 0 where Role
	// is no matrix's. It is the last dimension, but for UpKey, which is
	// stored transposed.
	Inputs int
	// Layer is the transformer layer that the tensor belongs to, Config.Layers for
	// the MTP layer, and -1 for what stands before and after the layers.
	Layer int
}

// Weights lists the tensors of a network of shape c, as checkpoints of a format
// name, stack and split them, in the order in which files usually hold them. It
// is what Load binds, except where formats leave a choice: GGUF has attn_k_b and
// attn_v_b, MLX kv_b_proj and stacked experts, the MTP layer no copies of
// embedding and head.
func Weights(f checkpoint.Format, c *Config, mtp bool) []Weight {
	l := &lister{c: c, format: f, naming: namingOf(f), at: -1}
	n := l.naming.names()
	l.matrix(Embedding, n.embedding, c.Vocabulary, c.Dim)
	for i := range c.Layers {
		l.at = i
		l.layer(i)
	}
	l.at = -1
	if mtp {
		p := fmt.Sprintf(n.layer, c.Layers)
		l.at = c.Layers
		l.matrix(MTPProject, p+n.mtpProject, c.Dim, 2*c.Dim)
		l.norm(p+n.mtpEmbed, c.Dim)
		l.norm(p+n.mtpHidden, c.Dim)
		l.layer(c.Layers)
		l.norm(p+n.mtpNorm, c.Dim)
		l.at = -1
	}
	l.norm(n.norm, c.Dim)
	if !c.TiedHead {
		l.matrix(Head, n.head, c.Vocabulary, c.Dim)
	}
	return l.all
}

// A lister writes down what a binder looks up.
type lister struct {
	c      *Config
	format checkpoint.Format
	naming naming
	at     int // Weight.Layer of what is listed
	all    []Weight
}

// matrix lists a tensor whose last dimension is what sums run over.
func (l *lister) matrix(r Role, name string, shape ...int) {
	l.all = append(l.all, Weight{name, r, shape, shape[len(shape)-1], l.at})
}

func (l *lister) vector(r Role, name string, n int) {
	l.all = append(l.all, Weight{Name: name, Role: r, Shape: []int{n}, Layer: l.at})
}

func (l *lister) norm(name string, n int) { l.vector(NormWeight, name, n) }

func (l *lister) mlp(upRole, downRole Role, prefix, gate, up, downName string, hidden int) {
	l.matrix(upRole, prefix+gate, hidden, l.c.Dim)
	l.matrix(upRole, prefix+up, hidden, l.c.Dim)
	l.matrix(downRole, prefix+downName, l.c.Dim, hidden)
}

func (l *lister) layer(i int) {
	c, n := l.c, l.naming.names()
	p := fmt.Sprintf(n.layer, i)
	l.norm(p+n.normAttention, c.Dim)
	if queries := c.Heads * (c.Nope + c.Rope); c.QRank > 0 {
		l.matrix(Attention, p+n.downQ, c.QRank, c.Dim)
		l.norm(p+n.normQ, c.QRank)
		l.matrix(Attention, p+n.upQ, queries, c.QRank)
	} else {
		l.matrix(Attention, p+n.q, queries, c.Dim)
	}
	l.matrix(Attention, p+n.downKV, c.KVRank+c.Rope, c.Dim)
	l.norm(p+n.normKV, c.KVRank)
	l.naming.listHeads(l, p)
	l.matrix(Attention, p+n.out, c.Dim, c.Heads*c.V)
	l.norm(p+n.normMLP, c.Dim)
	if i < c.DenseLayers {
		l.mlp(DenseUp, DenseDown, p, n.denseGate, n.denseUp, n.denseDown, c.Hidden)
		return
	}
	l.matrix(RouterScore, p+n.gate, c.Experts, c.Dim)
	l.vector(RouterBias, p+n.bias, c.Experts)
	l.naming.listExperts(l, p)
	if c.SharedExperts > 0 {
		l.mlp(SharedUp, SharedDown, p, n.sharedGate, n.sharedUp, n.sharedDown, c.SharedExperts*c.ExpertHidden)
	}
}

// stacks lists the three matrices of all routed experts as one tensor each.
func (l *lister) stacks(gate, up, down string) {
	c := l.c
	l.matrix(RoutedUp, gate, c.Experts, c.ExpertHidden, c.Dim)
	l.matrix(RoutedUp, up, c.Experts, c.ExpertHidden, c.Dim)
	l.matrix(RoutedDown, down, c.Experts, c.Dim, c.ExpertHidden)
}
