package engine

import (
	"time"

	"github.com/deskseek/deskseek/token"
)

// A Mode says whether something is done.
type Mode string

// The modes.
const (
	Auto Mode = "auto" // where it pays, as it is measured while it runs
	On   Mode = "on"   // always
	Off  Mode = "off"
)

// Drafting says how tokens are drafted, to be checked by the network in the step
// that computes the token before them. Drafts change no token: they are chosen by
// the network's layer for it, or found in the text, and count only where the network
// chooses the same.
type Drafting struct {
	// MTP is drafting by the MTP layer, where the network has one. Default Auto.
	MTP Mode
	// Lookup is drafting what followed the last tokens earlier in the sequence.
	// Default Auto; Off where MTP is On.
	Lookup Mode
	// Most is the most drafts of a sequence in a step. Default 3 of the MTP layer,
	// and 15 that are found in the text; where MTP or Lookup is On, they are always so
	// many, and the default is 1.
	Most int
	// Rewrite, where it is not nil, may change drafts before they are checked:
	// to measure what another acceptance would give. Their number stays.
	Rewrite func(tokens, drafts []token.ID)
}

func (d Drafting) withDefaults() Drafting {
	if d.MTP == "" {
		d.MTP = Auto
	}
	if d.Lookup == "" {
		d.Lookup = Auto
		if d.MTP == On {
			d.Lookup = Off
		}
	}
	if d.Most == 0 && (d.MTP == On || d.Lookup == On) {
		d.Most = 1
	}
	return d
}

// most returns the most drafts of an origin.
func (d *Drafting) most(from origin) int {
	switch {
	case d.Most > 0:
		return d.Most
	case from == byMTP:
		return 3
	}
	return 15
}

// widest returns the most drafts of any origin.
func (d *Drafting) widest() int {
	if d.Lookup == Off {
		return d.most(byMTP)
	}
	return d.most(byQuote)
}

// An origin is where drafts come from.
type origin int

const (
	byNone origin = iota
	byMTP
	byLookup // after a few tokens that stood before
	byQuote  // the same after many: that holds far more often
	origins
)

// many tokens in a row that stood before are no chance.
const many = 8

// looked returns whether drafts are found in the text.
func (o origin) looked() bool { return o == byLookup || o == byQuote }

// An ask is for drafts of a sequence.
type ask struct {
	sequence *sequence
	run      int        // of the plan
	most     int        // drafts
	origin   origin     // decided
	found    []token.ID // what lookup found
}

// drafts decides who drafts how much, from what that cost and gave before.
type drafts struct {
	Drafting
	mtp   bool // there is an MTP layer
	costs costs
	rates ratings // of all sequences
	look  int     // decisions until the next without drafts, while they pay
	gap   int     // how many these were the last time
	rest  int     // decisions until the next try, while nothing is drafted
	pause int     // how many these were the last time
}

func (d *drafts) init(o Drafting, mtp bool) {
	d.Drafting, d.mtp = o, mtp && o.MTP != Off
	d.pause, d.gap, d.look = 4, 4, 4
}

// A frame is what else there is to the step that drafts are decided for.
type frame struct {
	room    int     // drafts that it has room for
	prompts float64 // seconds that it takes for prompts; 0 where there are none
	row     float64 // seconds of a row beside them
}

// decide sets the origin and the number of the drafts of each ask.
func (d *drafts) decide(asks []*ask, f frame) {
	if len(asks) == 0 {
		return
	}
	for _, a := range asks {
		d.offer(a)
	}
	asks, forced := d.force(asks, &f)
	if len(asks) == 0 {
		return
	}
	n, gain := d.best(asks, forced, &f)
	alone := len(asks) + forced // rows without drafts
	switch {
	case f.prompts > 0: // not measured, and hardly longer for drafts
	case d.costs.step.tried(alone) < few:
		n = 0 // what drafts are measured by
	case n > 0 && d.look == 0:
		n = 0
		d.gap = min(2*d.gap, 64)
		if gain < small {
			d.gap = min(d.gap, 16)
		}
		d.look = d.gap
	case n > 0:
		d.look--
		d.rest, d.pause = 0, 4
	case d.rest > 0:
		d.rest--
	default:
		// What drafts cost and give is tried again, ever more rarely.
		n = min(len(asks), f.room)
		d.rest, d.pause = d.pause, min(2*d.pause, 1024)
	}
	d.divide(asks, n)
}

// force settles the asks whose drafts are always made, as far as there is room for them,
// and returns the others, and how many rows those are.
func (d *drafts) force(asks []*ask, f *frame) (others []*ask, rows int) {
	each := f.room / len(asks)
	for _, a := range asks {
		if a.origin == byMTP && d.MTP == On || a.origin.looked() && d.Lookup == On {
			d.settle(a, min(a.most, each))
			rows += 1 + a.most
			f.room -= a.most
		} else {
			others = append(others, a)
		}
	}
	return others, rows
}

// offer says where an ask's drafts would come from: the text where it repeats
// itself, unless the MTP layer has the better record in this sequence. What is always
// done comes first.
func (d *drafts) offer(a *ask) {
	q, most := a.sequence, a.most
	text := byNone
	if n := min(most, d.most(byQuote)); d.Lookup != Off && n > 0 {
		same := 0
		if a.found, same = q.lookup.find(q.tokens, n); same >= many {
			text = byQuote
		} else if same > 0 {
			text = byLookup
		}
	}
	layer := min(most, d.most(byMTP))
	switch {
	case text != byNone && (!d.mtp || q.lone || d.Lookup == On || d.MTP != On && d.worth(q, text, len(a.found)) >= d.worth(q, byMTP, layer)):
		a.origin, a.most = text, len(a.found)
	case d.mtp && !q.lone && most > 0:
		a.origin, a.most = byMTP, layer
	}
}

// worth returns how many of n drafts are expected to hold.
func (d *drafts) worth(q *sequence, from origin, n int) float64 {
	sum, p := 0.0, 1.0
	for i := range n {
		p *= d.chance(q, from, i)
		sum += p
	}
	return sum
}

// chance returns how likely the draft at a place holds if those before it do. What is not
// known of a sequence is taken to be as it is of all, and of a place as of the one before.
func (d *drafts) chance(q *sequence, from origin, place int) float64 {
	own, all := firstGuess[from], firstGuess[from]
	for i := range min(place+1, mostPlaces) {
		next := d.rates.chance(from, i, all)
		own = q.ratings.chance(from, i, min(1, own*next/all))
		all = next
	}
	return own
}

// enough is how much faster drafts must be expected to make a step: what is measured
// has its noise, and the best of several guesses is likely to be too good. Of less than
// small it is looked more often whether it is so.
const (
	enough = 1.05
	small  = 1.2
)

// best returns how many drafts in all give the most tokens a second, taken in the
// order of their chance, and how much faster that is than none; 0 where none pays. In the
// same step are forced rows of others.
func (d *drafts) best(asks []*ask, forced int, f *frame) (best int, gain float64) {
	rows := len(asks) + forced
	step, place := d.costs.step.at, d.costs.place(len(asks))
	if f.prompts > 0 {
		step = func(rows int) float64 { return f.prompts + f.row*float64(rows) }
		place = min(place, guess*f.prompts) // one of many layers, of few rows
	}
	none := float64(rows) / step(rows)
	bestRate := enough * none
	given := float64(rows)
	seconds, levels := 0.0, 0 // of the MTP layer
	queue := newQueue(d, asks)
	for n := 1; ; n++ {
		a, at, chance, ok := queue.next()
		if !ok || n > f.room {
			return best, bestRate / none
		}
		given += chance
		if a.origin == byMTP && at >= levels {
			levels = at + 1
			seconds += place
		}
		rate := given / (step(rows+n) + seconds)
		if rate > bestRate {
			best, bestRate = n, rate
		}
	}
}

// divide gives n drafts to the asks of best chance.
func (d *drafts) divide(asks []*ask, n int) {
	counts := make(map[*ask]int, len(asks))
	queue := newQueue(d, asks)
	for range n {
		a, _, _, ok := queue.next()
		if !ok {
			break
		}
		counts[a]++
	}
	for _, a := range asks {
		d.settle(a, counts[a])
	}
}

// settle gives an ask its number of drafts; those that were found are drafts at once.
func (d *drafts) settle(a *ask, n int) {
	a.most = n
	if n == 0 {
		a.origin = byNone
	}
	a.sequence.origin = a.origin
	if a.origin.looked() {
		a.sequence.drafts = append(a.sequence.drafts[:0], a.found[:n]...)
	}
}

// A queue gives the drafts that asks could have, the most likely to hold first.
type queue struct {
	drafts *drafts
	asks   []*ask
	taken  []int
	chance []float64 // that the next of an ask holds, and all before it
}

func newQueue(d *drafts, asks []*ask) *queue {
	q := &queue{drafts: d, asks: asks, taken: make([]int, len(asks)), chance: make([]float64, len(asks))}
	for i, a := range asks {
		q.chance[i] = d.chance(a.sequence, a.origin, 0)
	}
	return q
}

func (q *queue) next() (a *ask, place int, chance float64, ok bool) {
	best := -1
	for i, a := range q.asks {
		if a.origin != byNone && q.taken[i] < a.most && (best < 0 || q.chance[i] > q.chance[best]) {
			best = i
		}
	}
	if best < 0 {
		return nil, 0, 0, false
	}
	a, place, chance = q.asks[best], q.taken[best], q.chance[best]
	q.taken[best]++
	q.chance[best] *= q.drafts.chance(a.sequence, a.origin, place+1)
	return a, place, chance, true
}

// verified notes how drafts fared.
func (d *drafts) verified(q *sequence, drafted, accepted int) {
	q.ratings.note(q.origin, drafted, accepted)
	d.rates.note(q.origin, drafted, accepted)
}

// measured notes what a step took that gave tokens to sequences of single tokens and
// drafts, rows in all.
func (d *drafts) measured(sequences, rows, given int, took time.Duration) {
	d.costs.measured(sequences, rows, given, took.Seconds())
}

// drafted notes what a place of drafts took in the MTP layer.
func (d *drafts) drafted(rows int, took time.Duration) {
	d.costs.drafted(rows, took.Seconds())
}

// gain returns how much faster drafts made the steps; 0 while not known, and where
// drafts are forced, so that no step tells what it would take without.
func (d *drafts) gain() float64 {
	if d.MTP == On || d.Lookup == On {
		return 0
	}
	return d.costs.gain()
}
