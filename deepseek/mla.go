package deepseek

import (
	"github.com/deskseek/deskseek/nn"
)

// MLA is multi-head latent attention (report 2.1.1).
//
//	report        here      shape
//	W^DQ          DownQ     [QRank, Dim]
//	W^UQ, W^QR    UpQ       [Heads·(Nope+Rope), QRank]; a head's rows: nope, rope
//	W^DKV, W^KR   DownKV    [KVRank+Rope, Dim]
//	W^UK          UpK[i]    [Nope, KVRank], one a head
//	W^UV          UpV[i]    [V, KVRank], one a head
//	W^O           Out       [Dim, Heads·V]
//
// Without q_lora_rank there is no DownQ and NormQ, and UpQ is [.., Dim].
type MLA struct {
	DownQ  nn.Linear
	NormQ  nn.RMSNorm
	UpQ    nn.Linear
	DownKV nn.Linear
	NormKV nn.RMSNorm
	UpK    []nn.Linear
	UpV    []nn.Linear
	Out    nn.Linear

	absorbK []nn.Linear // UpKᵀ, or a twin of it
}

// forward returns the attention of the step's rows h, [rows, dim], and caches
// their latents as those of the given layer of the cache.
func (a *MLA) forward(s *step, layer int, h nn.Mat) nn.Mat {
	q := a.query(s, h)
	a.remember(s, layer, h)
	return a.Out.Apply(a.attend(s, layer, q))
}

// query returns the heads' queries, rotated: [rows, Heads·(Nope+Rope)].
func (a *MLA) query(s *step, h nn.Mat) nn.Mat {
	c := &s.m.Config
	if c.QRank > 0 {
		h = a.NormQ.Apply(a.DownQ.Apply(h)) // (6)
	}
	q := a.UpQ.Apply(h) // (7), (8)
	s.angles.Rotate(q.Columns(c.Nope, q.Cols()), c.Heads, c.Nope+c.Rope)
	return q
}

// remember caches c^KV and k^R of the rows h, and returns them.
func (a *MLA) remember(s *step, layer int, h nn.Mat) (latent, key nn.Mat) {
	c := &s.m.Config
	kv := a.DownKV.Apply(h)                          // (1), (3)
	latent = a.NormKV.Apply(kv.Columns(0, c.KVRank)) // c^KV
	key = kv.Columns(c.KVRank, c.KVRank+c.Rope)      // k^R
	s.angles.Rotate(key, 1, c.Rope)
	s.observe("c_kv", layer, latent)
	s.observe("k_pe", layer, key)
	s.m.cache.latents.Store(layer, s.spans, latent, key)
	return latent, key
}

// attend returns the heads' results [rows, Heads·V] for the queries q.
//
// The absorbed form attends in the latent space, over one key shared by all
// heads: the query takes W^UK in before, the result W^UV after.
func (a *MLA) attend(s *step, layer int, q nn.Mat) nn.Mat {
	c := &s.m.Config
	scale := float32(c.SoftmaxScale())
	out := s.arena.Mat(q.Rows(), c.Heads*c.V)
	latents, n := s.m.cache.latents, s.absorbedRows()
	if n > 0 {
		width := c.KVRank + c.Rope
		qn, ql := q.Slice(0, n), s.arena.Mat(n, c.Heads*width)
		nn.ApplyHeads(a.absorbK, ql, qn, width, c.Nope+c.Rope)
		nn.CopyHeads(ql.Columns(c.KVRank, ql.Cols()), qn.Columns(c.Nope, qn.Cols()), c.Heads, c.Rope, width, c.Nope+c.Rope)
		o := latents.Attend(layer, s.spans[:s.left], ql, c.Heads, scale)
		nn.ApplyHeads(a.UpV, out.Slice(0, n), o, c.V, c.KVRank)
	}
	if n < q.Rows() {
		spans := s.spans[s.left:]
		o := latents.AttendExpanded(layer, spans, n, q.Slice(n, q.Rows()), a.UpK, a.UpV, scale)
		nn.Copy(out.Slice(n, q.Rows()), o)
	}
	return out
}
