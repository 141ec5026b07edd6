package main

import (
	"encoding/json"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/token"
)

var kills = flag.Int("kills", 12, "of TestKilledRuns")

// childVariable is set for a process of the tests that is to be deskseek itself.
const childVariable = "DESKSEEK_TEST_CHILD"

// TestKilledRuns: run is killed while it keeps what it cached, again and again. Runs that
// go on from that give the tokens that they give alone, and the folder keeps to its limit.
func TestKilledRuns(t *testing.T) {
	if testing.Short() && *kills == 12 {
		*kills = 3
	}
	const limit = 600 << 10
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(5, 6))
	story := strings.Repeat("Once upon a time a dog and a cat went to the park. They saw a big red ball. ", 12)
	args := func(prompt int, extra ...string) []string {
		return append([]string{"run", "--deterministic", "--temperature", "0.8", "--seed", "7", "-n", "150", "--ignore-eos",
			"--cache-limit", strconv.Itoa(limit), story[:300+200*prompt]}, extra...)
	}
	var alone [4][]token.ID
	for i := range alone {
		alone[i], _ = idsOf(t, args(i, "--cache-dir", "none", "--json"))
	}
	reused := 0
	for round := range *kills {
		if err := killed(args(random.IntN(len(alone)), "--cache-dir", dir), random.IntN(400), random.IntN(3_000_000)); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		i := random.IntN(len(alone))
		ids, n := idsOf(t, args(i, "--cache-dir", dir, "--json"))
		if !slices.Equal(ids, alone[i]) {
			t.Fatalf("round %d, prompt %d, %d tokens reused: tokens %v, want %v", round, i, n, ids, alone[i])
		}
		reused += n
		size := int64(0)
		err := filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				info, err := e.Info()
				if err != nil {
					return err
				}
				size += info.Size()
			}
			return err
		})
		if err != nil || size > limit+1024 { // the stamp and the names of identities are not counted
			t.Fatalf("round %d: the folder has %d bytes (%v), want at most %d", round, size, err, limit)
		}
		if left, err := os.ReadDir(filepath.Join(dir, "writing")); err == nil && len(left) > 0 {
			t.Fatalf("round %d: %d folders of processes that ended are left", round, len(left))
		}
	}
	if reused == 0 {
		t.Error("nothing was reused")
	}
	t.Logf("%d kills, %d tokens reused", *kills, reused)
}

// idsOf runs a command with --json, and returns its tokens, and how many were reused.
func idsOf(t *testing.T, args []string) ([]token.ID, int) {
	t.Helper()
	code, out, errs := call(t, "", args...)
	var r result
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
		t.Fatalf("%q: exit %d (%v), %s", args, code, err, errs)
	}
	return r.IDs, r.Timings.ReusedTokens
}

// killed runs a command and kills it some time after it wrote so many bytes.
func killed(args []string, after, spin int) error {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), childVariable+"=1")
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, out, int64(after)); err != nil && err != io.EOF {
		return err
	}
	random := rand.New(rand.NewPCG(uint64(spin), 9))
	for range spin { // into the middle of something
		random.Uint64()
	}
	_ = c.Process.Kill() // it may have ended
	_ = c.Wait()
	return nil
}
