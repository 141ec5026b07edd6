package sample

import "github.com/deskseek/deskseek/token"

// Verify returns how many leading drafts hold: those that are the tokens chosen
// at their places. chosen[i] is the choice by the logits of a network that has
// seen drafts[:i], so it counts only where all drafts before it hold; after the
// last that does, chosen has one more token, which is free. So what is generated
// is the same with drafts and without.
func Verify(drafts, chosen []token.ID) int {
	for i, d := range drafts {
		if i >= len(chosen) || chosen[i] != d {
			return i
		}
	}
	return len(drafts)
}
