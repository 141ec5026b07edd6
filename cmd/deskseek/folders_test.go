package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/internal/golden"
)

// copyOf returns a folder with links to the files of a golden case.
func copyOf(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	from, err := filepath.Abs(filepath.Join(golden.Dir(), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		if err := os.Symlink(filepath.Join(from, f.Name()), filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestForeignTokenizer checks that a tokenizer that can't be read is no reason
// not to run on tokens, and is named where text is asked for.
func TestForeignTokenizer(t *testing.T) {
	dir := copyOf(t, "tiny-fp8")
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 7847602\n"
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(pointer), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call(t, "", "run", "-m", dir, "--ids", "0,1", "-n", "2", "--json"); code != 0 || !strings.Contains(out, `"text":""`) {
		t.Errorf("--ids: exit %d, %s%s", code, out, errs)
	}
	for _, args := range [][]string{{"run", "-m", dir, "Hi"}, {"run", "-m", dir, "--raw", "Hi"}, {"tokenize", "-m", dir}} {
		if code, _, errs := call(t, "", args...); code != 1 || !strings.Contains(errs, "tokenizer.json") || !strings.Contains(errs, "git-lfs") {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
	if code, out, _ := call(t, "", "inspect", "-m", dir); code != 0 || !strings.Contains(out, "tokenizer      can't be used") {
		t.Errorf("inspect: exit %d, %s", code, out)
	}
}

// TestGGUFInAFolder checks that a folder that holds nothing but a GGUF file is as
// good as the file.
func TestGGUFInAFolder(t *testing.T) {
	dir := copyOf(t, "tiny-gguf-quant/Q4_K_M")
	if code, out, errs := call(t, "a", "tokenize", "-m", dir); code != 0 || strings.TrimSpace(out) == "" {
		t.Errorf("tokenize: exit %d, %q, %s", code, out, errs)
	}
	if code, _, errs := call(t, "", "run", "-m", dir, "--ids", "0,1", "-n", "2"); code != 0 {
		t.Errorf("run: exit %d, %s", code, errs)
	}
}

// TestTraceLimits checks the shortest and the longest prompt of a trace.
func TestTraceLimits(t *testing.T) {
	dir := t.TempDir()
	if code, _, errs := call(t, "", "trace", "--ids", "0", "--out", dir); code != 0 {
		t.Fatalf("one token: exit %d, %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "mtp_logits.npy")); !errors.Is(err, os.ErrNotExist) {
		t.Error("one token has MTP logits")
	}
	tooMany := strings.TrimSuffix(strings.Repeat("0,", 2049), ",")
	if code, _, errs := call(t, "", "trace", "--ids", tooMany, "--out", dir); code != 1 || !strings.Contains(errs, "the prompt has 2049 tokens, which exceed the context of 2048") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
