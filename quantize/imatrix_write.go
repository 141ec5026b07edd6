package quantize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/lock"
	"github.com/deskseek/deskseek/tensor"
)

// Write writes the file's bytes. They depend on nothing but what m says.
func (m *Imatrix) Write(w io.Writer) error {
	if len(m.sums) == 0 {
		return errors.New("imatrix: nothing was seen, there is nothing to write")
	}
	datasets := m.Datasets
	if datasets == nil {
		datasets = []string{}
	}
	meta := []checkpoint.KeyValue{
		{Key: typeKey, Value: imatrixType},
		{Key: datasetsKey, Value: datasets},
		{Key: chunksKey, Value: uint32(m.Chunks)},
		{Key: chunkSizeKey, Value: uint32(m.ChunkSize)},
	}
	if m.Source != "" {
		meta = append(meta, checkpoint.KeyValue{Key: sourceKey, Value: m.Source})
	}
	var tensors []checkpoint.OutTensor
	for _, name := range m.Names() {
		s := m.sums[name]
		n := len(s.counts)
		counts := make([]float32, n)
		for i, c := range s.counts {
			counts[i] = float32(c)
		}
		tensors = append(tensors,
			checkpoint.OutTensor{Name: name + sumsSuffix, DType: tensor.F32, Shape: []int{n, len(s.sums) / n}, Data: floats(s.sums)},
			checkpoint.OutTensor{Name: name + countsSuffix, DType: tensor.F32, Shape: []int{n, 1}, Data: floats(counts)})
	}
	return checkpoint.WriteGGUF(w, meta, tensors)
}

// WriteFile writes the file, or leaves the one that was there as it was. Meanwhile
// it is path with ".partial" behind.
func (m *Imatrix) WriteFile(path string) (err error) {
	f, err := lock.File(path+partialSuffix, 0o644, false)
	if errors.Is(err, lock.ErrHeld) {
		return fmt.Errorf("%s is being written by another run", path)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := f.Truncate(0); err != nil { // what a kill left
		return err
	}
	if err := m.Write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// floats writes themselves as F32.
type floats []float32

func (f floats) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	const piece = 16 << 10
	written := int64(0)
	for start := 0; start < len(f); start += piece {
		b.Reset()
		for _, x := range f[start:min(start+piece, len(f))] {
			b.Write(little.AppendUint32(b.AvailableBuffer(), math.Float32bits(x)))
		}
		n, err := w.Write(b.Bytes())
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}
