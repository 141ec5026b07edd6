//go:build !purego

package kernel

// Up to fewTokens are multiplied with rows as they are stored: taking a panel apart
// would cost more.
const fewTokens = 3

func matMulAffine(dst []float32, stride int, w *Affine, rows int, a *Q8Rows, s *Scratch) {
	vnni := useAVX512 && hasVNNI
	switch {
	case !useAVX512 && !useAVX2:
		matMulAffineGeneric(dst, stride, w, rows, a)
	case rows >= panelRows && a.N <= fewTokens && (a.K%128 == 0 || !vnni):
		s.affineRows(dst, stride, w, rows, a)
	case rows < panelRows:
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

// dotAffine adds to out the products of a row with one token.
func dotAffine(out *float32, flat *byte, q *int8, d *float32, sums *int32, blocks int, scales *float32, perGroup, flip int) {
	dotAffineAVX2(out, flat, q, d, sums, blocks, scales, perGroup, flip)
}

//go:noescape
func rows16Affine4VNNI(acc *float32, w *byte, rowBytes int, scales *float32, second, third int, q *int8, d *float32, quads int)

//go:noescape
func rows16Affine8VNNI(acc *float32, w *byte, rowBytes int, scales *float32, second, third int, q *int8, d *float32, quads int)

//go:noescape
func groupSumsAVX2(x, d *float32, sums *int16, perGroup, eights int)

//go:noescape
func flattenAffine4AVX2(flat, w *byte, blocks int)

//go:noescape
func dotAffineAVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int32, blocks int, scales *float32, perGroup, flip int)

//go:noescape
func rows4Affine4AVX2(acc *float32, w *byte, rowBytes int, scales *float32, perGroup int, q *int8, d *float32, blocks int)

//go:noescape
func rows4Affine8AVX2(acc *float32, w *byte, rowBytes int, scales *float32, perGroup int, q *int8, d *float32, blocks int, sums *int32)
