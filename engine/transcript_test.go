package engine

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/token"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestTranscripts plays the policy of the scheduler as testdata says it, a block of
// commands at a time, and compares what it does with what stands below. Commands:
//
//	engine pages=8 step=16 chunk=4 sequences=2 drafts=1 right=10    begins anew
//	ask prompt=5..9 max=3 priority=1                                tokens 5 to 9
//	step n                                                          n steps, or all
//	cancel 1
//	pages                                                           who holds what
func TestTranscripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.transcript")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts (%v)", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".transcript"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := playAll(t, string(data))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("%s says\n%s\nwhat happens is\n%s", path, data, got)
			}
		})
	}
}

// playAll returns the transcript with what really happens.
func playAll(t *testing.T, text string) string {
	var p player
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		p.out.Reset()
		for _, line := range strings.Split(commands, "\n") {
			if line != "" && line[0] != '#' {
				p.play(t, line)
			}
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		out.WriteString(commands + "\n")
		if p.out.Len() > 0 {
			out.WriteString("----\n" + p.out.String())
		}
	}
	return out.String()
}

// A player is a scheduler that a transcript is played to.
type player struct {
	s    *scheduler
	f    *fake
	asks []*sequence
	out  strings.Builder
}

func (p *player) say(format string, args ...any) { fmt.Fprintf(&p.out, format+"\n", args...) }

func (p *player) play(t *testing.T, line string) {
	words := strings.Fields(line)
	args := map[string]string{}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		args[k] = v
	}
	number := func(name string) int {
		n, err := strconv.Atoi(args[name])
		if err != nil && args[name] != "" {
			t.Fatalf("%s: %v", line, err)
		}
		return n
	}
	switch words[0] {
	case "engine":
		p.begin(t, number)
	case "ask":
		from, to, _ := strings.Cut(args["prompt"], "..")
		first, _ := strconv.Atoi(from)
		last, _ := strconv.Atoi(to)
		var ids []token.ID
		for id := first; id <= last; id++ {
			ids = append(ids, token.ID(id%vocabulary))
		}
		q, err := newSequence(Request{Prompt: ids, MaxTokens: number("max"), Priority: number("priority")}, &p.s.options)
		if err != nil {
			p.say("%v", err)
			return
		}
		p.asks = append(p.asks, q)
		p.s.enqueue(q)
	case "step":
		n := 1000
		if len(words) > 1 {
			n, _ = strconv.Atoi(words[1])
		}
		for ; n > 0 && p.s.step(context.Background()); n-- {
		}
	case "cancel":
		i, _ := strconv.Atoi(words[1])
		p.s.cancel(p.asks[i])
	case "pages":
		p.pages()
	default:
		t.Fatalf("%s: no such command", line)
	}
	if len(p.f.wrong) > 0 {
		t.Fatalf("%s: %s", line, p.f.wrong[0])
	}
}

func (p *player) begin(t *testing.T, number func(string) int) {
	o := Options{
		Context: limit, Vocabulary: vocabulary, Pages: number("pages"), ExpandFrom: 1000, MaxStepTokens: number("step"),
		ChunkTokens: number("chunk"), MaxSequences: number("sequences"), Drafting: Drafting{MTP: Off},
	}
	if n := number("drafts"); n > 0 {
		o.Drafting = Drafting{MTP: On, Most: n}
	}
	o.Trace = Trace{
		Admit:   func(id, tokens, reused int) { p.say("%d begins: %d tokens, %d of them cached", id, tokens, reused) },
		Verify:  func(id, drafted, accepted int) { p.say("%d: %d of %d drafts hold", id, accepted, drafted) },
		Preempt: func(id, tokens int) { p.say("%d is pushed aside with %d tokens", id, tokens) },
		Evict:   func(tokens int) { p.say("a page is forgotten, of the first %d tokens of something", tokens) },
		End: func(id int, s Stats, err error) {
			if err != nil {
				p.say("%d ends: %v", id, err)
			} else {
				p.say("%d ends: %s", id, s.Reason)
			}
		},
		Step: func(i StepInfo) {
			var b strings.Builder
			for k, r := range i.Runs {
				if k > 0 {
					b.WriteString(", ")
				}
				fmt.Fprintf(&b, "%d: %d at %d", r.ID, r.Tokens, r.Position)
				if r.Chosen > 0 {
					fmt.Fprintf(&b, " gives %d", r.Chosen)
				}
			}
			p.say("step [%s] %d pages free", b.String(), i.Free)
		},
	}
	p.f = newFake(t, o.Pages)
	p.f.right = number("right")
	p.asks = nil
	p.s = newScheduler(p.f.network(true), o.withDefaults())
}

// pages says who holds pages.
func (p *player) pages() {
	for _, q := range p.s.running {
		p.say("%d has %v, the first %d remembered", q.id, q.pages, q.shared)
	}
	p.s.prefix.each(func(n *node) {
		depth := 0
		for m := n.parent; m.parent != nil; m = m.parent {
			depth++
		}
		p.say("%sremembered: %d tokens in page %d, held by %d", strings.Repeat("  ", depth), len(n.tokens), n.page, p.s.pages.Held(n.page))
	})
	p.say("%d free", p.s.pages.Free())
}
