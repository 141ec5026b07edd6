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
	a := l.Attention
	n := bytesOf(a.UpQ, a.DownKV, a.Out) + bytesOf(a.UpK...) + bytesOf(a.UpV...)
	if a.NormQ.Weight != nil {
		n += a.DownQ.Bytes()
	}
	if l.MoE == nil {
		return n + mlpBytes(*l.Dense)
	}
	n += l.MoE.Gate.Scores.Bytes() + int64(l.MoE.Gate.TopK)*mlpBytes(l.MoE.Routed.Store.Expert(0))
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
