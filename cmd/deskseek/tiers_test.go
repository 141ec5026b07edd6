package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/kernel"
)

// TestTiers forces each instruction set of this machine: the golden cases' greedy
// tokens hold on all of them in exact math, and the last logits have the same bits in
// both maths. Go's loops of fast math are slow, so it gets a few tokens.
func TestTiers(t *testing.T) {
	best := kernel.Tier()
	t.Cleanup(func() {
		if err := kernel.Select(best); err != nil {
			t.Error(err)
		}
	})
	hash := regexp.MustCompile(`#[0-9a-f]+`)
	for _, c := range golden.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			_, input := c.Ints(t, "input_ids")
			var greedy struct{ Tokens []int }
			c.JSON(t, "greedy", &greedy)
			for _, math := range []string{"exact", "fast"} {
				first, ids := "", input
				if math == "fast" {
					ids = input[:10]
				}
				prompt := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ","), "[]")
				for _, tier := range kernel.Tiers() {
					t.Setenv("DESKSEEK_CPU", tier)
					code, out, errs := call(t, "", "run", "-m", c.Path, "--ids", prompt, "-n", "3", "--ignore-eos", "--json", "--math", math)
					var r struct{ IDs []int }
					if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || math == "exact" && !slices.Equal(r.IDs, greedy.Tokens[:3]) {
						t.Fatalf("%s, %s: exit %d, ids %v, want %v (%v, %s)", math, tier, code, r.IDs, greedy.Tokens[:3], err, errs)
					}
					bits := hash.FindString(errs)
					if first == "" {
						first = bits
					}
					if bits == "" || bits != first {
						t.Errorf("%s, %s: logits %s, on %s %s", math, tier, bits, kernel.Tiers()[0], first)
					}
				}
			}
		})
	}
}
