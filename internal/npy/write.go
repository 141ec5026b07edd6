package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// Write writes values, in C order, as an array of this shape; byte for byte as
// numpy.save does. It returns w's errors, and one if there are not
// product(shape) values.
func Write[T Element](w io.Writer, shape []int, values []T) error {
	n, err := count(shape)
	if err != nil {
		return err
	}
	if n != len(values) {
		return fmt.Errorf("shape %v has %d values, got %d", shape, n, len(values))
	}
	text := header{descr: descr[T](), shape: shape}.format()
	buf := append([]byte(magic), 1, 0)
	buf = binary.LittleEndian.AppendUint16(buf, uint16(len(text)))
	buf = append(buf, text...)
	for {
		if _, err := w.Write(buf); err != nil {
			return err
		}
		if len(values) == 0 {
			return nil
		}
		part := values[:min(len(values), chunk)]
		values = values[len(part):]
		buf = appendValues(buf[:0], part)
	}
}

func appendValues[T Element](dst []byte, values []T) []byte {
	switch values := any(values).(type) {
	case []float32:
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	case []int32:
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
		}
	}
	return dst
}

// WriteFile writes values to the file at path, replacing what is there. The
// file appears at once and whole, or not at all. Its errors name the path.
func WriteFile[T Element](path string, shape []int, values []T) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	// A temporary file is its owner's alone; a trace is for everybody to read.
	err = errors.Join(Write(f, shape, values), f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
