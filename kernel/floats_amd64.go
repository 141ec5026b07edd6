//go:build !purego

package kernel

func matMulFloats(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int, s *Scratch) {
	stored := rows >= 16 && k%8 == 0
	switch {
	case !useAVX512 && !useAVX2:
		matMulFloatsGeneric(dst, stride, w, rows, k, x, xStride, n)
	case stored && useAVX512 && (n == 1 || n <= 8 && w.Format != F16):
		rowsFloats(dst, stride, w, rows, k, x, xStride, n)
	case stored && !useAVX512 && n <= 2:
		for t := range n {
			rowsFloat(dst[t*stride:], w, rows, k, x[t*xStride:])
		}
	default:
		s.floats.multiply(dst, stride, w, rows, k, x, xStride, n)
	}
}

// rowsFloats multiplies 16 rows at a time as they are stored, the last of them
// perhaps again, with one to eight tokens.
func rowsFloats(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int) {
	rowBytes := k * w.Format.Bytes()
	for next := 0; next < rows; next += 16 {
		r := min(next, rows-16)
		out, from := &dst[r], &w.Data[r*rowBytes]
		switch {
		case w.Format == F16:
			rows16F16AVX512(out, from, rowBytes, &x[0], k)
		case w.Format == BF16:
			rows16BF16(n, out, from, rowBytes, &x[0], k, xStride, stride)
		default:
			rows16F32(n, out, from, rowBytes, &x[0], k, xStride, stride)
		}
	}
}

func rows16BF16(tokens int, dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int) {
	switch tokens {
	case 1:
		rows16BF16AVX512(dst, w, rowBytes, x, k)
	case 2:
		rows16BF16x2AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 3:
		rows16BF16x3AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 4:
		rows16BF16x4AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 5:
		rows16BF16x5AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 6:
		rows16BF16x6AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 7:
		rows16BF16x7AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 8:
		rows16BF16x8AVX512(dst, w, rowBytes, x, k, xStride, stride)
	}
}

func rows16F32(tokens int, dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int) {
	switch tokens {
	case 1:
		rows16F32AVX512(dst, w, rowBytes, x, k)
	case 2:
		rows16F32x2AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 3:
		rows16F32x3AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 4:
		rows16F32x4AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 5:
		rows16F32x5AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 6:
		rows16F32x6AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 7:
		rows16F32x7AVX512(dst, w, rowBytes, x, k, xStride, stride)
	case 8:
		rows16F32x8AVX512(dst, w, rowBytes, x, k, xStride, stride)
	}
}

// rowsFloat multiplies eight rows at a time as they are stored, the last of them
// perhaps again, with one token.
func rowsFloat(dst []float32, w Floats, rows, k int, x []float32) {
	rowBytes := k * w.Format.Bytes()
	for next := 0; next < rows; next += 8 {
		r := min(next, rows-8)
		out, from := &dst[r], &w.Data[r*rowBytes]
		switch w.Format {
		case BF16:
			rows8BF16AVX2(out, from, rowBytes, &x[0], k)
		case F16:
			rows8F16AVX2(out, from, rowBytes, &x[0], k)
		case F32:
			rows8F32AVX2(out, from, rowBytes, &x[0], k)
		}
	}
}

// spreadEights writes eight columns, eights times, of 32 rows to a panel.
func spreadEights(panel []float32, w []byte, f Format, rowBytes, eights int) {
	step := 8
	if useAVX512 {
		step = 16
	}
	for r := 0; r < floatRows; r += step {
		p, from := &panel[r], &w[r*rowBytes]
		switch {
		case useAVX512 && f == BF16:
			spreadBF16AVX512(p, from, rowBytes, eights)
		case useAVX512 && f == F16:
			spreadF16AVX512(p, from, rowBytes, eights)
		case useAVX512:
			spreadF32AVX512(p, from, rowBytes, eights)
		case f == BF16:
			spreadBF16AVX2(p, from, rowBytes, eights)
		case f == F16:
			spreadF16AVX2(p, from, rowBytes, eights)
		default:
			spreadF32AVX2(p, from, rowBytes, eights)
		}
	}
}

// floatTokens is the most tokens that floatTile takes.
func floatTokens() int {
	if useAVX512 {
		return 12
	}
	return 6
}

// floatTile multiplies 32 rows of a panel with tokens that lie stride values apart,
// over columns.
func floatTile(tokens int, total, panel, x []float32, stride, columns int) {
	if useAVX512 {
		floatTileAVX512(tokens, &total[0], &panel[0], &x[0], stride, columns)
		return
	}
	for r := 0; r < floatRows; r += 16 {
		floatTileAVX2(tokens, &total[r], &panel[r], &x[0], stride, columns)
	}
}

func floatTileAVX512(tokens int, total, panel, x *float32, stride, columns int) {
	switch tokens {
	case 1:
		floatTile1AVX512(total, panel, x, stride, columns)
	case 2:
		floatTile2AVX512(total, panel, x, stride, columns)
	case 3:
		floatTile3AVX512(total, panel, x, stride, columns)
	case 4:
		floatTile4AVX512(total, panel, x, stride, columns)
	case 5:
		floatTile5AVX512(total, panel, x, stride, columns)
	case 6:
		floatTile6AVX512(total, panel, x, stride, columns)
	case 7:
		floatTile7AVX512(total, panel, x, stride, columns)
	case 8:
		floatTile8AVX512(total, panel, x, stride, columns)
	case 9:
		floatTile9AVX512(total, panel, x, stride, columns)
	case 10:
		floatTile10AVX512(total, panel, x, stride, columns)
	case 11:
		floatTile11AVX512(total, panel, x, stride, columns)
	case 12:
		floatTile12AVX512(total, panel, x, stride, columns)
	}
}

func floatTileAVX2(tokens int, total, panel, x *float32, stride, columns int) {
	switch tokens {
	case 1:
		floatTile1AVX2(total, panel, x, stride, columns)
	case 2:
		floatTile2AVX2(total, panel, x, stride, columns)
	case 3:
		floatTile3AVX2(total, panel, x, stride, columns)
	case 4:
		floatTile4AVX2(total, panel, x, stride, columns)
	case 5:
		floatTile5AVX2(total, panel, x, stride, columns)
	case 6:
		floatTile6AVX2(total, panel, x, stride, columns)
	}
}

//go:noescape
func spreadBF16AVX512(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows16BF16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF16AVX512(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows16F16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF32AVX512(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows16F32AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func floatTile1AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile2AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile3AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile4AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile5AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile6AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile7AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile8AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile9AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile10AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile11AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile12AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func spreadBF16AVX2(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows8BF16AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF16AVX2(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows8F16AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF32AVX2(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows8F32AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func floatTile1AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile2AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile3AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile4AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile5AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile6AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func rows16BF16x2AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16F32x2AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16BF16x3AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16F32x3AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16BF16x4AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16F32x4AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16BF16x5AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16F32x5AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16BF16x6AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16F32x6AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16BF16x7AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16F32x7AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16BF16x8AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)

//go:noescape
func rows16F32x8AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
