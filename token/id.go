package token

// An ID is the number of a token in a vocabulary, from 0 to its size minus
// one: a row of the embedding, a column of the logits.
type ID int32
