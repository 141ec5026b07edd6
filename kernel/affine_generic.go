package kernel

func matMulAffineGeneric(dst []float32, stride int, w *Affine, rows int, a *Q8Rows) {
	biasSums(dst, stride, w, rows, a)
	groups, blocks, rowBytes := a.K/w.Group, a.K/AffineBlock, w.rowBytes(a.K)
	var q [AffineBlock]uint8
	for r := range rows {
		row := w.Q[r*rowBytes:][:rowBytes]
		for b := range blocks {
			g := r*groups + b*AffineBlock/w.Group
			scale := w.Scale.Format.value(w.Scale.Data[g*w.Scale.Format.Bytes():])
			unpackAffine(&q, row[b*4*w.Bits:], w.Bits)
			for t := range a.N {
				var sum int32
				for i, v := range a.Q[t*a.K+b*AffineBlock:][:AffineBlock] {
					sum += int32(q[i]) * int32(v)
				}
				y := &dst[t*stride+r]
				*y = fma(float32(scale*a.D[t*blocks+b]), float32(sum), *y)
			}
		}
	}
}

// biasSums sets dst to Σ bias·X.
func biasSums(dst []float32, stride int, w *Affine, rows int, a *Q8Rows) {
	groups, perGroup := a.K/w.Group, w.Group/AffineBlock
	size := w.Bias.Format.Bytes()
	var sums, bias [chainColumns]float32
	for t := range a.N {
		y := dst[t*stride:][:rows]
		clear(y)
		token := a.Slice(t, t+1)
		for g := 0; g < groups; g += chainColumns {
			x := sums[:min(chainColumns, groups-g)]
			groupSums(x, token.D[g*perGroup:], token.Sums[2*g*perGroup:], w.Group)
			for r := range y {
				w.Bias.Format.widen(bias[:len(x)], w.Bias.Data[(r*groups+g)*size:])
				y[r] += chain(bias[:len(x)], x)
			}
		}
	}
}

// unpackAffine takes apart a block.
func unpackAffine(q *[AffineBlock]uint8, src []byte, bits int) {
	if bits == 8 {
		copy(q[:], src[:AffineBlock])
		return
	}
	for i, v := range src[:AffineBlock/2] {
		q[2*i], q[2*i+1] = v&15, v>>4
	}
}
