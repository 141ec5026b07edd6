package engine

import (
	"hash/fnv"
	"math"
	"time"

	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// A Request is what is asked of the engine.
type Request struct {
	// Prompt is at least one token.
	Prompt []token.ID
	// MaxTokens is the most new tokens; 0, and more than the context holds, mean as
	// many as it does.
	MaxTokens int
	// Sampling says how tokens are chosen. The zero value is greedy.
	Sampling sample.Params
	// End are the tokens that end the sequence. The one that did is part of it.
	End []token.ID
	// Stop is told of each new token that is not of End, in order, and ends the sequence with
	// it where it returns true, as a token of End does. It is called by goroutines of the
	// engine: one that several requests share by several at once. nil ends nothing.
	Stop func(token.ID) bool
	// Priority orders sequences where not all can be computed: the greater go
	// first, push the lesser aside, and are not pushed aside by them. Default 0.
	Priority int
}

// A Reason is why a sequence ended.
type Reason string

const (
	// Stopped is the end by a token of Request.End, or by Request.Stop.
	Stopped Reason = "stop"
	// Length is the end by MaxTokens or by a full context.
	Length Reason = "length"
)

// Stats say what a sequence took.
type Stats struct {
	// PrefillTokens are those of the prompt, Reused of them were cached before.
	PrefillTokens int
	Reused        int
	// Parted is how many tokens of the prompt were remembered in memory: Reused, and
	// those that are computed all the same. Instead are tokens that were cached
	// behind them: what would have had to follow for more to be reused. There are
	// none where nothing was.
	Parted  int
	Instead []token.ID
	// Queued is the time until the sequence was begun, Prefill that from there to
	// the first token, Decode that from there to the last.
	Queued       time.Duration
	Prefill      time.Duration
	DecodeTokens int // tokens after the first, which the prefill gives
	Decode       time.Duration
	Steps        int // that gave tokens, the first included
	Preempted    int // how often the pages were given to another sequence
	Drafted      int // tokens that were drafted, and how many of them
	Accepted     int // were right
	// ByPlace has the drafts by their place behind a token: the first, the
	// second, and so on.
	ByPlace    []Acceptance
	Reason     Reason
	LogitsHash uint32 // FNV-1a of the last logits: a change of numerics shows
}

// An Acceptance counts drafts.
type Acceptance struct {
	Drafted, Accepted int
}

// count adds the drafts of a step.
func (s *Stats) count(drafted, accepted int) {
	s.Drafted += drafted
	s.Accepted += accepted
	s.ByPlace = countPlaces(s.ByPlace, drafted, accepted)
}

func countPlaces(places []Acceptance, drafted, accepted int) []Acceptance {
	for i := range drafted {
		if i == len(places) {
			places = append(places, Acceptance{})
		}
		places[i].Drafted++
		if i < accepted {
			places[i].Accepted++
		}
	}
	return places
}

// hash returns the FNV-1a hash of the bits of v.
func hash(v []float32) uint32 {
	h := fnv.New32a()
	var b [4]byte
	for _, x := range v {
		u := math.Float32bits(x)
		b = [4]byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)}
		h.Write(b[:])
	}
	return h.Sum32()
}
