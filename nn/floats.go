package nn

import (
	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// formats are the kernel's names of the encodings that store floats.
var formats = map[tensor.DType]kernel.Format{
	tensor.BF16: kernel.BF16, tensor.F16: kernel.F16, tensor.F32: kernel.F32,
}

// floats returns how the kernel multiplies l's weight with activations as they
// are; ok is false where it does not. Like form, it depends on the weight alone.
func (l Linear) floats(m Math) (f kernel.Format, ok bool) {
	if m != Fast || l.transposed {
		return 0, false
	}
	f, ok = formats[l.w.DType]
	return f, ok
}

// floatRows computes rows lo to hi of m for the n inputs x, into y: token t's value
// of row r is y[t·stride+r-lo].
func floatRows(w *worker, y []float32, stride int, m *tensor.Tensor, f kernel.Format, lo, hi int, x window, n int) {
	step, size := rowsAtOnce(m.Cols, n), m.RowBytes()
	for r := lo; r < hi; r += step {
		end := min(r+step, hi)
		kernel.MatMulFloats(y[r-lo:], stride, kernel.Floats{Data: m.Data[r*size : end*size], Format: f}, end-r, m.Cols, x.data, x.stride, n, w.scratch)
	}
}

// affine reports whether the kernel multiplies m, scales, biases and all, with
// 8-bit activations in blocks of kernel.AffineBlock.
func affine(m *tensor.Tensor) bool {
	if m.DType != tensor.MLX4 && m.DType != tensor.MLX8 {
		return false
	}
	group := m.Cols / m.Scale.Cols
	return group == 32 || group == 64 || group == 128
}

// affineRows is roundedRows for such weights.
func affineRows(w *worker, y []float32, stride int, m *tensor.Tensor, lo, hi int, a *kernel.Q8Rows) {
	step := rowsAtOnce(m.Cols, a.N)
	stored := func(t *tensor.Tensor, lo, hi int) []byte { n := t.RowBytes(); return t.Data[lo*n : hi*n] }
	bits := 4
	if m.DType == tensor.MLX8 {
		bits = 8
	}
	for r := lo; r < hi; r += step {
		end := min(r+step, hi)
		part := kernel.Affine{
			Q: stored(m, r, end), Bits: bits, Group: m.Cols / m.Scale.Cols,
			Scale: kernel.Floats{Data: stored(m.Scale, r, end), Format: formats[m.Scale.DType]},
			Bias:  kernel.Floats{Data: stored(m.Bias, r, end), Format: formats[m.Bias.DType]},
		}
		kernel.MatMulAffine(y[r-lo:], stride, part, end-r, m.Cols, a, w.scratch)
	}
}
