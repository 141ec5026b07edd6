package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEvalPPL: the text's figures as JSON; too short a text, and what is no text.
func TestEvalPPL(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	story := file("story", strings.Repeat("Once upon a time there was a little girl who had a red ball. ", 20))
	code, out, errs := call(t, "", "eval", "ppl", "-f", story, "-c", "32", "--chunks", "3", "--math", "exact", "--json")
	if code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	var got struct {
		Perplexity      float64
		Tokens, Windows int
		Math            string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if got.Perplexity <= 1 || got.Tokens != 3*15 || got.Windows != 3 || got.Math != "exact" {
		t.Errorf("%+v", got)
	}
	for path, want := range map[string]string{file("short", "Once upon a time."): "at least two windows", file("binary", "\xff\xfe"): "no text in UTF-8"} {
		if code, _, errs := call(t, "", "eval", "ppl", "-f", path); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s", path, code, errs)
		}
	}
}
