package engine

import "github.com/deskseek/deskseek/token"

// gram is how many last tokens must have been there before for what followed them to
// be drafted. Fewer match by chance.
const gram = 3

// A lookup finds where the last tokens of a sequence stood before: in a text that is
// edited or quoted, what followed then follows again.
type lookup struct {
	last map[[gram]token.ID]int32 // the position behind a gram: the latest, but for the last one of all
	done int                      // positions behind which grams are known
}

// find returns up to most tokens that followed the last tokens when they stood in the
// sequence before; none where they did not.
func (l *lookup) find(tokens []token.ID, most int) []token.ID {
	if l.last == nil {
		l.last = map[[gram]token.ID]int32{}
		l.done = gram - 1
	}
	for ; l.done < len(tokens)-1; l.done++ {
		l.last[key(tokens, l.done+1)] = int32(l.done + 1)
	}
	if len(tokens) < gram {
		return nil
	}
	at, ok := l.last[key(tokens, len(tokens))]
	if !ok {
		return nil
	}
	// What overlaps its own beginning goes on repeating itself.
	found := make([]token.ID, most)
	for i := range found {
		if p := int(at) + i; p < len(tokens) {
			found[i] = tokens[p]
		} else {
			found[i] = found[p-len(tokens)]
		}
	}
	return found
}

// key is the gram that ends before a position.
func key(tokens []token.ID, end int) [gram]token.ID {
	return [gram]token.ID(tokens[end-gram : end])
}
