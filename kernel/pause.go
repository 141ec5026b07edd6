package kernel

// Pause passes some ten nanoseconds, in the way that tells the processor of a
// loop that looks for what another thread writes: it then takes less from its
// neighbour on the same core, and does not run ahead of what it waits for.
func Pause() { pause() }
