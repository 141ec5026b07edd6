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
	if m.last && b.wantsLogits() {
		r.Bytes += m.head.Bytes()
	}
	b.Observe = r.observe
}

// WatchMTP is Watch for a step of the MTP layer.
func (r *ReadCounter) WatchMTP(b *Batch) {
	t := r.model.mtp
	r.Bytes += t.Project.Bytes() + t.Layer.bytesPerStep()
	if b.wantsLogits() {
		r.Bytes += t.Head.Bytes()
	}
	b.Observe = r.observe
}

// WatchFill is Watch for a step that fills the cache of the MTP layer.
func (r *ReadCounter) WatchFill(*Batch) {
	t := r.model.mtp
	r.Bytes += t.Project.Bytes() + t.Layer.Attention.DownKV.Bytes()
}

func (b *Batch) wantsLogits() bool {
	for i := range b.Runs {
		if b.Runs[i].Logits > 0 {
			return true
		}
	}
	return false
}

func (r *ReadCounter) observe(s Stage) {
	if s.Routes == nil {
		return
	}
	clear(r.taken)
	experts, _ := s.Routes.Host()
	m := r.model
	l := m.mtp.layer()
	if at := s.Layer - m.from; at < len(m.layers) {
		l = m.layers[at]
	}
	store := l.MoE.Routed.Store
	for _, e := range experts {
		if !r.taken[e] {
			r.taken[e] = true
			r.Bytes += mlpBytes(store.Expert(e))
		}
	}
}

// BytesPerToken returns the bytes of weights that a draft reads: all of the MTP
// layer, of its routed experts those a token uses, and the head.
func (t *MTP) BytesPerToken() int64 {
	if t == nil {
		return 0
	}
	return t.Project.Bytes() + t.Layer.bytesPerToken() + t.Head.Bytes()
}

// layer returns the layer, where there is one.
func (t *MTP) layer() *Layer {
	if t == nil {
		return nil
	}
	return t.Layer
}

// Operations returns the multiplications and additions of a run: two for each
// weight that a token is multiplied with, and for attention in the run's form
// over all positions a token sees. Norms, softmax and the like are left out.
func (m *Model) Operations(r *Run) int64 {
	c := &m.Config
	var sum int64
	for _, l := range m.layers {
		sum += l.operations(c, r)
	}
	if m.last {
		sum += c.headOperations(r)
	}
	return sum + m.AttentionOperations(r)
}

// AttentionOperations returns the part of Operations that has to do with the context:
// products of queries, keys and values, and in the expanded form those that make keys
// and values from the latents of all positions.
func (m *Model) AttentionOperations(r *Run) int64 {
	return int64(len(m.layers)) * m.Config.attentionOperations(r)
}

// Operations is Model.Operations for a run of the MTP layer.
func (t *MTP) Operations(r *Run) int64 {
	c := &t.model.Config
	return c.projectOperations(r) + t.Layer.operations(c, r) + c.headOperations(r) + t.AttentionOperations(r)
}

// AttentionOperations is Model.AttentionOperations for a run of the MTP layer.
func (t *MTP) AttentionOperations(r *Run) int64 { return t.model.Config.attentionOperations(r) }

// FillOperations is Operations for a run of which Fill caches the latents.
func (t *MTP) FillOperations(r *Run) int64 {
	c := &t.model.Config
	return c.projectOperations(r) + 2*int64(len(r.Tokens))*int64(c.Dim)*int64(c.KVRank+c.Rope)
}

// operations returns those of a layer and run, without attentionOperations.
func (l *Layer) operations(c *Config, r *Run) int64 {
	dim, queries := int64(c.Dim), int64(c.Heads)*int64(c.Nope+c.Rope)
	each := dim*queries + dim*int64(c.KVRank+c.Rope) + int64(c.Heads)*int64(c.V)*dim
	if c.QRank > 0 {
		each += int64(c.QRank)*(dim+queries) - dim*queries
	}
	if l.MoE == nil {
		each += 3 * dim * int64(c.Hidden)
	} else {
		each += dim*int64(c.Experts) + int64(c.TopK+c.SharedExperts)*3*dim*int64(c.ExpertHidden)
	}
	if r.Form == Absorbed { // of the expanded form, keys and values are attention's
		each += c.splitOperations()
	}
	return 2 * int64(len(r.Tokens)) * each
}

func (c *Config) headOperations(r *Run) int64 {
	return 2 * int64(r.Logits) * int64(c.Dim) * int64(c.Vocabulary)
}

// projectOperations returns those of eh_proj.
func (c *Config) projectOperations(r *Run) int64 {
	return 2 * int64(len(r.Tokens)) * 2 * int64(c.Dim) * int64(c.Dim)
}

// splitOperations returns the products that take W^UK into the queries of a token and
// W^UV into its results, in a layer; or that make the keys and values of a position.
func (c *Config) splitOperations() int64 {
	return int64(c.Heads) * int64(c.KVRank) * int64(c.Nope+c.V)
}

// attentionOperations returns Model.AttentionOperations of one layer.
func (c *Config) attentionOperations(r *Run) int64 {
	n, end := int64(len(r.Tokens)), int64(r.Position+len(r.Tokens))
	seen := n*int64(r.Position) + n*(n+1)/2 // positions, over all tokens
	pairs := seen * int64(c.Heads)
	if r.Form == Expanded {
		return 2 * (pairs*int64(c.Nope+c.Rope+c.V) + end*c.splitOperations())
	}
	return 2 * pairs * int64(2*c.KVRank+c.Rope)
}
