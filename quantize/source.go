package quantize

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// A source reads stored rows from their files, into buffers: pages of the
// checkpoint's mappings would stay in memory, and a file that shrinks would kill the
// process.
type source struct {
	resident bool // the checkpoint is in memory, and has no files

	mu    sync.Mutex
	files map[string]*os.File
}

func newSource(ck *checkpoint.Checkpoint) *source {
	return &source{resident: len(ck.Mappings()) == 0, files: map[string]*os.File{}}
}

func (s *source) close() {
	for _, f := range s.files {
		f.Close()
	}
}

// A rowBuffer is memory for rows, and for their scales and biases.
type rowBuffer struct{ data, scale, bias []byte }

// rows returns rows lo to hi of t, read into b.
func (s *source) rows(b *rowBuffer, t *tensor.Tensor, lo, hi int) (*tensor.Tensor, error) {
	x := t.Slice(lo, hi)
	if s.resident {
		return x, nil
	}
	if err := s.fill(&b.data, x); err != nil {
		return nil, err
	}
	switch t.DType {
	case tensor.F8E4M3: // the scales of the rows' blocks alone
		const side = tensor.F8Block
		first, last := x.FirstRow/side, (x.FirstRow+x.Rows-1)/side
		x.Scale, x.FirstRow = t.Scale.Slice(first, last+1), x.FirstRow%side
		return x, s.fill(&b.scale, x.Scale)
	case tensor.MLX4, tensor.MLX8:
		if err := s.fill(&b.scale, x.Scale); err != nil {
			return nil, err
		}
		return x, s.fill(&b.bias, x.Bias)
	}
	return x, nil
}

// fill reads the bytes of t to a buffer, and makes them its Data.
func (s *source) fill(buffer *[]byte, t *tensor.Tensor) error {
	f, err := s.file(t.Source.File)
	if err != nil {
		return err
	}
	*buffer = grown(*buffer, int(t.Source.Length))
	t.Data = *buffer
	n, err := f.ReadAt(t.Data, t.Source.Offset)
	if n == len(t.Data) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("tensor %s: %s ends at byte %d, want bytes up to %d: it was cut off since it was opened",
			t.Name, filepath.Base(t.Source.File), t.Source.Offset+int64(n), t.Source.Offset+t.Source.Length)
	}
	return fmt.Errorf("tensor %s: reading its bytes: %w", t.Name, err)
}

// grown returns a slice of n elements, in b's memory if it is enough.
func grown[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}

func (s *source) file(path string) (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[path]; f != nil {
		return f, nil
	}
	f, err := os.Open(path)
	if err == nil {
		s.files[path] = f
	}
	return f, err
}
