package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrompts answers several prompts together, and wants of each what it gives
// alone, in order.
func TestPrompts(t *testing.T) {
	const dog, fox = "Tell me a story about a dog.", "Tell me a story\nabout a fox."
	quoted, _ := json.Marshal(fox)
	path := filepath.Join(t.TempDir(), "prompts")
	if err := os.WriteFile(path, []byte(dog+"\n\n"+string(quoted)+"\n[1,2,3]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, first, _ := call(t, "", "run", "-n", "20", dog)
	_, second, _ := call(t, "", "run", "-n", "20", fox)
	_, third, _ := call(t, "", "run", "-n", "20", "--ids", "1,2,3")
	want := "=== 1\n" + first + "=== 2\n" + second + "=== 3\n" + third
	code, out, errs := call(t, "", "run", "-n", "20", "--prompts", path)
	if code != 0 || out != want || !strings.Contains(errs, "3 answers, 60 tokens") {
		t.Errorf("exit %d, %s: %q, want %q", code, errs, out, want)
	}
	code, out, _ = call(t, dog+"\n[1,99999]\n"+dog, "run", "-n", "20", "--prompts", "-", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 1 || len(lines) != 3 || !strings.Contains(lines[0], `"ids"`) || !strings.Contains(lines[1], `{"error":"the prompt has token 99999`) || !strings.Contains(lines[2], `"ids"`) {
		t.Errorf("exit %d, %s", code, out)
	}
	// Empty lines are no prompts, and count as lines.
	if code, _, errs := call(t, "\n[1]\n\n[1,99999]\n", "run", "-n", "2", "--prompts", "-"); code != 1 || !strings.Contains(errs, "prompt 2 (line 4): the prompt has token 99999") {
		t.Errorf("exit %d, %s", code, errs)
	}
	for _, test := range []struct{ in, want string }{
		{"", "no prompts"},
		{"a\n\"b", "line 2 begins as JSON does and is none"},
		{"[1,\"x\"]", "line 1 begins as JSON"},
		{"[]", "line 1: the prompt is empty"},
		{"a\n" + strings.Repeat("b", longestPrompt+1), "line 2 has more than 16777216 bytes"},
	} {
		if code, _, errs := call(t, test.in, "run", "--prompts", "-"); code != 1 || !strings.Contains(errs, "standard input: "+test.want) {
			t.Errorf("%q: exit %d, %s, want %q", test.in, code, errs, test.want)
		}
	}
	if code, _, errs := call(t, "", "run", "--prompts", path, "--ids", "3"); code != 2 || !strings.Contains(errs, "does not go with it") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// TestEngineFlags checks flags that say nothing sensible.
func TestEngineFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--mtp", "maybe"}, "--mtp maybe is not known; want auto, on or off"},
		{[]string{"--lookup", "x"}, "--lookup x is not known"},
		{[]string{"--drafts", "0"}, "--drafts is 0, want 1 or more"},
		{[]string{"--mtp", "off", "--drafts", "2"}, "--drafts 2 does not go with --mtp off"},
		{[]string{"--cache-memory", "much"}, "--cache-memory: "},
	} {
		if code, _, errs := call(t, "", append([]string{"run", "-n", "1", "x"}, test.args...)...); code != 2 || !strings.Contains(errs, test.want) {
			t.Errorf("%q: exit %d, %s, want %q", test.args, code, errs, test.want)
		}
	}
	if code, _, errs := call(t, "", "run", "-n", "1", "x", "--cache-memory", "1"); code != 1 || !strings.Contains(errs, "1 bytes for the latent cache hold none of its pages") {
		t.Errorf("exit %d, %s", code, errs)
	}
	const story = "Tell me a story about a dog."
	_, want, _ := call(t, "", "run", "-n", "30", story)
	for _, args := range [][]string{{"--mtp", "on", "--drafts", "3"}, {"--lookup", "on"}, {"--deterministic"}, {"--cache-memory", "1M"}} {
		if code, out, errs := call(t, "", append([]string{"run", "-n", "30", story}, args...)...); code != 0 || out != want {
			t.Errorf("%q: exit %d, %s: %q, want %q", args, code, errs, out, want)
		}
	}
}
