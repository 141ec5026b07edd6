package disk

import (
	"bufio"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/deskseek/deskseek/token"
)

var (
	child = flag.String("child", "", "for TestKill: write chains to this folder for ever, a line for every page that is stored to standard output")
	seed  = flag.Uint64("seed", 0, "for TestKill: of what the child writes")
	kills = flag.Int("kills", 20, "of TestKill")
)

func killOptions(dir string) Options {
	o := small(dir)
	o.PageBytes = 3000
	o.Limit = 30 * 3200
	return o
}

// TestChild is the process that TestKill ends.
func TestChild(t *testing.T) {
	if *child == "" {
		t.Skip("only TestKill runs it")
	}
	s, err := Open(killOptions(*child))
	if err != nil {
		t.Fatal(err)
	}
	var out sync.Mutex
	var writers sync.WaitGroup
	for g := range 2 {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(*seed, uint64(g)))
			for {
				if err := writeChain(s, random, func(k Key) {
					out.Lock()
					fmt.Println(k)
					out.Unlock()
				}); err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
			}
		})
	}
	writers.Wait()
}

// writeChain stores a chain of up to 6 pages, which may begin like others.
func writeChain(s *Store, random *rand.Rand, stored func(Key)) error {
	parent := Key{}
	for i := range 1 + random.IntN(6) {
		p := s.Next(parent, []token.ID{token.ID(i), token.ID(random.IntN(1 + 3*i)), 0, 0}, 0)
		err := s.Write(p, content(p.Key, s.options.PageBytes))
		switch {
		case err == nil:
			stored(p.Key)
		case errors.Is(err, ErrGone): // to others' pages
			return nil
		default:
			return err
		}
		parent = p.Key
	}
	return s.PutNote(fmt.Sprint(random.IntN(4)), content(parent, 500))
}

// TestKill: two processes write to one folder and are killed, again and again. What
// is there then is whole, what they said is stored is there, and the folder keeps
// to its limit.
func TestKill(t *testing.T) {
	if testing.Short() && *kills == 20 {
		*kills = 4
	}
	o := killOptions(t.TempDir())
	random := rand.New(rand.NewPCG(1, 2))
	total := 0
	for round := 0; round < *kills; round += 2 {
		var said []Key
		var children sync.WaitGroup
		var lock sync.Mutex
		for i := range 2 {
			after, spin := random.IntN(20), random.IntN(3_000_000)
			children.Go(func() {
				keys, err := runKilled(o.Dir, uint64(round+i), after, spin)
				if err != nil {
					t.Error(err)
				}
				lock.Lock()
				defer lock.Unlock()
				total += len(keys)
				said = append(said, keys[max(0, len(keys)-1):]...) // others had no time to leave
			})
		}
		children.Wait()
		s := checkWhole(t, o)
		for _, k := range said {
			if !s.Has(k) {
				t.Errorf("round %d: page %s was stored, and is not there", round, k)
			}
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if dirs, err := os.ReadDir(o.Dir + "/" + writingName); err == nil && len(dirs) > 0 {
			t.Fatalf("round %d: %d folders of processes that ended", round, len(dirs))
		}
	}
	t.Logf("%d kills, %d pages stored", *kills, total)
}

// runKilled runs TestChild and kills it some time after it stored some pages, whose
// keys it returns.
func runKilled(dir string, seed uint64, after, spin int) (keys []Key, err error) {
	c := exec.Command(os.Args[0], "-test.run=^TestChild$", "-child="+dir, fmt.Sprintf("-seed=%d", seed))
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	killed := false
	for {
		if len(keys) >= after && !killed {
			random := rand.New(rand.NewPCG(seed, 9))
			for range spin { // into the middle of something
				random.Uint64()
			}
			c.Process.Kill()
			killed = true
		}
		if !lines.Scan() {
			break
		}
		var k Key
		line := strings.TrimSpace(lines.Text())
		if n, err := hex.Decode(k[:], []byte(line)); err != nil || n != len(k) {
			if killed {
				break // a line that was cut
			}
			c.Process.Kill()
			return nil, errors.Join(fmt.Errorf("the child says %q", line), c.Wait())
		}
		keys = append(keys, k)
	}
	if c.Wait() == nil || !killed {
		return nil, errors.New("the child ended by itself")
	}
	return keys, nil
}
