package main

import (
	"fmt"
	"io"
	"time"
)

// A pace is how often somebody is told of progress: once a second.
type pace struct{ start, next time.Time }

func newPace() *pace {
	now := time.Now()
	return &pace{now, now.Add(time.Second)}
}

// due returns how long it has gone on, and whether it is time to tell.
func (p *pace) due() (passed time.Duration, ok bool) {
	now := time.Now()
	if ok = !now.Before(p.next); ok {
		p.next = now.Add(time.Second)
	}
	return now.Sub(p.start), ok
}

// left returns how long the rest takes at the speed so far, in whole seconds.
func left(passed time.Duration, done, total int64) time.Duration {
	return time.Duration(float64(passed) / float64(done) * float64(total-done)).Round(time.Second)
}

// told tells w once a second how much is read, and how fast, and at the end.
func told(w io.Writer) func(done, total int64) {
	p := newPace()
	return func(done, total int64) {
		if passed, ok := p.due(); ok || done >= total {
			fmt.Fprintf(w, "%d %%: %s, %.1f GB/s\n", 100*done/total, bytesOf(done), float64(done)/giga/passed.Seconds())
		}
	}
}

// toldLeft tells w once a second how much is read, how fast, and how long the rest
// takes at that speed; and at the end.
func toldLeft(w io.Writer) func(done, total int64) {
	p := newPace()
	return func(done, total int64) {
		if passed, ok := p.due(); ok || done >= total {
			passed = max(passed, time.Millisecond)
			fmt.Fprintf(w, "%d %%: %s of %s read, %.2f GB/s, %v left\n", 100*done/total, bytesOf(done), bytesOf(total), float64(done)/giga/passed.Seconds(), left(passed, done, total))
		}
	}
}
