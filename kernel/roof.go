package kernel

// The roofs are what a machine reaches if nothing but one thing is done; a
// measurement says how near to them a kernel comes.

// ReadLoop reads b, and does nothing else.
func ReadLoop(b []byte) {
	if n := len(b) / roofStep; n > 0 {
		readLoop(b, n)
	}
}

// roofStep is how many bytes a step of ReadLoop reads.
const roofStep = 512

// MultiplyLoop does n steps of the products of eight-bit integers that MatMulQ8
// does for many tokens on this tier, from registers, and returns how many
// multiplications and additions those are.
func MultiplyLoop(n int) (operations int) {
	if n <= 0 {
		return 0
	}
	return n * multiplyLoop(n)
}
