package engine

import "github.com/deskseek/deskseek/token"

// gram is how many last tokens must have been there before for what followed them to
// be drafted. Fewer match by chance.
const gram = 3

// A lookup finds where the last tokens of a sequence stood before: in a text that is
// edited or quoted, what followed then follows again.
//
// While that goes on to be right, it follows that place. Where the text parts from it, as
// at an edit, it looks a little behind that first, and then for the latest of all.
type lookup struct {
	last   map[[gram]token.ID]int32 // the position behind a gram: the latest, but for the last one of all
	done   int                      // positions behind which grams are known
	seen   int                      // tokens that were followed
	at     int                      // the token that is taken to be the next; 0 is not known
	same   int                      // how many before it are the last ones
	parted int                      // where the text parted from what it followed; 0 is nowhere
	when   int                      // how many tokens there were then
}

const (
	nearby   = 64 // tokens behind an edit in which the text is looked for
	resuming = 2  // tokens that show it
	mostSame = 32 // tokens that are compared
)

// find returns up to most tokens that followed the last tokens when they stood in the
// sequence before, and how many stood there; none where they did not.
func (l *lookup) find(tokens []token.ID, most int) (found []token.ID, same int) {
	l.follow(tokens)
	l.index(tokens)
	if l.at == 0 {
		l.at = l.resume(tokens)
	}
	if l.at == 0 {
		l.at = l.search(tokens)
	}
	if l.at == 0 {
		return nil, 0
	}
	if l.same == 0 {
		l.same = matching(tokens, l.at, mostSame)
	}
	// What overlaps its own beginning goes on repeating itself.
	found = make([]token.ID, most)
	for i := range found {
		if p := l.at + i; p < len(tokens) {
			found[i] = tokens[p]
		} else {
			found[i] = found[p-len(tokens)]
		}
	}
	return found, l.same
}

// follow goes on at the place that was found, past the tokens that are new, as long as
// they are those there.
func (l *lookup) follow(tokens []token.ID) {
	for ; l.at > 0 && l.seen < len(tokens); l.seen++ {
		if tokens[l.at] != tokens[l.seen] {
			l.parted, l.when, l.at, l.same = l.at, l.seen, 0, 0
			break
		}
		l.at++
		l.same++
	}
	l.seen = len(tokens)
}

// index notes the grams of tokens, but for the last one.
func (l *lookup) index(tokens []token.ID) {
	if l.last == nil {
		l.last = map[[gram]token.ID]int32{}
		l.done = gram - 1
	}
	for ; l.done < len(tokens)-1; l.done++ {
		l.last[key(tokens, l.done+1)] = int32(l.done + 1)
	}
}

// resume returns the place nearest behind where the text parted from what it followed to
// which the last tokens lead; 0 where there is none, or that is long ago.
func (l *lookup) resume(tokens []token.ID) int {
	if len(tokens) > l.when+nearby {
		return 0
	}
	for at := l.parted; at > 0 && at < min(l.parted+nearby, len(tokens)-1); at++ {
		if matching(tokens, at, resuming) == resuming {
			return at
		}
	}
	return 0
}

// search returns the latest place behind the last gram; 0 where there is none.
func (l *lookup) search(tokens []token.ID) int {
	if len(tokens) < gram {
		return 0
	}
	return int(l.last[key(tokens, len(tokens))])
}

// matching returns how many tokens before a position are the last ones, up to most.
func matching(tokens []token.ID, at, most int) (n int) {
	for n < min(most, at) && tokens[at-1-n] == tokens[len(tokens)-1-n] {
		n++
	}
	return n
}

// key is the gram that ends before a position.
func key(tokens []token.ID, end int) [gram]token.ID {
	return [gram]token.ID(tokens[end-gram : end])
}
