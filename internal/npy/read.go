package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// chunk is how many values are read at a time: memory grows with the bytes that
// come, not with what a header promises.
const chunk = 1 << 14

// ReadFile reads the file at path. Its errors name the path.
func ReadFile(path string) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// Read reads one array; r must end where the array does.
func Read(r io.Reader) (*Array, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	n, err := count(h.shape)
	if err != nil {
		return nil, err
	}
	a := &Array{Shape: h.shape}
	switch h.descr {
	case descr[float32]():
		a.F4, err = readValues(r, n, math.Float32frombits)
	case descr[int32]():
		a.I4, err = readValues(r, n, func(b uint32) int32 { return int32(b) })
	default:
		return nil, fmt.Errorf("values are %q, want '<f4' or '<i4'", h.descr)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// readHeader reads up to the first value.
func readHeader(r io.Reader) (header, error) {
	head := make([]byte, prefix)
	n, err := io.ReadFull(r, head)
	if !bytes.HasPrefix(head[:n], []byte(magic)) {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return header{}, err
		}
		return header{}, fmt.Errorf("not a NumPy array: it begins with %q, want %q", head[:min(n, len(magic))], magic)
	}
	if err != nil {
		return header{}, truncated("the file's first bytes", n, prefix, err)
	}
	if v := head[len(magic):]; v[0] != 1 || v[1] != 0 {
		return header{}, fmt.Errorf("version %d.%d of the .npy format, want 1.0", v[0], v[1])
	}
	text := make([]byte, binary.LittleEndian.Uint16(head[prefix-2:]))
	if n, err := io.ReadFull(r, text); err != nil {
		return header{}, truncated("the header", n, len(text), err)
	}
	return parseHeader(string(text))
}

// readValues reads n values, and checks that nothing follows them.
func readValues[T Element](r io.Reader, n int, fromBits func(uint32) T) ([]T, error) {
	values := make([]T, 0, min(n, chunk))
	buf := make([]byte, 4*min(n, chunk)+1) // one byte more, to see the end
	for len(values) < n {
		part := buf[:4*min(n-len(values), chunk)]
		got, err := io.ReadFull(r, part)
		if err != nil {
			return nil, truncated("the values", 4*len(values)+got, 4*n, err)
		}
		values = slices.Grow(values, len(part)/4)
		for i := 0; i < len(part); i += 4 {
			values = append(values, fromBits(binary.LittleEndian.Uint32(part[i:])))
		}
	}
	switch _, err := io.ReadFull(r, buf[:1]); {
	case err == nil:
		return nil, fmt.Errorf("more bytes follow the %d values of the shape", n)
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return values, nil
}

// truncated says what ended early; other errors of the reader stay as they are.
func truncated(what string, have, want int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: %d bytes, want %d: %w", what, have, want, io.ErrUnexpectedEOF)
	}
	return err
}
