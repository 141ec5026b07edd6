package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// write encodes a as it was read.
func write(w io.Writer, a *Array) error {
	if a.I4 != nil {
		return Write(w, a.Shape, a.I4)
	}
	return Write(w, a.Shape, a.F4)
}

func encode(t testing.TB, a *Array) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// file makes a file of any header and values.
func file(header string, values ...uint32) []byte {
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	b = append(b, header...)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func TestReadValues(t *testing.T) {
	ids, err := ReadFile("testdata/input_ids.npy")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids.Shape, []int{48}) || ids.F4 != nil || len(ids.I4) != 48 {
		t.Fatalf("shape %v, %d float32, %d int32, want [48], 0, 48", ids.Shape, len(ids.F4), len(ids.I4))
	}
	if ids.I4[0] != 0 || slices.Min(ids.I4) < 0 || slices.Max(ids.I4) >= 512 {
		t.Errorf("ids %v: want BOS (0) first and all in a vocabulary of 512", ids.I4)
	}
	weights, err := ReadFile("testdata/moe_weights.npy")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(weights.Shape, []int{3, 48, 2}) || weights.I4 != nil || len(weights.F4) != 3*48*2 {
		t.Fatalf("shape %v, %d float32, %d int32, want [3 48 2], 288, 0", weights.Shape, len(weights.F4), len(weights.I4))
	}
	// The weights of a token's experts sum to the network's routed_scaling_factor:
	// only in C order are they neighbours.
	scale := weights.F4[0] + weights.F4[1]
	for i := 0; i < len(weights.F4); i += 2 {
		if sum := weights.F4[i] + weights.F4[i+1]; math.Abs(float64(sum-scale)) > 1e-6*float64(scale) {
			t.Fatalf("weights %d and %d sum to %v, want %v", i, i+1, sum, scale)
		}
	}
}

// TestGolden writes what it read, and wants NumPy's own bytes.
func TestGolden(t *testing.T) {
	root := os.Getenv("DESKSEEK_GOLDEN")
	if root == "" {
		root = "testdata"
	}
	checked := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".npy" {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		a, err := ReadFile(path)
		if err != nil {
			return err
		}
		checked++
		if got := encode(t, a); !bytes.Equal(got, want) {
			t.Errorf("%s: shape %v: written differently than read", path, a.Shape)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 3 {
		t.Errorf("%d files under %s, want at least 3", checked, root)
	}
}

// TestHeader holds the padding to what numpy.save writes.
func TestHeader(t *testing.T) {
	for _, c := range []struct {
		shape []int
		text  string
		bytes int // of the whole header, with the 10 before it
	}{
		{nil, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 128},
		{[]int{0}, "{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", 128},
		{[]int{48}, "{'descr': '<f4', 'fortran_order': False, 'shape': (48,), }", 128},
		{[]int{3, 48, 2}, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 48, 2), }", 128},
		// Where the padding turns to the next 64 bytes; the third would fit exactly
		// in 128, and NumPy adds a row of spaces all the same.
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), }", 128},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 11}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 11), }", 128},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 111}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 111), }", 192},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), }", 192},
	} {
		text := header{descr: "<f4", shape: c.shape}.format()
		if got := strings.TrimRight(text, " \n"); got != c.text {
			t.Errorf("%v: %q, want %q", c.shape, got, c.text)
		}
		if got := prefix + len(text); got != c.bytes {
			t.Errorf("%v: %d bytes, want %d", c.shape, got, c.bytes)
		}
		if h, err := parseHeader(text); err != nil || !slices.Equal(h.shape, c.shape) {
			t.Errorf("%v: read as %v, %v", c.shape, h.shape, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	nan := math.Float32frombits(0x7fc12345)
	large := make([]int32, 3*chunk+5)
	for i := range large {
		large[i] = int32(uint32(i) * 2654435761)
	}
	for _, a := range []*Array{
		{Shape: []int{}, F4: []float32{math.Pi}},
		{Shape: []int{4}, F4: []float32{nan, float32(math.Inf(-1)), math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))}},
		{Shape: []int{2, 1}, I4: []int32{math.MinInt32, math.MaxInt32}},
		{Shape: []int{0}, I4: []int32{}},
		{Shape: []int{3, 0, 7}, F4: []float32{}},
		{Shape: []int{len(large)}, I4: large},
	} {
		b := encode(t, a)
		got, err := Read(iotest.HalfReader(bytes.NewReader(b)))
		if err != nil {
			t.Errorf("shape %v: %v", a.Shape, err)
			continue
		}
		if !slices.Equal(got.Shape, a.Shape) || (got.F4 == nil) != (a.F4 == nil) || (got.I4 == nil) != (a.I4 == nil) {
			t.Errorf("shape %v read as %v, float32 %v, int32 %v", a.Shape, got.Shape, got.F4 != nil, got.I4 != nil)
		}
		// Bytes, not values: a NaN keeps its payload.
		if !bytes.Equal(encode(t, got), b) {
			t.Errorf("shape %v: values differ after a round trip", a.Shape)
		}
	}
}

func TestRefused(t *testing.T) {
	const ok = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"
	change := func(old, new string) []byte { return file(strings.Replace(ok, old, new, 1), 1, 2) }
	version := file(ok, 1, 2)
	version[6] = 2
	for _, c := range []struct {
		name string
		data []byte
		want string // part of the error
	}{
		{"empty", nil, `it begins with ""`},
		{"html", []byte("<!DOCTYPE html><html>"), `it begins with "<!DOCT"`},
		{"cut magic", []byte("\x93NUM"), `it begins with "\x93NUM"`},
		{"cut prefix", []byte("\x93NUMPY\x01\x00"), "first bytes: 8 bytes, want 10"},
		{"version 2", version, "version 2.0"},
		{"cut header", file(ok)[:40], "the header: 30 bytes, want 58"},
		{"cut values", file(ok, 1), "the values: 4 bytes, want 8"},
		{"odd values", file(ok, 1, 2)[:len(file(ok))+7], "the values: 7 bytes, want 8"},
		{"more values", file(ok, 1, 2, 3), "more bytes follow the 2 values"},
		{"scalar and more", change("(2,)", "()"), "more bytes follow the 1 values"},
		{"float64", change("<f4", "<f8"), `values are "<f8"`},
		{"big endian", change("<f4", ">f4"), `values are ">f4"`},
		{"structured", change("'<f4'", "[('a', '<f4')]"), "want a string"},
		{"fortran", change("False", "True"), "Fortran order"},
		{"negative", change("(2,)", "(-2,)"), "want a dimension"},
		{"fraction", change("(2,)", "(2.5,)"), `want ","`},
		{"octal", change("(2,)", "(02,)"), "want a dimension"},
		{"no tuple", change("(2,)", "(2)"), `want ","`},
		{"no commas", change("(2,)", "(2, 1 1)"), `want ")"`},
		{"double comma", change("(2,)", "(2,,)"), "want a dimension"},
		{"large dimension", change("(2,)", "(99999999999999999999,)"), "too large"},
		{"overflow", change("(2,)", "(4294967296, 4294967296, 4294967296)"), "more values than can be addressed"},
		{"overflow hidden by zero", change("(2,)", "(9223372036854775807, 0, 9223372036854775807)"), "more values than can be addressed"},
		{"unaddressable bytes", change("(2,)", "(9223372036854775807,)"), "more values than can be addressed"},
		{"promised terabytes", change("(2,)", "(1000000, 1000000)"), "the values: 8 bytes, want 4000000000000"},
		{"dimensions", change("(2,)", "("+strings.Repeat("1, ", 65)+")"), "more than 64 dimensions"},
		{"missing key", change("'fortran_order': False, ", ""), `"fortran_order" is missing`},
		{"twice", change("'shape'", "'descr': '<i4', 'shape'"), `"descr" comes twice`},
		{"unknown key", change("'shape'", "'color': '<i4', 'shape'"), `unknown key "color"`},
		{"open string", file("{'descr"), "want a string"},
		{"open dictionary", file("{'descr': '<f4', "), "want a string"},
		{"no dictionary", file("[]"), `want "{"`},
		{"empty header", file(""), "the end"},
		{"after", file(ok+"x", 1, 2), "follows the dictionary"},
	} {
		a, err := Read(bytes.NewReader(c.data))
		switch {
		case err == nil:
			t.Errorf("%s: accepted with shape %v", c.name, a.Shape)
		case !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %q, want %q in it", c.name, err, c.want)
		}
	}
}

// TestAllocation: a header that promises terabytes costs what the bytes cost.
func TestAllocation(t *testing.T) {
	data := file("{'descr': '<i4', 'fortran_order': False, 'shape': (1000000, 1000000)}", make([]uint32, 1000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(bytes.NewReader(data)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want an unexpected end", err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes allocated for a file of %d", got, len(data))
	}
}

func TestWriteRefused(t *testing.T) {
	for _, c := range []struct {
		shape []int
		n     int
		want  string
	}{
		{[]int{2, 3}, 5, "has 6 values, got 5"},
		{[]int{}, 0, "has 1 values, got 0"},
		{[]int{-1, -1}, 1, "negative dimension"},
		{[]int{math.MaxInt, math.MaxInt}, 1, "more values than can be addressed"},
		{make([]int, 65), 0, "65 dimensions"},
	} {
		var b bytes.Buffer
		err := Write(&b, c.shape, make([]float32, c.n))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("shape %v with %d values: %v, want %q in it", c.shape, c.n, err, c.want)
		}
		if b.Len() != 0 {
			t.Errorf("shape %v: %d bytes written before the error", c.shape, b.Len())
		}
	}
}

// failing accepts n bytes, then fails.
type failing struct{ n int }

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestErrorsOfReaderAndWriter(t *testing.T) {
	values := make([]float32, 10)
	for _, n := range []int{0, 130} {
		if err := Write(&failing{n}, []int{10}, values); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: error %v, want %v", n, err, errFull)
		}
	}
	b := encode(t, &Array{Shape: []int{10}, F4: values})
	for _, n := range []int{0, 8, 50, 130, len(b)} {
		r := io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(errFull))
		if _, err := Read(r); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: error %v, want %v", n, err, errFull)
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "logits.npy")
	for _, v := range []int32{1, 2} { // the second replaces the first
		if err := WriteFile(path, []int{1}, []int32{v}); err != nil {
			t.Fatal(err)
		}
		if a, err := ReadFile(path); err != nil || a.I4[0] != v {
			t.Fatalf("read %v, %v, want %d", a, err, v)
		}
	}
	if err := WriteFile(path, []int{2}, []int32{3}); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("error %v, want one that names %s", err, path)
	}
	if a, err := ReadFile(path); err != nil || a.I4[0] != 2 {
		t.Errorf("after a failed write: %v, %v, want the old file", a, err)
	}
	if err := WriteFile(filepath.Join(dir, "absent", "x.npy"), []int{1}, []int32{1}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files left in the folder (%v), want 1", len(files), err)
	}
}

func TestReadFileNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(path, []byte("no array"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + ".absent"} {
		if _, err := ReadFile(p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%v, want an error that names %s", err, p)
		}
	}
}

// FuzzRead: what is accepted has as many values as its shape says, and is read
// the same after being written.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"input_ids.npy", "mtp_margin.npy", "moe_weights.npy"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(file("{\"shape\": (), 'descr': '<i4', 'fortran_order': False}", 7))
	f.Add(file("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 18446744073709551615), }\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if (a.F4 == nil) == (a.I4 == nil) || len(a.F4)+len(a.I4) != n {
			t.Fatalf("shape %v: %d float32 and %d int32", a.Shape, len(a.F4), len(a.I4))
		}
		once := encode(t, a)
		again, err := Read(bytes.NewReader(once))
		if err != nil {
			t.Fatalf("shape %v: what was written is refused: %v", a.Shape, err)
		}
		if !slices.Equal(again.Shape, a.Shape) || !bytes.Equal(encode(t, again), once) {
			t.Fatalf("shape %v read back as %v", a.Shape, again.Shape)
		}
		if values := data[len(data)-4*n:]; !bytes.HasSuffix(once, values) {
			t.Fatalf("shape %v: values differ from the file's", a.Shape)
		}
	})
}
