package measure

import (
	"errors"
	"fmt"

	"github.com/deskseek/deskseek/token"
)

// A Replay is a text that Decode is to say, behind a prompt: so that what drafts gain of
// an edit or a quote can be measured of any weights, and of those that would say
// something else. All is computed as if the network had chosen it.
type Replay struct {
	Prompt, Answer []token.ID
}

// Check says why a network with so many tokens in its vocabulary can't say it.
func (r *Replay) Check(vocabulary int) error {
	if len(r.Prompt) == 0 || len(r.Answer) < 2 {
		return errors.New("a replay needs a prompt of one token at least, and an answer of two")
	}
	for _, ids := range [...][]token.ID{r.Prompt, r.Answer} {
		for _, id := range ids {
			if id < 0 || int(id) >= vocabulary {
				return fmt.Errorf("token %d is not in the vocabulary, which has 0 to %d", id, vocabulary-1)
			}
		}
	}
	return nil
}

// Case returns the case of so many of its tokens, in so many streams. The first token of the
// answer is not counted, as none is in other cases; 0 are all behind it.
func (r *Replay) Case(tokens, streams int) Case {
	all := len(r.Answer) - 1
	if tokens == 0 {
		tokens = all
	}
	return Case{Kind: Decode, Tokens: min(tokens, all), Depth: len(r.Prompt) - 1, Streams: streams}
}

// at returns the token at a position of prompt and answer; behind them, as far as a step or
// another stream goes on, what repeats nothing, so that no draft of it holds.
func (r *Replay) at(position, vocabulary int) token.ID {
	if i := position - len(r.Prompt); i < len(r.Answer) {
		return r.Answer[i]
	}
	return token.ID(position * 7919 % vocabulary)
}
