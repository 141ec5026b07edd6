// Faults plants faults in the engine, one after the other, and runs its tests: each has
// to be caught. What is tested is a copy; no file is changed.
//
//	go run ./tools/faults [TEXT]    # only those with the text in their name
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A fault is a piece of a file and what stands there instead.
type fault struct{ what, file, from, to string }

var faults = []fault{
	{"drafts that failed stay cached", "engine/step.go", "q.cached += accepted - len(q.drafts)", "_ = accepted"},
	{"every draft holds", "engine/step.go", "accepted := sample.Verify(q.drafts, p.ids)", "accepted := len(q.drafts)"},
	{"a draft that is not the choice ends nothing", "engine/step.go", "if i < len(q.drafts) && q.drafts[i] != c.ID {", "if false {"},
	{"drafts are chosen as if nothing stood before them", "engine/predict.go", "q.tokens = append(q.tokens, q.drafts...)", ""},
	{"the noise does not depend on the position", "engine/sequence.go", "s.Sample(logits, len(q.tokens),", "s.Sample(logits, 0,"},
	{"pages are remembered whose pairs are not there", "engine/scheduler.go", "sound = min(sound, q.paired)", "sound = min(sound, q.cached)"},
	{"a prefix is taken whose forms differ", "engine/prefix.go", "(a^forms[page])>>i&1 != 0", "false"},
	{"a prefix is taken of which one token differs", "engine/prefix.go", "if a[i] != b[i] {\n\t\t\treturn i\n", "if a[i] != b[i] {\n\t\t\treturn i + 1\n"},
	{"a run has two forms", "engine/scheduler.go", "n = min(n, q.uniform(q.cached, n))", ""},
	{"a page that was computed twice is not given back", "engine/scheduler.go", "s.pages.Release(*p)", ""},
	{"one that is in the step is pushed aside", "engine/scheduler.go", "slices.Contains(s.plan.runs, r) || r.landing", "r.landing"},
	{"the hidden state behind a prefix is missing", "engine/scheduler.go", "\t\thit--\n", ""},
	{"a prompt takes more than the step has", "engine/scheduler.go", "budget -= s.schedule(q, min(q.behind(), each))", "s.schedule(q, min(q.behind(), each))"},
	{"restored pairs are one too many", "engine/scheduler.go", "q.paired = max(1, q.cached)\n\tif q.cached >= q.parted", "q.paired = max(1, q.cached) + 1\n\tif q.cached >= q.parted"},
	{"an evicted page is kept without what it goes on from", "engine/keeper.go", "range n.unstored()", "range []*node{n}"},
	{"what the store failed to write is not tried again", "engine/keeper.go", "\t\tf.node.stored = false\n", ""},
	{"steps wait for the store", "engine/keeper.go", "k.bring(n, false)", "k.bring(n, true)"},
	{"drafts that do not pay are made", "engine/drafting.go", "enough = 1.05", "enough = 0.8"},
	{"a canceled sequence goes on", "engine/scheduler.go", "Canceled: q.canceled.Load", "Canceled: func() bool { return false }"},
	{"drafts leave no tokens to others", "engine/scheduler.go", "min(1+min(len(q.drafts), room), budget)", "min(1+len(q.drafts), budget)"},
	{"the page of use last is evicted first", "engine/prefix.go", "return l[i].used < l[j].used", "return l[i].used > l[j].used"},
	{"hidden states are lost where the MTP layer fails", "engine/predict.go", "q.hidden = appendRows(q.hidden, s.fresh(q, o, i), 0)", "_ = i"},
	{"a greater priority waits", "engine/scheduler.go", "lack > s.outranked(q) || !s.preempt(q.outranks)", "true"},
	{"some are pushed aside in vain", "engine/scheduler.go", "lack > s.outranked(q) || !s.preempt(q.outranks)", "!s.preempt(q.outranks)"},
	{"a torn page is loaded", "engine/disk/read.go", "if sum != h.sum {", "if false {"},
}

func main() {
	missed := 0
	for _, f := range faults {
		if len(os.Args) > 1 && !strings.Contains(f.what, os.Args[1]) {
			continue
		}
		caught, err := plant(f)
		switch {
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		case !caught:
			missed++
			fmt.Println("missed:", f.what)
		default:
			fmt.Println("caught:", f.what)
		}
	}
	if missed > 0 {
		os.Exit(1)
	}
}

// plant returns whether the tests fail with a fault.
func plant(f fault) (caught bool, err error) {
	path, err := filepath.Abs(f.file)
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	if n := strings.Count(string(text), f.from); n != 1 {
		return false, fmt.Errorf("%s has %q %d times, want it once", f.file, f.from, n)
	}
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	faulty, overlay := filepath.Join(dir, filepath.Base(path)), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(faulty, []byte(strings.Replace(string(text), f.from, f.to, 1)), 0o600); err != nil {
		return false, err
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": {path: faulty}})
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(overlay, data, 0o600); err != nil {
		return false, err
	}
	dirs := "./" + filepath.ToSlash(filepath.Dir(f.file))
	if out, err := exec.Command("go", "vet", "-overlay", overlay, dirs).CombinedOutput(); err != nil {
		return false, fmt.Errorf("%s: the fault does not compile: %s", f.what, out)
	}
	// A fault that keeps a test from ending is caught as well.
	err = exec.Command("go", "test", "-short", "-failfast", "-timeout", "120s", "-overlay", overlay, dirs).Run()
	return err != nil, nil
}
