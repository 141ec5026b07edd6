package deepseek

import (
	"context"
	"testing"

	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// TestStepDoesNotAllocate checks that a step like one before it takes no new
// memory: of several runs, in both forms, with the draft of one while the step's
// Output is still used.
func TestStepDoesNotAllocate(t *testing.T) {
	eachMath(t, func(t *testing.T, path string, math Math) {
		m := open(t, path, Options{Math: math, Workers: 3})
		m.Reserve(4)
		b := &Batch{
			Runs: []Run{
				{Tokens: []token.ID{5}, Position: 70, Pages: pages(0, 2), Logits: 1},
				{Tokens: []token.ID{7, 8, 9}, Position: 3, Pages: pages(2, 1), Logits: 3},
				{Tokens: []token.ID{1, 2, 3, 4}, Pages: pages(3, 1), Form: Expanded, Logits: 1},
			},
			Copies: []PageCopy{{To: 1, From: 0}},
		}
		draft := &Batch{Runs: []Run{{Tokens: []token.ID{6}, Position: 71, Pages: pages(0, 2), Hidden: make([]nn.Mat, 1), Logits: 1}}}
		fill := &Batch{Runs: []Run{{Tokens: []token.ID{8, 9, 10}, Position: 4, Pages: pages(2, 1), Hidden: make([]nn.Mat, 1)}}}
		logits := make([]float32, m.Vocabulary())
		step := func() {
			o, err := m.Forward(context.Background(), b)
			if err != nil {
				t.Fatal(err)
			}
			defer o.Release()
			if m.MTP() != nil {
				draft.Runs[0].Hidden[0] = o.Hidden(0)
				d, err := m.MTP().Forward(context.Background(), draft)
				if err != nil {
					t.Fatal(err)
				}
				logits = d.Logits(0, 0, logits)
				d.Release()
				fill.Runs[0].Hidden[0] = o.Hidden(1)
				if err := m.MTP().Fill(context.Background(), fill); err != nil {
					t.Fatal(err)
				}
			}
			logits = o.Logits(1, 2, logits)
		}
		if n := allocations(step); n != 0 {
			t.Errorf("a step allocates %v times, want 0", n)
		}
	})
}

// TestOutputsStay checks that an Output keeps its values while other steps are
// computed, whose Outputs are released and not.
func TestOutputsStay(t *testing.T) {
	m := open(t, aCase(t).Path, Options{})
	m.Reserve(3)
	forward := func(id token.ID, page int) *Output {
		o, err := m.Forward(context.Background(), &Batch{Runs: []Run{{Tokens: []token.ID{id, id + 1}, Pages: pages(page, 1), Logits: 2}}})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := forward(1, 0)
	want, hidden := allLogits(first, 0), first.Hidden(0).Host(nil)
	second := forward(5, 1)
	other := allLogits(second, 0)
	forward(9, 2).Release()
	third := forward(11, 2)
	sameBits(t, allLogits(first, 0), want, "logits after other steps")
	sameBits(t, first.Hidden(0).Host(nil), hidden, "hidden states after other steps")
	sameBits(t, allLogits(second, 0), other, "logits of the second step")
	first.Release()
	second.Release()
	third.Release()
	again := forward(1, 0)
	sameBits(t, allLogits(again, 0), want, "logits of the same step")
	again.Release()
}

// allocations returns how often f allocates once every worker has the memory that it
// works in, which one takes when it first has that work: nobody knows when.
func allocations(f func()) (n float64) {
	for range 50 {
		if n = testing.AllocsPerRun(20, f); n == 0 {
			break
		}
	}
	return n
}
