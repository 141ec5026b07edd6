package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/quantize"
)

// TestDemoPerplexity pins how well the built-in model guesses a story, in exact math, as
// it is built in and in every preset, by the commands that a user has for it. Encoders give
// the same bytes on every machine. What exact math may differ by is derived in package
// deskseek's TestDemoNetwork, 5e-5 for a token of this model, less for the mean: four times
// 5e-5/√378.
func TestDemoPerplexity(t *testing.T) {
	const allowed = 1e-5
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "story.txt"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	story := filepath.Join(dir, "story.txt")
	if err := os.WriteFile(story, []byte(strings.ReplaceAll(string(text), "\r\n", "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	loss := func(args ...string) float64 {
		code, out, errs := call(t, "", append([]string{"eval", "ppl", "-f", story, "-c", "128", "--math", "exact", "--json"}, args...)...)
		var r struct{ NLL float64 }
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
			t.Fatalf("exit %d: %s (%v)", code, errs, err)
		}
		return math.Round(1e6*r.NLL) / 1e6
	}
	got := map[string]float64{"built in": loss()}
	for _, p := range quantize.Presets() {
		if testing.Short() && p.Name != "q4" { // without assembly encoders take their time
			continue
		}
		path := filepath.Join(dir, p.Name+".gguf")
		if code, _, errs := call(t, "", "quantize", "demo", path, "--type", p.Name); code != 0 {
			t.Fatalf("%s: exit %d: %s", p.Name, code, errs)
		}
		got[p.Name] = loss("-m", path)
	}
	path := filepath.Join("testdata", "demo-nll.json")
	if *update && !testing.Short() {
		golden.WriteJSON(t, path, got)
	}
	var want map[string]float64
	golden.ReadJSON(t, path, &want)
	for name, nll := range got {
		w, ok := want[name]
		if d := math.Abs(nll - w); !ok || !(d <= allowed) {
			t.Errorf("%s: %.6f nats a token, want %.6f, %.0e more or less", name, nll, w, allowed)
		}
	}
}
