//go:build !purego

package kernel

// fewValues are those of a panel that stays in the first cache, in which what is
// taken apart for a few tokens only is written and read faster.
const fewValues = 768

// affinePanels is Scratch.multiply for affine weights: the biases' part is what the
// accumulators begin with.
func (s *Scratch) affinePanels(dst []float32, stride int, w *Affine, rows int, a *Q8Rows) {
	x := s.affine.sumGroups(a, w.Group)
	blocks := a.K / AffineBlock
	if need := tileTokens * blocks; len(s.sums) < need {
		s.sums = make([]int32, need)
	}
	vnni := useAVX512 && hasVNNI
	stretch := panelValues / AffineBlock
	if a.N <= 2*tileTokens || !vnni {
		stretch = fewValues / AffineBlock
	}
	clear(s.acc[:a.N*2*panelRows])
	clear(s.sums[:min(a.N, tileTokens)*blocks])
	for next := 0; next < rows; next += panelRows {
		r := min(next, rows-panelRows)
		part := w.rows(r, panelRows, a.K)
		s.begin(s.acc, 2*panelRows, &part, a, x)
		ReadLoop(part.Q)
		for b := 0; b < blocks; b += stretch {
			n := min(stretch, blocks-b)
			if vnni {
				s.unpackAffine(&part, a.K, b, n)
				s.affineTiles(a, b, n)
			} else {
				s.affineHalves(&part, a, b, n)
			}
		}
		for t := range a.N {
			copy(dst[t*stride+r:][:panelRows], s.acc[t*2*panelRows:])
		}
	}
}

// unpackAffine fills the panel with n blocks from b on. A stretch begins with a
// group.
func (s *Scratch) unpackAffine(w *Affine, k, b, n int) {
	perGroup, rowBytes := w.Group/AffineBlock, w.rowBytes(k)
	for half := range 2 {
		p, from := &s.panel[64*half], &w.Q[16*half*rowBytes+b*4*w.Bits]
		scales := &s.affine.scales[b/perGroup*panelRows+16*half]
		if w.Bits == 4 {
			unpackAffine4VNNI(p, from, rowBytes, scales, perGroup, n)
		} else {
			unpackAffine8VNNI(p, from, rowBytes, scales, perGroup, n)
		}
	}
}

// affineTiles multiplies n blocks from b on with all tokens. The sums begin at 0.
func (s *Scratch) affineTiles(a *Q8Rows, b, n int) {
	panel := &s.panel[0]
	eachTile(a.N, func(_, t, size int) {
		q, d := &a.Q[t*a.K+b*AffineBlock], &a.D[t*a.K/AffineBlock+b]
		tilePlain32(size, &s.acc[t*2*panelRows], panel, q, d, &s.sums[0], a.K, n, panel, 0)
	})
}

// affineHalves multiplies n blocks from b on of 16 rows, and then of the other 16,
// with all tokens, without VNNI.
func (s *Scratch) affineHalves(w *Affine, a *Q8Rows, b, n int) {
	perGroup, rowBytes, blocks := w.Group/AffineBlock, w.rowBytes(a.K), a.K/AffineBlock
	most := 4
	if w.Bits == 8 {
		most = 2
	}
	for r := 0; r < panelRows; r += 16 {
		for i := 0; i < 16; i += 8 {
			p, from := &s.panel[4*i], &w.Q[(r+i)*rowBytes+b*4*w.Bits]
			if w.Bits == 4 {
				unpackAffine4AVX2(p, from, rowBytes, n)
			} else {
				unpackAffine8AVX2(p, from, rowBytes, n)
			}
		}
		scales := &s.affine.scales[b/perGroup*panelRows+r]
		for t := 0; t < a.N; t += most {
			acc, q, d := &s.acc[t*2*panelRows+r], &a.Q[t*a.K+b*AffineBlock], &a.D[t*blocks+b]
			tileAffine(min(most, a.N-t), w.Bits, acc, &s.panel[0], scales, perGroup, q, d, a.K, n)
		}
	}
}

// tileAffine multiplies n blocks of 16 rows with one to four tokens, or two if
// integers have eight bits.
func tileAffine(tokens, bits int, acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, n int) {
	switch {
	case bits == 8 && tokens == 1:
		tile1Affine8AVX2(acc, panel, scales, perGroup, q, d, k, n)
	case bits == 8:
		tile2Affine8AVX2(acc, panel, scales, perGroup, q, d, k, n)
	case tokens == 1:
		tile1Affine4AVX2(acc, panel, scales, perGroup, q, d, k, n)
	case tokens == 2:
		tile2Affine4AVX2(acc, panel, scales, perGroup, q, d, k, n)
	case tokens == 3:
		tile3Affine4AVX2(acc, panel, scales, perGroup, q, d, k, n)
	case tokens == 4:
		tile4Affine4AVX2(acc, panel, scales, perGroup, q, d, k, n)
	}
}

//go:noescape
func unpackAffine4VNNI(panel, w *byte, rowBytes int, scales *float32, perGroup, blocks int)

//go:noescape
func unpackAffine8VNNI(panel, w *byte, rowBytes int, scales *float32, perGroup, blocks int)

//go:noescape
func unpackAffine4AVX2(panel, w *byte, rowBytes, blocks int)

//go:noescape
func unpackAffine8AVX2(panel, w *byte, rowBytes, blocks int)

//go:noescape
func tile1Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)

//go:noescape
func tile2Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)

//go:noescape
func tile3Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)

//go:noescape
func tile4Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)

//go:noescape
func tile1Affine8AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)

//go:noescape
func tile2Affine8AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)
