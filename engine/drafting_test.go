package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// A machine is what drafts are decided for: how long a step of so many rows takes, a
// place of drafts in the MTP layer, and how likely the draft at a place holds.
type machine struct {
	name      string
	step      func(rows int) float64 // seconds
	layer     float64                // of a step of one row
	chance    []float64              // by place, if those before hold
	sequences int
}

// speed returns the tokens a second of n drafts for each sequence.
func (m *machine) speed(n int) float64 {
	given, p := 1.0, 1.0
	for i := range n {
		p *= m.chance[min(i, len(m.chance)-1)]
		given += p
	}
	return given * float64(m.sequences) / (m.step(m.sequences*(1+n)) + float64(n)*m.layer*m.step(1))
}

// An other is what else runs on a machine: how much longer a step takes by it.
type other struct {
	random *rand.Rand
	busy   bool // it comes in bursts
	burst  int  // steps that one goes on for
}

func (o *other) factor() float64 {
	r := o.random
	if !o.busy {
		return 0.95 + 0.1*r.Float64() + 3*max(0, r.Float64()-0.98)/0.02*0.1
	}
	if o.burst > 0 {
		o.burst--
		return 1.3 + 0.3*r.Float64()
	}
	if r.Float64() < 0.01 {
		o.burst = r.IntN(30)
	}
	f := 0.9 + 0.2*r.Float64()
	if r.Float64() < 0.03 {
		f *= 1 + 2*r.Float64()
	}
	return f
}

// run lets d decide for steps of the machine, beside another, and returns the tokens a
// second of those from the given one on.
func (m *machine) run(d *drafts, from, steps int, o *other) float64 {
	asks := make([]*ask, m.sequences)
	for i := range asks {
		asks[i] = &ask{sequence: &sequence{}}
	}
	took, given := 0.0, 0
	for i := range steps {
		for _, a := range asks {
			a.most, a.origin = d.widest(), byNone
		}
		d.decide(asks, frame{room: 2048})
		seconds, rows, got := 0.0, m.sequences, 0
		for place := 0; ; place++ {
			n := 0
			for _, a := range asks {
				if a.origin == byMTP && place < a.most {
					n++
				}
			}
			if n == 0 {
				break
			}
			s := m.layer * m.step(1) * o.factor()
			d.drafted(n, time.Duration(s*1e9))
			seconds, rows = seconds+s, rows+n
		}
		for _, a := range asks {
			n, held := 0, 0
			if a.origin == byMTP {
				n = a.most
			}
			for held < n && o.random.Float64() < m.chance[min(held, len(m.chance)-1)] {
				held++
			}
			if n > 0 {
				a.sequence.origin = a.origin
				d.verified(a.sequence, n, held)
			}
			got += 1 + held
		}
		s := m.step(rows) * o.factor()
		d.measured(m.sequences, rows, got, time.Duration(s*1e9))
		if i >= from {
			took, given = took+seconds+s, given+got
		}
	}
	return float64(given) / took
}

// experts is the time of a step of a Mixture of Experts that reads what it computes:
// a share is read by all rows, the rest by the experts that any of them chose.
func experts(dense float64, total, active int) func(rows int) float64 {
	return func(rows int) float64 {
		miss := 1.0
		for range rows {
			miss *= 1 - float64(active)/float64(total)
		}
		return 0.1 * (dense + (1-dense)*(1-miss)*float64(total)/float64(active))
	}
}

// TestDraftsThatPay: the decision comes near the best fixed number of drafts, and is
// not slower than none, whatever the machine.
func TestDraftsThatPay(t *testing.T) {
	v3 := experts(0.45, 256, 8) // the share of attention, shared expert and head
	for _, m := range []machine{
		{"dense, good drafts", func(rows int) float64 { return 0.1 + 0.001*float64(rows) }, 0.03, []float64{0.85, 0.7, 0.6}, 1},
		{"experts, good drafts", v3, 0.02, []float64{0.85, 0.7, 0.6}, 1},
		{"experts, fair drafts", v3, 0.02, []float64{0.6, 0.4, 0.3}, 1},
		{"experts, bad drafts", v3, 0.02, []float64{0.2}, 1},
		{"experts, eight sequences", v3, 0.02, []float64{0.85, 0.7, 0.6}, 8},
		{"every row costs as much", func(rows int) float64 { return 0.1 * float64(rows) }, 0.02, []float64{0.8}, 1},
		{"every row costs as much, four sequences", func(rows int) float64 { return 0.1 * float64(rows) }, 0.02, []float64{0.8}, 4},
		{"every row costs as much, 64 sequences", func(rows int) float64 { return 0.02 + 0.01*float64(rows) }, 0.02, []float64{0.6, 0.5, 0.4}, 64},
		{"64 sequences, good drafts", func(rows int) float64 { return 0.3 + 0.01*float64(rows) }, 0.02, []float64{0.85, 0.7, 0.6}, 64},
		{"64 sequences, bad drafts", func(rows int) float64 { return 0.3 + 0.01*float64(rows) }, 0.02, []float64{0.2, 0.1, 0.1}, 64},
		{"slow layer", func(rows int) float64 { return 0.1 + 0.001*float64(rows) }, 0.6, []float64{0.5}, 1},
	} {
		var d drafts
		d.init(Drafting{}.withDefaults(), true)
		got := m.run(&d, 2000, 4000, &other{random: rand.New(rand.NewPCG(1, 1))})
		best, at := 0.0, 0
		for n := range d.most(byMTP) + 1 {
			if s := m.speed(n); s > best {
				best, at = s, n
			}
		}
		// The best of the fixed, with the noise's mean of 1.003, and the steps that
		// find out what the others cost.
		t.Logf("%s: %.2f tokens a second; none %.2f, best %.2f with %d; told %.2f", m.name, got, m.speed(0), best, at, d.gain())
		if got < 0.95*best {
			t.Errorf("%s: %.2f tokens a second, the best fixed number, %d, gives %.2f", m.name, got, at, best)
		}
		if none := m.speed(0); at == 0 && got < 0.99*none {
			t.Errorf("%s: %.2f tokens a second, without drafts %.2f", m.name, got, none)
		}
		if told := d.gain(); at > 0 && (told < 0.93*best/m.speed(0) || told > 1.07*best/m.speed(0)) {
			t.Errorf("%s: a gain of %.2f is told, it is %.2f", m.name, told, best/m.speed(0))
		}
	}
}

// TestDraftsFromTheFirst: an answer of 128 steps by an engine that knows nothing yet, on a
// machine that is busy with other things, is hardly slower than without drafts, and has
// most of what they gain.
func TestDraftsFromTheFirst(t *testing.T) {
	const trials = 200
	chance := []float64{0.75, 0.6, 0.5}
	for _, sequences := range []int{1, 4} {
		for _, gain := range []float64{0.7, 0.9, 1, 1.1, 1.3, 1.6} {
			row := (1+chance[0])/gain - 0.15 - 1 // of a step, so that one draft gains that
			m := machine{"", func(rows int) float64 {
				return 0.001 * (1 + row*(float64(rows)/float64(sequences)-1))
			}, 0.15, chance, sequences}
			best := 1.0
			for n := range 4 {
				best = max(best, m.speed(n)/m.speed(0))
			}
			sum := 0.0
			for i := range uint64(trials) {
				var auto, off drafts
				auto.init(Drafting{}.withDefaults(), true)
				off.init(Drafting{MTP: Off}.withDefaults(), true)
				sum += math.Log(m.run(&auto, 0, 128, &other{random: rand.New(rand.NewPCG(i, 1)), busy: true}) /
					m.run(&off, 0, 128, &other{random: rand.New(rand.NewPCG(i, 2)), busy: true}))
			}
			got := math.Exp(sum / trials)
			t.Logf("%d sequences, one draft gains %.2f, the best number %.2f: %.3f", sequences, gain, best, got)
			if got < 0.96+0.75*(best-1) {
				t.Errorf("%d sequences: %.3f times as fast as without drafts, of which one gains %.2f and the best number %.2f", sequences, got, gain, best)
			}
		}
	}
}

// TestDraftsOfUnequalSequences: where drafts pay for one sequence and not for
// another, they are given so.
func TestDraftsOfUnequalSequences(t *testing.T) {
	var d drafts
	d.init(Drafting{}.withDefaults(), true)
	good, bad := &sequence{}, &sequence{}
	step := experts(0.45, 256, 8)
	for rows := 1; rows < 10; rows++ {
		for range 5 {
			d.measured(1, rows, 1, time.Duration(step(rows)*1e9))
			d.drafted(1, time.Millisecond)
		}
	}
	for range 50 {
		good.origin, bad.origin = byMTP, byMTP
		d.verified(good, 2, 2)
		d.verified(bad, 1, 0)
	}
	asks := []*ask{{sequence: bad, most: 3}, {sequence: good, most: 3}}
	d.decide(asks, frame{room: 2048})
	if asks[0].most != 0 || asks[1].most < 2 {
		t.Errorf("%d drafts for a sequence in which none held, %d for one in which all did", asks[0].most, asks[1].most)
	}
}

// TestLookup finds what followed before.
func TestLookup(t *testing.T) {
	for _, test := range []struct {
		tokens []token.ID
		most   int
		want   string
		same   int
	}{
		{[]token.ID{1, 2, 3, 4, 5, 1, 2, 3}, 2, "[4 5]", 3},
		{[]token.ID{1, 2, 3, 4, 5, 1, 2, 3}, 4, "[4 5 1 2]", 3},
		{[]token.ID{9, 1, 2, 3, 4, 5, 9, 1, 2, 3}, 2, "[4 5]", 4},
		{[]token.ID{1, 2, 3, 9, 1, 2, 3, 4, 5, 1, 2, 3}, 1, "[4]", 3}, // the latest
		{[]token.ID{7, 7, 7, 7}, 3, "[7 7 7]", 3},
		{[]token.ID{1, 2, 3, 4, 5, 2, 3}, 2, "[]", 0},
		{[]token.ID{1, 2}, 2, "[]", 0},
		{[]token.ID{1, 2, 3}, 2, "[]", 0},
		{nil, 2, "[]", 0},
	} {
		var l lookup
		if got, same := l.find(test.tokens, test.most); fmt.Sprint(got) != test.want || same != test.same {
			t.Errorf("%v: %v behind %d, want %s behind %d", test.tokens, got, same, test.want, test.same)
		}
	}
}

// TestLookupFollows: what goes on to be right is followed where the text has another place
// with the same few tokens, and found again soon behind an edit.
func TestLookupFollows(t *testing.T) {
	before := []token.ID{1, 2, 3, 10, 11, 12, 4, 5, 6, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 1, 2, 3, 40, 41, 99}
	for name, test := range map[string]struct {
		after []token.ID
		lost  int // tokens of it that are not drafted, most being 1
	}{
		"copied":            {[]token.ID{1, 2, 3, 10, 11, 12, 4, 5, 6, 20, 21, 22, 23, 24}, 4}, // 1, 2, 3, and 10: the latest goes on with 40
		"one token changed": {[]token.ID{10, 11, 12, 4, 50, 6, 20, 21, 22, 23, 24}, 3 + 1 + 2},
		"tokens put in":     {[]token.ID{10, 11, 12, 4, 5, 51, 52, 53, 54, 6, 20, 21, 22, 23, 24}, 3 + 4 + 2},
		"a line put in":     {[]token.ID{20, 21, 22, 23, 24, 25, 51, 52, 24, 25, 26, 27, 28}, 3 + 4},
		"tokens left out":   {[]token.ID{10, 11, 12, 4, 5, 22, 23, 24, 25}, 3 + 2},
	} {
		text := slices.Concat(before, test.after)
		var l lookup
		lost := 0
		for n := len(before); n < len(text); n++ {
			if found, _ := l.find(text[:n], 1); len(found) == 0 || found[0] != text[n] {
				lost++
			}
		}
		if lost != test.lost {
			t.Errorf("%s: %d tokens were not drafted, want %d", name, lost, test.lost)
		}
	}
}

// TestOneForced: what is always done comes first, and the other origin goes on to be
// decided by what it gives.
func TestOneForced(t *testing.T) {
	repeats := []token.ID{1, 2, 3, 4, 5, 1, 2, 3}
	decide := func(d *drafts, tokens []token.ID) *ask {
		a := &ask{sequence: &sequence{tokens: tokens}, most: 2}
		d.decide([]*ask{a}, frame{room: 512})
		return a
	}
	var d drafts
	d.init(Drafting{MTP: On, Lookup: Auto, Most: 2}, true)
	if a := decide(&d, repeats); a.origin != byMTP || a.most != 2 {
		t.Errorf("with MTP always: %d drafts of origin %d, want 2 of the MTP layer", a.most, a.origin)
	}
	d = drafts{}
	d.init(Drafting{MTP: Auto, Lookup: On, Most: 2}, true)
	if a := decide(&d, repeats); a.origin != byLookup || a.most != 2 {
		t.Errorf("with lookup always: %d drafts of origin %d, want 2 that are looked up", a.most, a.origin)
	}
	layer := 0
	for range 100 { // nothing is found, and the layer is worth a try
		a := decide(&d, []token.ID{1, 2, 3, 4})
		if a.origin == byLookup {
			t.Fatal("drafts that were not found")
		}
		if a.origin == byMTP {
			layer++
		}
		d.measured(1, 1+a.most, 1+a.most, time.Millisecond)
		d.drafted(1, time.Microsecond)
	}
	if layer < 20 {
		t.Errorf("where nothing is found, the MTP layer drafted in %d of 100 steps", layer)
	}
}

// TestDraftsTakeTheirNoise: a draft is chosen by the noise of its own place, behind the
// drafts before it. Of an MTP layer that is always right, all hold then, sampled as well.
func TestDraftsTakeTheirNoise(t *testing.T) {
	e, f := start(t, Options{Drafting: Drafting{MTP: On, Most: 3}})
	f.right = 10
	s := submit(t, e, Request{
		Prompt: []token.ID{1, 2, 3}, MaxTokens: 60,
		Sampling: sample.Params{Temperature: 2, Seed: 5, PresencePenalty: 1},
	})
	if _, err := collect(s); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Drafted < 40 || st.Accepted != st.Drafted {
		t.Errorf("%d of %d drafts held, want all", st.Accepted, st.Drafted)
	}
}
