package nn

import "sync/atomic"

// A parker is where one thread sleeps until another wakes it.
//
// The sleeper calls prepare, looks once more for what it waits for, and then
// either sleep or, having seen it, stay. Whoever brings it about calls wake
// after. So one of the two sees the other, and nobody sleeps through it.
type parker struct {
	state atomic.Uint32
	signaler
}

// The states of a parker.
const (
	awake  = iota
	asleep // or about to be
)

func (p *parker) prepare() { p.state.Store(asleep) }

// stay takes prepare back.
func (p *parker) stay() {
	if !p.state.CompareAndSwap(asleep, awake) {
		p.drain()
	}
}

// sleep returns when wake was called since prepare.
func (p *parker) sleep() { p.await(&p.state) }

// wake ends a sleep, also one that is only prepared. It costs a load where there
// is none.
func (p *parker) wake() {
	if p.state.Load() == asleep && p.state.CompareAndSwap(asleep, awake) {
		p.signal(&p.state)
	}
}
