// Package golden finds and reads the golden cases for tests: tiny checkpoints in
// every layout, and what an independent float64 reference computes on them. The
// whole set is where DESKSEEK_GOLDEN points; without it a part of it, in this
// package's testdata. It knows files, and nothing of networks.
package golden

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/internal/npy"
)

// A Case is one checkpoint with expected values.
type Case struct {
	Name     string // tiny-gguf/tiny-kvb-bf16.gguf
	Path     string // folder or file of the checkpoint
	expected string
}

// Dir returns the folder of the cases.
func Dir() string {
	if d := os.Getenv("DESKSEEK_GOLDEN"); d != "" {
		return d
	}
	_, file, _, _ := runtime.Caller(0)
	if d := filepath.Join(filepath.Dir(file), "testdata"); exists(d) {
		return d
	}
	// A test binary that runs elsewhere than it was built, in its package's folder.
	return filepath.Join("..", "internal", "golden", "testdata")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Full returns whether the whole set is there.
func Full() bool { return os.Getenv("DESKSEEK_GOLDEN") != "" }

// Cases returns all cases, by name; those of DESKSEEK_GOLDEN_CASES (a list of
// folders with commas) where it is set. A test without any fails.
func Cases(t testing.TB) []Case {
	t.Helper()
	var only []string
	if s := os.Getenv("DESKSEEK_GOLDEN_CASES"); s != "" {
		only = strings.Split(s, ",")
	}
	var cases []Case
	dir := Dir()
	for _, pattern := range []string{"*/expected", "*/*/expected"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, expected := range found {
			folder := filepath.Dir(expected)
			name, err := filepath.Rel(dir, folder)
			if err != nil {
				t.Fatal(err)
			}
			name = filepath.ToSlash(name)
			if only != nil && !slices.Contains(only, name) {
				continue
			}
			if exists(filepath.Join(folder, "config.json")) {
				cases = append(cases, Case{name, folder, expected})
				continue
			}
			files, _ := filepath.Glob(filepath.Join(folder, "*.gguf"))
			for _, f := range files {
				cases = append(cases, Case{name + "/" + filepath.Base(f), f, expected})
			}
		}
	}
	if len(cases) == 0 {
		t.Fatalf("no golden cases in %s", dir)
	}
	return cases
}

// Has returns whether the case has a file of expected values.
func (c Case) Has(name string) bool { return exists(filepath.Join(c.expected, name)) }

// Floats reads an expected array of f32 with its shape.
func (c Case) Floats(t testing.TB, name string) ([]int, []float32) {
	t.Helper()
	a, err := npy.ReadFile(filepath.Join(c.expected, name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	return a.Shape, a.F4
}

// Ints reads an expected array of i32 with its shape.
func (c Case) Ints(t testing.TB, name string) ([]int, []int32) {
	t.Helper()
	a, err := npy.ReadFile(filepath.Join(c.expected, name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	return a.Shape, a.I4
}

// JSON reads an expected JSON file.
func (c Case) JSON(t testing.TB, name string, v any) {
	t.Helper()
	ReadJSON(t, filepath.Join(c.expected, name+".json"), v)
}

// ReadJSON reads a JSON file.
func ReadJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// WriteJSON writes a JSON file: testdata that a test makes anew when it is asked to.
func WriteJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
