package deepseek

import "github.com/deskseek/deskseek/nn"

// BytesPerToken returns the bytes of weights that a step of one token reads:
// of the routed experts only those a token uses, and nothing of the MTP layer.
func (m *Model) BytesPerToken() int64 {
	var n int64
	for _, l := range m.layers {
		n += l.bytesPerToken()
	}
	if m.last {
		n += m.head.Bytes()
	}
	return n
}

func (l *Layer) bytesPerToken() int64 {
	n := l.bytesPerStep()
	if l.MoE != nil {
		n += int64(l.MoE.Gate.TopK) * mlpBytes(l.MoE.Routed.Store.Expert(0))
	}
	return n
}

// bytesPerStep returns the bytes of the layer that any step reads: all but the
// routed experts.
func (l *Layer) bytesPerStep() int64 {
	a := l.Attention
	n := bytesOf(a.UpQ, a.DownKV, a.Out) + bytesOf(a.absorbK...) + bytesOf(a.UpV...)
	if a.NormQ.Weight != nil {
		n += a.DownQ.Bytes()
	}
	if l.MoE == nil {
		return n + mlpBytes(*l.Dense)
	}
	n += l.MoE.Gate.Scores.Bytes()
	if l.MoE.Shared != nil {
		n += mlpBytes(*l.MoE.Shared)
	}
	return n
}

func mlpBytes(m nn.MLP) int64 { return bytesOf(m.Gate, m.Up, m.Down) }

func bytesOf(ls ...nn.Linear) (n int64) {
	for _, l := range ls {
		n += l.Bytes()
	}
	return n
}

// A ReadCounter adds up the bytes of weights that steps read: all matrices of a
// step once, however many its tokens, and of the routed experts those that any
// of the tokens chose, once each. Norms, biases and rows of the embedding are
// left out, as in BytesPerToken.
type ReadCounter struct {
	Bytes int64 // so far

	model *Model
	taken []bool // by expert
}

// CountReads returns a counter of m's steps.
func (m *Model) CountReads() *ReadCounter {
	return &ReadCounter{model: m, taken: make([]bool, m.Config.Experts)}
}

// Watch makes the counter the observer of a step that is to be computed.
func (r *ReadCounter) Watch(b *Batch) {
	m := r.model
	for _, l := range m.layers {
		r.Bytes += l.bytesPerStep()
	}
	for i := range b.Runs {
		if m.last && b.Runs[i].Logits > 0 {
			r.Bytes += m.head.Bytes()
			break
		}
	}
	b.Observe = r.observe
}

func (r *ReadCounter) observe(s Stage) {
	if s.Routes == nil {
		return
	}
	clear(r.taken)
	experts, _ := s.Routes.Host()
	store := r.model.layers[s.Layer-r.model.from].MoE.Routed.Store
	for _, e := range experts {
		if !r.taken[e] {
			r.taken[e] = true
			r.Bytes += mlpBytes(store.Expert(e))
		}
	}
}

// Operations returns the multiplications and additions of a run: two for each
// weight that a token is multiplied with, and for attention in the run's form
// over all positions a token sees. Norms, softmax and the like are left out.
func (m *Model) Operations(r *Run) int64 {
	c := &m.Config
	n := int64(len(r.Tokens))
	dim, expert := int64(c.Dim), 3*int64(c.Dim)*int64(c.ExpertHidden)
	queries := int64(c.Heads) * int64(c.Nope+c.Rope)
	around := dim*queries + dim*int64(c.KVRank+c.Rope) + int64(c.Heads)*int64(c.V)*dim
	if c.QRank > 0 {
		around += int64(c.QRank)*(dim+queries) - dim*queries
	}
	var sum int64
	for _, l := range m.layers {
		sum += n * around
		if l.MoE == nil {
			sum += n * 3 * dim * int64(c.Hidden)
		} else {
			sum += n * (dim*int64(c.Experts) + int64(c.TopK+c.SharedExperts)*expert)
		}
	}
	if m.last {
		sum += int64(r.Logits) * dim * int64(c.Vocabulary)
	}
	if r.Form == Absorbed { // of the expanded form, keys and values are attention's
		sum += n * m.splitOperations()
	}
	return 2*sum + m.AttentionOperations(r)
}

// splitOperations returns the products that take W^UK into the queries of a token and
// W^UV into its results, in all layers; or that make the keys and values of a position.
func (m *Model) splitOperations() int64 {
	c := &m.Config
	return int64(len(m.layers)) * int64(c.Heads) * int64(c.KVRank) * int64(c.Nope+c.V)
}

// AttentionOperations returns the part of Operations that has to do with the context:
// products of queries, keys and values, and in the expanded form those that make keys
// and values from the latents of all positions.
func (m *Model) AttentionOperations(r *Run) int64 {
	c := &m.Config
	n, end := int64(len(r.Tokens)), int64(r.Position+len(r.Tokens))
	seen := n*int64(r.Position) + n*(n+1)/2 // positions, over all tokens
	pairs := seen * int64(len(m.layers)) * int64(c.Heads)
	if r.Form == Expanded {
		return 2 * (pairs*int64(c.Nope+c.Rope+c.V) + end*m.splitOperations())
	}
	return 2 * pairs * int64(2*c.KVRank+c.Rope)
}
