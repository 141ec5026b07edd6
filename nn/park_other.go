//go:build !linux

package nn

import "sync/atomic"

// A signaler lets a goroutine sleep until a state changes.
type signaler struct{ changed chan struct{} }

func newSignaler() signaler { return signaler{make(chan struct{}, 1)} }

// await returns when signal was called.
func (s signaler) await(*atomic.Uint32) { <-s.changed }

// signal tells of a changed state.
func (s signaler) signal(*atomic.Uint32) { s.changed <- struct{}{} }

// drain forgets a signal that nobody waited for.
func (s signaler) drain() { <-s.changed }
