//go:build !purego

package kernel

// fewValues are those of a panel that stays in the first cache, in which what is
// taken apart for a few tokens only is written and read faster.
const fewValues = 768

func matMulAffine(dst []float32, stride int, w *Affine, rows int, a *Q8Rows, s *Scratch) {
	vnni := useAVX512 && hasVNNI
	switch {
	case !useAVX512 && !useAVX2:
		matMulAffineGeneric(dst, stride, w, rows, a)
	case rows >= panelRows && a.N <= fewTokens && (a.K%128 == 0 || !vnni):
		s.affineRows(dst, stride, w, rows, a)
	case rows < panelRows || !vnni:
		s.affineFlats(dst, stride, w, rows, a)
	default:
		for t := 0; t < a.N; t += passTokens {
			tokens := a.Slice(t, min(t+passTokens, a.N))
			s.affinePanels(dst[t*stride:], stride, w, rows, &tokens)
		}
	}
}

// begin sets dst to the biases' part of 32 rows, and makes their scales ready.
func (s *Scratch) begin(dst []float32, stride int, w *Affine, a *Q8Rows, x []float32) {
	groups := a.K / w.Group
	if need := (groups + 7) &^ 7 * panelRows; len(s.affine.scales) < need {
		s.affine.scales = aligned(need)
	}
	s.floats.multiply(dst, stride, w.Bias, panelRows, groups, x, groups, a.N)
	s.floats.spread(s.affine.scales, w.Scale.Data, w.Scale.Format, groups*w.Scale.Format.Bytes(), panelRows, groups)
}

// affineRows multiplies 32 rows at a time, the last of them perhaps again, with
// each of the tokens, while they are in the cache.
func (s *Scratch) affineRows(dst []float32, stride int, w *Affine, rows int, a *Q8Rows) {
	x := s.affine.sumGroups(a, w.Group)
	for next := 0; next < rows; next += panelRows {
		r := min(next, rows-panelRows)
		part := w.rows(r, panelRows, a.K)
		s.begin(dst[r:], stride, &part, a, x)
		if useAVX512 && hasVNNI {
			s.rows16(dst[r:], stride, &part, a)
		} else {
			s.rows4(dst[r:], stride, &part, a)
		}
	}
}

// rows16 adds the products of 32 rows, sixteen at a time.
func (s *Scratch) rows16(dst []float32, stride int, w *Affine, a *Q8Rows) {
	const scale = panelRows * 4 // bytes from group to group
	second := scale * (AffineBlock / w.Group)
	third := scale * (2 * AffineBlock / w.Group)
	rowBytes, blocks := w.rowBytes(a.K), a.K/AffineBlock
	for r := 0; r < panelRows; r += 16 {
		from, scales := &w.Q[r*rowBytes], &s.affine.scales[r]
		for t := range a.N {
			acc, q, d := &dst[t*stride+r], &a.Q[t*a.K], &a.D[t*blocks]
			if w.Bits == 4 {
				rows16Affine4VNNI(acc, from, rowBytes, scales, second, third, q, d, a.K/128)
			} else {
				rows16Affine8VNNI(acc, from, rowBytes, scales, second, third, q, d, a.K/128)
			}
		}
	}
}

// rows4 adds the products of 32 rows, four at a time.
func (s *Scratch) rows4(dst []float32, stride int, w *Affine, a *Q8Rows) {
	rowBytes, blocks, perGroup := w.rowBytes(a.K), a.K/AffineBlock, w.Group/AffineBlock
	sums := s.affine.begins(a, w.Bits)
	for r := 0; r < panelRows; r += 4 {
		from, scales := &w.Q[r*rowBytes], &s.affine.scales[r]
		for t := range a.N {
			acc, q, d := &dst[t*stride+r], &a.Q[t*a.K], &a.D[t*blocks]
			if w.Bits == 4 {
				rows4Affine4AVX2(acc, from, rowBytes, scales, perGroup, q, d, blocks)
			} else {
				rows4Affine8AVX2(acc, from, rowBytes, scales, perGroup, q, d, blocks, &sums[t*blocks])
			}
		}
	}
}

// affinePanels is Scratch.multiply for affine weights: the biases' part is what the
// accumulators begin with.
func (s *Scratch) affinePanels(dst []float32, stride int, w *Affine, rows int, a *Q8Rows) {
	s.grow(a)
	x := s.affine.sumGroups(a, w.Group)
	rowBytes, blocks := w.rowBytes(a.K), a.K/AffineBlock
	stretch := panelValues / AffineBlock
	if a.N <= 2*tileTokens {
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
			s.unpackAffine(&part, rowBytes, b, n)
			s.affineTiles(a, b, n)
		}
		finishVNNI(&dst[r], &s.acc[0], stride, a.N)
	}
}

// unpackAffine fills the panel with n blocks from b on. A stretch begins with a
// group.
func (s *Scratch) unpackAffine(w *Affine, rowBytes, b, n int) {
	perGroup := w.Group / AffineBlock
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

// affineTiles multiplies n blocks from b on with all tokens, about as many in every
// tile. The sums begin at 0.
func (s *Scratch) affineTiles(a *Q8Rows, b, n int) {
	count := (a.N + tileTokens - 1) / tileTokens
	t := 0
	for i := range count {
		size := (a.N - t) / (count - i)
		q, d := &a.Q[t*a.K+b*AffineBlock], &a.D[t*a.K/AffineBlock+b]
		tilePlain32(size, &s.acc[t*2*panelRows], &s.panel[0], q, d, &s.sums[0], a.K, n)
		t += size
	}
}

// groupSumsStored does groupSums as far as there is a loop for it, and returns for
// how many blocks.
func groupSumsStored(x, d []float32, sums []int16, group int) int {
	eights := len(d) / 8
	if eights > 0 {
		groupSumsAVX2(&x[0], &d[0], &sums[0], group/AffineBlock, eights)
	}
	return 8 * eights
}

// flattenAffine takes apart integers of four bits.
func flattenAffine(flat, w []byte) {
	flattenAffine4AVX2(&flat[0], &w[0], len(w)/16)
}

// dotAffine adds to out the products of a row with one token or four.
func dotAffine(out *[4]float32, flat *byte, tokens int, q *int8, d *float32, sums *int32, k, blocks int, scales *float32, perGroup, flip int) {
	if tokens == 4 {
		dotAffine4AVX2(&out[0], flat, q, d, sums, k, blocks, scales, perGroup, flip)
	} else {
		dotAffine1AVX2(&out[0], flat, q, d, sums, k, blocks, scales, perGroup, flip)
	}
}

//go:noescape
func unpackAffine4VNNI(panel, w *byte, rowBytes int, scales *float32, perGroup, blocks int)

//go:noescape
func unpackAffine8VNNI(panel, w *byte, rowBytes int, scales *float32, perGroup, blocks int)

//go:noescape
func rows16Affine4VNNI(acc *float32, w *byte, rowBytes int, scales *float32, second, third int, q *int8, d *float32, quads int)

//go:noescape
func rows16Affine8VNNI(acc *float32, w *byte, rowBytes int, scales *float32, second, third int, q *int8, d *float32, quads int)

//go:noescape
func groupSumsAVX2(x, d *float32, sums *int16, perGroup, eights int)

//go:noescape
func flattenAffine4AVX2(flat, w *byte, blocks int)

//go:noescape
func dotAffine4AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int32, k, blocks int, scales *float32, perGroup, flip int)

//go:noescape
func dotAffine1AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int32, k, blocks int, scales *float32, perGroup, flip int)

//go:noescape
func rows4Affine4AVX2(acc *float32, w *byte, rowBytes int, scales *float32, perGroup int, q *int8, d *float32, blocks int)

//go:noescape
func rows4Affine8AVX2(acc *float32, w *byte, rowBytes int, scales *float32, perGroup int, q *int8, d *float32, blocks int, sums *int32)
