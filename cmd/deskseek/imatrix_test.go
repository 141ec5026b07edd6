package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/quantize"
)

// TestImatrix: a file, its summary, more windows of the same text, and what quantize
// makes of it.
func TestImatrix(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	story := strings.Repeat("Once upon a time there was a little girl who had a red ball. ", 40)
	write := func(name, text string) {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("story", story)
	write("other", story+"The end.")
	args := func(out string, more ...string) []string {
		return append([]string{"imatrix", "-f", path("story"), "-c", "32", "-o", path(out)}, more...)
	}
	code, out, errs := call(t, "", args("one", "--chunks", "8", "--json")...)
	if code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	var got imatrixSummary
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	sum := 0
	for _, n := range got.Experts[3].Counts {
		sum += n
	}
	if got.Windows != 8 || got.Window != 32 || got.Math != "fast" || got.Tensors != 62 || len(got.Experts) != 4 || got.Experts[3].Layer != 4 || sum != 8*31*2 {
		t.Errorf("%+v", got)
	}
	for _, chunks := range []string{"3", "8"} {
		if code, out, errs := call(t, "", args("two", "--chunks", chunks, "--save-every", "2")...); code != 0 || !strings.Contains(out, "layer  4: 8 experts") {
			t.Errorf("exit %d, %s %s", code, out, errs)
		}
	}
	one := read(t, path("one"))
	if !bytes.Equal(one, read(t, path("two"))) {
		t.Error("in two parts it has other bytes")
	}
	if code, _, errs := call(t, "", args("one", "--chunks", "5")...); code != 0 || !strings.Contains(errs, "has these windows already") {
		t.Errorf("exit %d, %s", code, errs)
	}
	im, err := quantize.ReadImatrix(path("one"))
	if err != nil || im.Datasets[0] != "story" {
		t.Errorf("%v, of %v", err, im.Datasets)
	}
	if code, _, errs := call(t, "", "quantize", "demo", path("q2.gguf"), "--type", "q2", "--imatrix", path("one"), "-t", "1"); code != 0 || strings.Contains(errs, "does not know 2") {
		t.Errorf("exit %d, %s", code, errs)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "one is there already: it was collected from something else", []string{"imatrix", "-f", path("other"), "-c", "32", "-o", path("one")}},
		{1, "one is there already: it was collected from something else", args("one", "--process-output")},
		{1, "one is there already: it was collected from something else", args("one", "--math", "exact")},
		{1, "story: neither GGUF", args("story")},
		{1, "this is no imatrix", args("q2.gguf")},
		{1, "want at least 2000", args("new", "-c", "2000")},
		{1, "no such file", args(filepath.Join("nowhere", "new"))},
		{2, "-o is needed", []string{"imatrix", "-f", path("story")}},
		{2, "-f is needed", []string{"imatrix", "-o", path("new")}},
		{2, "--save-every is 0", args("new", "--save-every", "0")},
		{2, "--chunks is -1", args("new", "--chunks", "-1")},
	} {
		if code, _, errs := call(t, "", c.args...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%q: exit %d, %s", c.args, code, errs)
		}
	}
	if !bytes.Equal(one, read(t, path("one"))) || string(read(t, path("story"))) != story {
		t.Error("a file was changed by a command that was refused")
	}
	if code := execute(t.Context(), args("one", "--chunks", "8"), strings.NewReader(""), full{}, &bytes.Buffer{}); code != exitError {
		t.Errorf("output that can't be written: exit %d", code)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestImatrixFull: a disk without room costs nothing of what is there. A folder stands
// where the partial file goes.
func TestImatrixFull(t *testing.T) {
	dir := t.TempDir()
	story, out := filepath.Join(dir, "story"), filepath.Join(dir, "out")
	if err := os.WriteFile(story, []byte(strings.Repeat("The dog ran to the big tree and saw a bird there. ", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"imatrix", "-f", story, "-c", "32", "-o", out, "--chunks"}
	if code, _, errs := call(t, "", append(args, "2")...); code != 0 {
		t.Fatal(errs)
	}
	before := read(t, out)
	if err := os.MkdirAll(filepath.Join(out+".partial", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "", append(args, "6")...); code != 1 || !strings.Contains(errs, "out.partial") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if !bytes.Equal(before, read(t, out)) {
		t.Error("what was there was changed")
	}
}

// TestImatrixInterrupted: the windows that were read are there, which is said.
func TestImatrixInterrupted(t *testing.T) {
	dir := t.TempDir()
	story, out := filepath.Join(dir, "story"), filepath.Join(dir, "out")
	if err := os.WriteFile(story, []byte(strings.Repeat("The dog ran to the big tree and saw a bird there. ", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	args := []string{"imatrix", "-f", story, "-c", "16", "-o", out, "--save-every", "3", "-t", "1"}
	code := execute(untilThere{context.Background(), out}, args, strings.NewReader(""), &bytes.Buffer{}, &errs)
	if code != exitInterrupted || !strings.Contains(errs.String(), "interrupted: 3 windows are in "+out+"; the same command goes on from there") {
		t.Errorf("exit %d, %s", code, errs.String())
	}
	if im, err := quantize.ReadImatrix(out); err != nil || im.Chunks != 3 {
		t.Errorf("%v, of %v", err, im)
	}
}

// untilThere is a context that is canceled when there is a file of the name.
type untilThere struct {
	context.Context
	path string
}

func (u untilThere) Err() error {
	if _, err := os.Stat(u.path); err == nil {
		return context.Canceled
	}
	return nil
}
