package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestQuantizePlans compares the plans of several models and choices with
// testdata/quantize.txt, in which a reviewer can read them. $V3 is DeepSeek-V3 in FP8,
// of zeros.
func TestQuantizePlans(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("holes of files take space there")
	}
	v3 := filepath.Join(t.TempDir(), "v3")
	if code, _, errs := call(t, "", "bench", "--synthesize", "v3", "--format", "fp8", "--with-mtp", v3); code != 0 {
		t.Skipf("a disk without room for holes: %s", errs)
	}
	fp8 := filepath.Join(golden.Dir(), "tiny-fp8")
	if _, err := os.Stat(fp8); err != nil {
		t.Skip(err)
	}
	names := strings.NewReplacer("$V3", v3, "$FP8", fp8)
	var got bytes.Buffer
	for _, line := range []string{
		"quantize --dry-run $V3 v3.gguf --split-size 48G",
		"quantize --dry-run $V3 v3.gguf --type q3",
		"quantize --dry-run $V3 v3.gguf --type q2 --no-mtp",
		"quantize --dry-run $V3 v3.gguf --type IQ4_XS --tensor attn_=Q8_0 --tensor attn_output=Q5_K",
		"quantize --dry-run $V3 v3 --format mlx --tensor lm_head=MLX8",
		"quantize --dry-run $FP8 tiny.gguf --type q8",
		"quantize --dry-run $FP8 tiny.gguf",
		"quantize --dry-run demo demo.gguf --type q2 --split-tensors 40",
	} {
		code, out, errs := call(t, "", strings.Fields(names.Replace(line))...)
		if code != 0 || errs != "" {
			t.Errorf("%s: exit code %d: %s", line, code, errs)
		}
		got.WriteString("$ deskseek " + line + "\n" + out + "\n")
	}
	path := filepath.Join("testdata", "quantize.txt")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Errorf("the plans are now\n%s\nsee git diff after go test -update", got.String())
	}
}

// TestQuantize: the command writes what runs; the text of the built-in model in
// eight bits is that of the built-in model.
func TestQuantize(t *testing.T) {
	dir := t.TempDir()
	out, folder := filepath.Join(dir, "out.gguf"), filepath.Join(dir, "folder")
	if code, stdout, errs := call(t, "", "quantize", "demo", out, "--type", "q8", "-t", "1"); code != 0 || stdout != "" || !strings.Contains(errs, "100 %: ") {
		t.Fatalf("exit code %d, %q, %q", code, stdout, errs)
	}
	if code, _, errs := call(t, "", "quantize", out, folder, "--format", "mlx", "--type", "F32"); code != 0 {
		t.Fatal(errs)
	}
	back := filepath.Join(dir, "back.gguf")
	if code, _, errs := call(t, "", "quantize", folder, back, "--type", "Q8_0"); code != 0 {
		t.Fatal(errs)
	}
	story := func(args ...string) string {
		code, text, errs := call(t, "", append([]string{"run", "-n", "20", "--temperature", "0", "Tell me a story about a dog."}, args...)...)
		if code != 0 {
			t.Fatal(errs)
		}
		return text
	}
	want := story()
	for _, path := range []string{out, back} {
		if got := story("-m", path); got != want {
			t.Errorf("%s: text %q, want %q", filepath.Base(path), got, want)
		}
	}
	sameTokenizer(t, out, back)
	if code, _, errs := call(t, "", "quantize", "demo", out); code != 1 || !strings.Contains(errs, "out.gguf exists already; it is not overwritten") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// sameTokenizer compares the tokenizer's keys of two GGUF files. Of b user-defined
// tokens have become control tokens: in this model all of them are spelled so.
func sameTokenizer(t *testing.T, a, b string) {
	t.Helper()
	keys := func(path string) map[string]string {
		ck, err := checkpoint.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer ck.Close()
		all := map[string]string{}
		for _, kv := range ck.Metadata() {
			if strings.HasPrefix(kv.Key, "tokenizer.") {
				all[kv.Key] = fmt.Sprint(kv.Value)
			}
			if kv.Key == "tokenizer.ggml.token_type" {
				all[kv.Key] = strings.ReplaceAll(all[kv.Key], " 4", " 3")
			}
		}
		return all
	}
	x, y := keys(a), keys(b)
	if len(x) != len(y) || len(x) < 10 {
		t.Errorf("%d and %d keys", len(x), len(y))
	}
	for k, v := range x {
		if y[k] != v {
			t.Errorf("%s: %.200s, want %.200s", k, y[k], v)
		}
	}
}

func TestQuantizeUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"accepts 2 arg(s)":             {"demo"},
		"--format gguff is not known":  {"demo", "out", "--format", "gguff"},
		`type "Q9" is not written`:     {"demo", "out", "--type", "Q9"},
		`"48X" is no size`:             {"demo", "out", "--split-size", "48X"},
		`"0G" is no size`:              {"demo", "out", "--split-size", "0G"},
		"--split-tensors is -1":        {"demo", "out", "--split-tensors", "-1"},
		"--threads is -1":              {"demo", "out", "-t", "-1"},
		`rule "x": want PATTERN=TYPE`:  {"demo", "out", "--tensor", "x"},
		`rule "(=Q4_K": error parsing`: {"demo", "out", "--tensor", "(=Q4_K"},
	} {
		if code, _, errs := call(t, "", append([]string{"quantize"}, args...)...); code != 2 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit code %d: %s, want %s", args, code, errs, want)
		}
	}
}
