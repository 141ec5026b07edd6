package nn

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A signaler lets a thread sleep until a state changes: on a futex, which wakes
// the thread itself. Go's own ways wake a scheduler, which looks for a thread,
// which starts the one that the goroutine is bound to; it takes 25 times as long.
type signaler struct{}

func newSignaler() signaler { return signaler{} }

// The operations of futex(2), within a process.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// await returns when the state is no longer asleep.
func (signaler) await(state *atomic.Uint32) {
	for state.Load() == asleep {
		// An error is a signal, or a state that has changed already.
		_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(state)), futexWait, asleep, 0, 0, 0)
	}
}

// signal tells of a changed state.
func (signaler) signal(state *atomic.Uint32) {
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(state)), futexWake, 1, 0, 0, 0)
}

// drain forgets a signal that nobody waited for: a futex keeps none.
func (signaler) drain() {}
