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

// unmeasured notes that a step had something else in it, too.
func (c *costs) unmeasured() { c.drafting = 0 }

// drafted notes what a place of drafts took in the MTP layer.
func (c *costs) drafted(rows int, seconds float64) {
	c.layer.note(rows, seconds)
	c.drafting += c.layer.at(rows)
}

// place returns the seconds of a place of drafts in the MTP layer; before any is known so
// many that one is tried, and not several.
func (c *costs) place(rows int) float64 {
	if c.layer == (times{}) {
		return c.step.at(rows)
	}
	return c.layer.at(rows)
}

// gain returns how much faster drafts made the steps; 0 while not known.
func (c *costs) gain() float64 {
	if c.with == 0 {
		return 0
	}
	return c.without / c.with
}

// times are moving means of seconds by rows. What slows all down, as a growing
// context or another program does, is seen at whatever number of rows is computed
// just then: so every measurement moves all of them, and its own the most.
//
// Numbers of rows up to apartRows are known apart, and larger ones in classes that each
// reach an eighth further.
type times struct {
	mean [classes]float64 // 0 is not known
	seen [classes]int
}

const (
	apartRows = 32
	octave    = 6                        // classes in which rows double
	classes   = apartRows + 6*octave + 1 // up to 2048 rows; 0 is none
)

const (
	few      = 3    // measurements of which only the least counts
	ownShare = 0.2  // of a measurement in the mean of its number of rows
	allShare = 0.15 // of its change in the means of the others
)

// class returns that of a number of rows.
func class(rows int) int {
	if rows <= apartRows {
		return rows
	}
	return min(apartRows+int(math.Round(octave*math.Log2(float64(rows)/apartRows))), classes-1)
}

// middle returns the rows that a class is taken to have.
func middle(class int) float64 {
	if class <= apartRows {
		return float64(class)
	}
	return apartRows * math.Exp2(float64(class-apartRows)/octave)
}

func (t *times) known(rows int) bool { return t.mean[class(rows)] > 0 }

// tried returns how often a number of rows was measured.
func (t *times) tried(rows int) int { return t.seen[class(rows)] }

func (t *times) note(rows int, seconds float64) {
	c, seconds := class(rows), max(seconds, 1e-9) // 0 is not known
	t.seen[c]++
	if n := t.seen[c]; n <= few {
		// The first of its kind finds nothing in the caches: the least counts.
		if n == 1 || seconds < t.mean[c] {
			t.mean[c] = seconds
		}
		return
	}
	// One step that was held up says little; and of factors, as one of two and one
	// of a half, nothing is to be left.
	change := math.Log(min(max(seconds/t.mean[c], 0.5), 2))
	own, all := math.Exp(ownShare*change), math.Exp(allShare*change)
	for i := range t.mean {
		if i == c {
			t.mean[i] *= own
		} else {
			t.mean[i] *= all
		}
	}
}

// guess is what a further row is taken to cost of a step, before two numbers of rows
// are known: little, so that it is tried.
const guess = 0.1

// at returns the seconds of a step of so many rows: measured, or on a line through
// the nearest numbers of rows that were; 1 where nothing is known.
func (t *times) at(rows int) float64 {
	c, r := class(rows), float64(rows)
	if c <= apartRows && t.mean[c] > 0 {
		return t.mean[c]
	}
	below, above := 0, 0 // classes that are known
	for i := c; i >= 1 && below == 0; i-- {
		if t.mean[i] > 0 && middle(i) <= r {
			below = i
		}
	}
	for i := c; i < classes && above == 0; i++ {
		if t.mean[i] > 0 && middle(i) > r {
			above = i
		}
	}
	switch {
	case below > 0 && above > 0:
		return t.line(below, above, r)
	case below > 0:
		for i := below - 1; i >= 1; i-- {
			if t.mean[i] > 0 {
				return max(t.line(i, below, r), t.mean[below])
			}
		}
		return t.mean[below] * (1 + guess*(r-middle(below)))
	case above > 0:
		return t.mean[above] / (1 + guess*(middle(above)-r))
	}
	return 1 + guess*r
}

func (t *times) line(a, b int, rows float64) float64 {
	return t.mean[a] + (t.mean[b]-t.mean[a])*(rows-middle(a))/(middle(b)-middle(a))
}

// ratings are how drafts fared by their origin and place: the share that held, of
// those before which all held. They forget what is long ago.
type ratings struct {
	seen [origins][mostPlaces]float64 // drafts, up to memory
	held [origins][mostPlaces]float64 // share of them
}

const (
	mostPlaces = 16
	memory     = 48 // drafts that a rating remembers
	trust      = 6  // drafts of a sequence that weigh as much as what is known of others
)

// firstGuess is the chance of a draft before anything is known.
var firstGuess = [origins]float64{byMTP: 0.7, byLookup: 0.5, byQuote: 0.9}

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
