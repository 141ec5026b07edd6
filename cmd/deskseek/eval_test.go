package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/demo"
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
	for path, want := range map[string]string{file("short", "Once upon a time."): "want at least 1024", file("binary", "\xff\xfe"): "no text in UTF-8"} {
		if code, _, errs := call(t, "", "eval", "ppl", "-f", path); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s", path, code, errs)
		}
	}
}

// TestEvalKLD: a reference, itself against it, and what is refused.
func TestEvalKLD(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("story", strings.Repeat("Once upon a time there was a little girl who had a red ball. ", 20))
	write("other", strings.Repeat("The dog ran to the big tree and saw a bird in the sun there. ", 20))
	save := []string{"eval", "kld", "-f", path("story"), "-c", "32", "--chunks", "3", "--math", "exact", "--save", path("ref")}
	if code, _, errs := call(t, "", save...); code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("left behind: %v", entries)
	}
	code, out, errs := call(t, "", "eval", "kld", "--reference", path("ref"), "-f", path("story"), "--json")
	if code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	var got struct {
		KLD     float64
		Max     float64 `json:"kld_max"`
		SameTop float64 `json:"same_top"`
		Tokens  int
		Math    string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if !(got.KLD > 0 && got.KLD < 0.05) || got.Max < got.KLD || got.SameTop < 0.8 || got.Tokens != 3*15 || got.Math != "fast" {
		t.Errorf("%+v", got)
	}
	if code, out, errs := call(t, "", "eval", "kld", "--reference", path("ref")); code != 0 || !strings.Contains(out, "ln ppl ratio") {
		t.Errorf("exit %d, %s %s", code, out, errs)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "exists already", save},
		{1, "another text", []string{"eval", "kld", "--reference", path("ref"), "-f", path("other")}},
		{1, "no reference logits", []string{"eval", "kld", "--reference", path("story")}},
		{2, "one of --save and --reference", []string{"eval", "kld"}},
		{2, "-f is needed", []string{"eval", "kld", "--save", path("new")}},
		{2, "its own windows", []string{"eval", "kld", "--reference", path("ref"), "-c", "64"}},
	} {
		if code, _, errs := call(t, "", c.args...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%q: exit %d, %s", c.args, code, errs)
		}
	}
}

// TestEvalBits: the built-in model's tensors are all counted, and its matrices are in Q8_0.
func TestEvalBits(t *testing.T) {
	code, out, errs := call(t, "", "eval", "bits", "--json")
	if code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	var rows []bitsRow
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	want := int64(0)
	for _, name := range ck.Names() {
		want += ck.Tensor(name).Source.Length
	}
	all := rows[len(rows)-1]
	if all.Class != "all" || all.Bytes != want || all.Bits < 8.5 || all.Bits > 9 {
		t.Errorf("%+v, want %d bytes", all, want)
	}
	for _, r := range rows {
		if strings.HasPrefix(r.Class, "routed") && (r.Bits != 8.5 || r.Types[0] != "Q8_0") {
			t.Errorf("%+v, want Q8_0", r)
		}
	}
	if code, out, _ := call(t, "", "eval", "bits"); code != 0 || !strings.Contains(out, "routed experts, down") {
		t.Errorf("exit %d, %s", code, out)
	}
}
