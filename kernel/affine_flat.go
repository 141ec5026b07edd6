//go:build !purego && (amd64 || arm64)

package kernel

// flatRows is how many flat rows stay in the cache for all tokens; for up to four
// tokens, which come but once, one does.
const flatRows = 8

// An affineScratch is what MatMulAffine works in, beside what MatMulQ8 does.
type affineScratch struct {
	groups []float32 // [token][group]: the X of MatMulAffine
	scales []float32 // [group][row] of a panel, or [row][group] of flat rows
	sums   []int32   // [token][block]: what the sums over a block begin with
}

// sumGroups returns the X of all tokens.
func (s *affineScratch) sumGroups(a *Q8Rows, group int) []float32 {
	if n := len(a.Q) / group; len(s.groups) < n {
		s.groups = make([]float32, n)
	}
	x := s.groups[:len(a.Q)/group]
	done := groupSumsStored(x, a.D, a.Sums, group)
	groupSums(x[done*AffineBlock/group:], a.D[done:], a.Sums[2*done:], group)
	return x
}

// begins returns what the sums over blocks begin with: integers of eight bits are
// multiplied as q - 128, so with 128 times the sum of the activations.
func (s *affineScratch) begins(a *Q8Rows, bits int) []int32 {
	if len(s.sums) < len(a.D) {
		s.sums = make([]int32, len(a.D))
	}
	sums := s.sums[:len(a.D)]
	if bits == 4 {
		clear(sums)
		return sums
	}
	for b := range sums {
		sums[b] = 128 * (int32(a.Sums[2*b]) + int32(a.Sums[2*b+1]))
	}
	return sums
}

// affineFlats does MatMulAffine, several rows at a time, which are taken apart into
// bytes if they are of four bits.
func (s *Scratch) affineFlats(dst []float32, stride int, w *Affine, rows int, a *Q8Rows) {
	groups, rowBytes := a.K/w.Group, w.rowBytes(a.K)
	x := s.affine.sumGroups(a, w.Group)
	matMulFloats(dst, stride, w.Bias, rows, groups, x, groups, a.N, s)
	if len(s.flat) < flatRows*a.K {
		s.flat = make([]byte, flatRows*a.K)
	}
	if len(s.affine.scales) < flatRows*groups {
		s.affine.scales = aligned(flatRows * groups)
	}
	sums := s.affine.begins(a, w.Bits)
	most := flatRows
	if a.N <= 4 {
		most = 1
	}
	for r := 0; r < rows; r += most {
		part := w.rows(r, min(most, rows-r), a.K)
		flat := part.Q
		if w.Bits == 4 {
			flat = s.flat[:len(flat)/rowBytes*a.K]
			flattenAffine(flat, part.Q)
		}
		scales := s.affine.scales[:len(flat)/a.K*groups]
		w.Scale.Format.widen(scales, part.Scale.Data)
		dotAffines(dst[r:], stride, flat, scales, w, a, sums)
	}
}

// dotAffines adds the products of flat rows with all tokens to dst.
func dotAffines(dst []float32, stride int, flat []byte, scales []float32, w *Affine, a *Q8Rows, sums []int32) {
	blocks, groups := a.K/AffineBlock, a.K/w.Group
	flip := 0 // what makes the bytes signed
	if w.Bits == 8 {
		flip = 0x80
	}
	for t := range a.N {
		q, d, begin := &a.Q[t*a.K], &a.D[t*blocks], &sums[t*blocks]
		for r := range len(flat) / a.K {
			dotAffine(&dst[t*stride+r], &flat[r*a.K], q, d, begin, blocks, &scales[r*groups], w.Group/AffineBlock, flip)
		}
	}
}
