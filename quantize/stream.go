package quantize

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"sync"
	"sync/atomic"

	"github.com/deskseek/deskseek/tensor"
)

// chunkValues is about how many values are read, encoded and written at once by one
// goroutine, in whole rows. It bounds memory, to about 6 MB a goroutine, and is part of the
// journal's check sums, but not of the file.
const chunkValues = 1 << 19

// A chunk is some rows of a tensor: of one piece, so that they are read together.
type chunk struct {
	piece  int
	lo, hi int // rows of the piece as it is in the tensor
	row    int // of the tensor, that lo is
}

// chunks cuts a tensor.
func (t *output) chunks() (all []chunk) {
	row := 0
	for i, p := range t.Pieces {
		rows, cols := p.Size()
		step := max(1, chunkValues/cols)
		if p.Transposed { // it is read whole anyway
			step = rows
		}
		for lo := 0; lo < rows; lo += step {
			hi := min(lo+step, rows)
			all = append(all, chunk{i, lo, hi, row + lo})
		}
		row += rows
	}
	return all
}

// A worker is one goroutine's memory.
type worker struct {
	stream *stream
	buffer rowBuffer
	whole  []float32 // a transposed piece, as stored
	row    []float32
	out    [3][]byte // by place
}

// A stream writes the tensors of a plan one after the other.
type stream struct {
	plan    *Plan
	source  *source
	files   []*os.File // of the plan, that are being written
	workers []*worker

	mu       sync.Mutex
	done     int64 // of the bytes to read
	progress func(done, total int64)
	total    int64
}

// tensor writes one tensor with all workers, and returns the check sum of what it
// wrote.
func (s *stream) tensor(ctx context.Context, t *output) (uint32, error) {
	return s.each(ctx, t, func(w *worker, c chunk) (uint32, error) {
		if err := w.encode(t, c); err != nil {
			return 0, err
		}
		return w.write(t, c)
	})
}

// check returns the check sum of a tensor that was written before.
func (s *stream) check(ctx context.Context, t *output) (uint32, error) {
	return s.each(ctx, t, func(w *worker, c chunk) (sum uint32, err error) {
		for i, p := range t.places {
			w.out[i] = grown(w.out[i], (c.hi-c.lo)*p.rowBytes)
			if _, err := s.files[p.file].ReadAt(w.out[i], p.offset+int64(c.row)*int64(p.rowBytes)); err != nil {
				return 0, err
			}
			sum = crc32.Update(sum, castagnoli, w.out[i])
		}
		return sum, nil
	})
}

// each does something with all chunks of a tensor, each in some goroutine, and
// returns a check sum of the sums in order.
func (s *stream) each(ctx context.Context, t *output, do func(*worker, chunk) (uint32, error)) (uint32, error) {
	chunks := t.chunks()
	sums, errs := make([]byte, 4*len(chunks)), make([]error, len(chunks))
	var next atomic.Int64
	var failed atomic.Bool
	var group sync.WaitGroup
	for _, w := range s.workers[:min(len(s.workers), len(chunks))] {
		group.Go(func() {
			for !failed.Load() && ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= len(chunks) {
					return
				}
				sum, err := do(w, chunks[i])
				if err != nil {
					errs[i] = err
					failed.Store(true)
				}
				little.PutUint32(sums[4*i:], sum)
				s.told(t, chunks[i])
			}
		})
	}
	group.Wait()
	for _, err := range errs { // the first in the file's order
		if err != nil {
			return 0, err
		}
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return crc32.Checksum(sums, castagnoli), nil
}

// told counts a chunk as read.
func (s *stream) told(t *output, c chunk) {
	p := t.Pieces[c.piece]
	n := int64(p.DType.RowBytes(p.Cols)) * int64(c.hi-c.lo)
	if p.Transposed {
		n = int64(p.RowBytes()) * int64(p.Rows)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done += n
	if s.progress != nil {
		s.progress(s.done, s.total)
	}
}

// encode makes the bytes of a chunk.
func (w *worker) encode(t *output, c chunk) error {
	p := t.Pieces[c.piece]
	for i := range t.places {
		w.out[i] = grown(w.out[i], (c.hi-c.lo)*t.places[i].rowBytes)
		clear(w.out[i]) // two codes share a byte
	}
	importance := w.stream.plan.importance(t, c.piece)
	lo, hi := c.lo, c.hi
	if p.Transposed {
		lo, hi = 0, p.Rows
	}
	stored, err := w.stream.source.rows(&w.buffer, p.Tensor, lo, hi)
	if err != nil {
		return err
	}
	if p.Transposed {
		return w.encodeTransposed(t, c, stored, importance)
	}
	w.row = grown(w.row, t.cols)
	for r := range stored.Rows {
		tensor.Decode(w.row, stored, r)
		if err := finite(p.Tensor, c.piece, lo+r, w.row); err != nil {
			return err
		}
		if t.dtype == p.DType && t.dtype != tensor.MLX4 && t.dtype != tensor.MLX8 {
			copy(w.part(t, 0, r), stored.Row(r)) // to the bit: encoding again would round again
		} else {
			w.encodeRow(t, r, importance)
		}
	}
	return nil
}

// encodeTransposed encodes a whole stored matrix as its transpose.
func (w *worker) encodeTransposed(t *output, c chunk, stored *tensor.Tensor, importance []float32) error {
	rows, cols := stored.Cols, stored.Rows
	w.whole = grown(w.whole, rows*cols)
	for r := range stored.Rows {
		row := w.whole[r*stored.Cols:][:stored.Cols]
		tensor.Decode(row, stored, r)
		if err := finite(stored, c.piece, r, row); err != nil {
			return err
		}
	}
	w.row = grown(w.row, cols)
	for r := range rows {
		for i := range cols {
			w.row[i] = w.whole[i*stored.Cols+r]
		}
		w.encodeRow(t, r, importance)
	}
	return nil
}

// part returns the bytes of row r of the chunk at one of t's places.
func (w *worker) part(t *output, place, r int) []byte {
	n := t.places[place].rowBytes
	return w.out[place][r*n : (r+1)*n]
}

func (w *worker) encodeRow(t *output, r int, importance []float32) {
	switch t.dtype {
	case tensor.MLX4:
		encodeMLX(w.part(t, 0, r), w.part(t, 1, r), w.part(t, 2, r), 4, w.row)
	case tensor.MLX8:
		encodeMLX(w.part(t, 0, r), w.part(t, 1, r), w.part(t, 2, r), 8, w.row)
	default:
		Encode(w.part(t, 0, r), t.dtype, w.row, importance)
	}
}

// write writes a chunk to its places, and returns its check sum.
func (w *worker) write(t *output, c chunk) (sum uint32, err error) {
	for i, p := range t.places {
		if _, err := w.stream.files[p.file].WriteAt(w.out[i], p.offset+int64(c.row)*int64(p.rowBytes)); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, castagnoli, w.out[i])
	}
	return sum, nil
}

// ErrNotFinite is wrapped by errors about weights that are no numbers.
var ErrNotFinite = errors.New("want finite weights")

// finite says which value of a row of a stored matrix is no finite number. The
// matrix may be one of a stack.
func finite(t *tensor.Tensor, matrix, row int, values []float32) error {
	var sums [4]float32 // of zeros, or NaN
	for at := 0; at+4 <= len(values); at += 4 {
		v := values[at : at+4 : at+4]
		sums[0] += v[0] - v[0]
		sums[1] += v[1] - v[1]
		sums[2] += v[2] - v[2]
		sums[3] += v[3] - v[3]
	}
	for _, x := range values[len(values)&^3:] {
		sums[0] += x - x
	}
	if sums == [4]float32{} {
		return nil
	}
	for i, x := range values {
		if y := float64(x); math.IsNaN(y) || math.IsInf(y, 0) {
			return fmt.Errorf("tensor %s: row %d of matrix %d, column %d is %v; %w", t.Name, row, matrix, i, x, ErrNotFinite)
		}
	}
	return nil
}
