package engine

import "math"

// costs are what steps took, as it was measured while they ran.
//
// A step of r rows reads the weights that its rows need. Of a dense network these
// are the same for one row and for eight, so that a draft is nearly free. Of a Mixture
// of Experts every row chooses its own: two rows read up to twice the experts, and
// the draft costs what it reads. How far that goes depends on the text, on the sizes
// of caches, and on the machine, so it is not computed but measured.
type costs struct {
	step  times // of the network, by rows
	layer times // of a place of drafts in the MTP layer, by rows

	// Of the steps since that is known: what they take, their drafting included, and
	// what the same tokens would take without drafts. Both are sums of the means, so that a step
	// that was held up counts in neither.
	with, without float64
	drafting      float64 // of with, since the last step
}

// measured notes a step.
func (c *costs) measured(sequences, rows, given int, seconds float64) {
	c.step.note(rows, seconds)
	if c.step.known(sequences) {
		c.with += c.step.at(rows) + c.drafting
		c.without += c.step.at(sequences) * float64(given) / float64(sequences)
	}
	c.drafting = 0
}

// drafted notes what a place of drafts took in the MTP layer.
func (c *costs) drafted(rows int, seconds float64) {
	c.layer.note(rows, seconds)
	c.drafting += c.layer.at(rows)
}

// gain returns how much faster drafts made the steps; 0 while not known.
func (c *costs) gain() float64 {
	if c.with == 0 {
		return 0
	}
	return c.without / c.with
}

// mostRows is how many rows times know apart.
const mostRows = 64

// times are moving means of seconds by rows. What slows all down, as a growing
// context or another program does, is seen at whatever number of rows is computed
// just then: so every measurement moves all of them, and its own the most.
type times struct {
	mean [mostRows + 1]float64 // by rows; 0 is not known
	seen [mostRows + 1]int
}

const (
	few      = 3    // measurements of which only the least counts
	ownShare = 0.2  // of a measurement in the mean of its number of rows
	allShare = 0.15 // of its change in the means of the others
)

func (t *times) known(rows int) bool { return t.mean[min(rows, mostRows)] > 0 }

func (t *times) note(rows int, seconds float64) {
	rows = min(rows, mostRows)
	t.seen[rows]++
	if n := t.seen[rows]; n <= few {
		// The first of its kind finds nothing in the caches: the least counts.
		if n == 1 || seconds < t.mean[rows] {
			t.mean[rows] = seconds
		}
		return
	}
	// One step that was held up says little; and of factors, as one of two and one
	// of a half, nothing is to be left.
	change := math.Log(min(max(seconds/t.mean[rows], 0.5), 2))
	own, all := math.Exp(ownShare*change), math.Exp(allShare*change)
	for r := range t.mean {
		if r == rows {
			t.mean[r] *= own
		} else {
			t.mean[r] *= all
		}
	}
}

// guess is what a further row is taken to cost of a step, before two numbers of rows
// are known: little, so that it is tried.
const guess = 0.1

// at returns the seconds of a step of so many rows: measured, or on a line through
// the nearest numbers of rows that were; 1 where nothing is known.
func (t *times) at(rows int) float64 {
	rows = min(rows, mostRows)
	if t.mean[rows] > 0 {
		return t.mean[rows]
	}
	below, above := 0, 0
	for r := rows; r >= 1 && below == 0; r-- {
		if t.mean[r] > 0 {
			below = r
		}
	}
	for r := rows; r <= mostRows && above == 0; r++ {
		if t.mean[r] > 0 {
			above = r
		}
	}
	switch {
	case below > 0 && above > 0:
		return t.line(below, above, rows)
	case below > 0:
		for r := below - 1; r >= 1; r-- {
			if t.mean[r] > 0 {
				return max(t.line(r, below, rows), t.mean[below])
			}
		}
		return t.mean[below] * (1 + guess*float64(rows-below))
	case above > 0:
		return t.mean[above] / (1 + guess*float64(above-rows))
	}
	return 1 + guess*float64(rows)
}

func (t *times) line(a, b, rows int) float64 {
	return t.mean[a] + (t.mean[b]-t.mean[a])*float64(rows-a)/float64(b-a)
}

// ratings are how drafts fared by their origin and place: the share that held, of
// those before which all held. They forget what is long ago.
type ratings struct {
	seen [origins][mostPlaces]float64 // drafts, up to memory
	held [origins][mostPlaces]float64 // share of them
}

const (
	mostPlaces = 16
	memory     = 48  // drafts that a rating remembers
	firstGuess = 0.7 // before anything is known
	trust      = 6   // drafts of a sequence that weigh as much as what is known of others
)

func (r *ratings) note(from origin, drafted, accepted int) {
	for i := range min(drafted, accepted+1, mostPlaces) {
		held := 0.0
		if i < accepted {
			held = 1
		}
		n := min(r.seen[from][i]+1, memory)
		r.seen[from][i] = n
		r.held[from][i] += (held - r.held[from][i]) / n
	}
}

// chance returns the share at a place, between what was seen and a prior.
func (r *ratings) chance(from origin, place int, prior float64) float64 {
	place = min(place, mostPlaces-1)
	n := r.seen[from][place]
	return math.FMA(r.held[from][place], n, prior*trust) / (n + trust)
}
