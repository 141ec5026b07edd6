package nn

import (
	"encoding/binary"

	"github.com/deskseek/deskseek/tensor"
)

// Twins returns maps as those of ls, which are transposed and of one shape, with
// matrices of their own, rounded to bfloat16, and the bytes of these.
//
// A transposed map decodes its weight anew in each step, and can't be multiplied as it is
// stored: too slow for what every token needs. So a few matrices are worth the memory.
func (p *Pool) Twins(ls []Linear) (twins []Linear, bytes int64) {
	size := 2 * ls[0].Out() * ls[0].In()
	j := &twinsJob{from: ls, to: make([]Linear, len(ls)), data: make([]byte, len(ls)*size)}
	p.run(j)
	return j.to, int64(len(j.data))
}

type twinsJob struct {
	from, to []Linear
	data     []byte
}

// work takes a share of the maps.
func (j *twinsJob) work(w *worker) {
	lo, hi := w.share(len(j.from))
	for i := lo; i < hi; i++ {
		l := j.from[i]
		in, out := l.In(), l.Out()
		matrix := w.buffer(bufferMatrix, in*out)
		l.decode(w, matrix)
		data := j.data[i*2*in*out : (i+1)*2*in*out]
		for k, v := range matrix {
			binary.LittleEndian.PutUint16(data[2*k:], tensor.F32ToBF16(v))
		}
		j.to[i] = NewLinear(&tensor.Tensor{
			Name: l.w.Name + " transposed", DType: tensor.BF16, Shape: []int{out, in}, Rows: out, Cols: in, Data: data,
		})
	}
}

// IsTransposed reports whether l's weight is stored transposed.
func (l Linear) IsTransposed() bool { return l.transposed }
