package nn

// A Watch is told of a product of a weight with rows of activations: [n, l.In()], as
// they are before fast math rounds them.
type Watch func(l Linear, x Mat)

// Watch makes f be told of every product of Linear.Apply and ApplyHeads, and of the
// three of each expert that a step uses, with the rows that are routed to it, by
// ascending id. nil, as at first, tells nobody. What AttendExpanded multiplies with
// it is not told.
//
// It is called by the goroutine that uses a, in the order of the step, so that what it
// adds up does not depend on the workers.
func (a *Arena) Watch(f Watch) { a.watch = f }

// toldHeads tells of the heads' products, which read the columns of x from h·step on.
func (a *Arena) toldHeads(heads []Linear, x Mat, step int) {
	if a.watch == nil {
		return
	}
	for h, l := range heads {
		a.watch(l, x.Columns(h*step, h*step+l.In()))
	}
}

// told tells of the experts' products with x; of gives the matrices.
func (j *expertsJob) told(a *Arena, x Mat, of func(e *Expert) [2]Linear) {
	if a.watch == nil {
		return
	}
	for i := range j.experts {
		rows, both := x.Slice(j.start[i], j.start[i+1]), of(&j.experts[i])
		a.watch(both[0], rows)
		if both[1] != both[0] {
			a.watch(both[1], rows)
		}
	}
}

// AddSquares adds the squares of each column of x to sums, row after row.
func AddSquares(sums []float64, x Mat) {
	if len(sums) != x.cols {
		panic("nn: AddSquares of another number of columns")
	}
	j := &x.arena.jobs.squares
	*j = squaresJob{sums, x}
	x.arena.pool.runProducts(j, perValue*x.rows*x.cols)
}

type squaresJob struct {
	sums []float64
	x    Mat
}

// work does a share of the columns. The square of a float32 is exact in float64, so
// that it does not matter whether a compiler fuses it with the addition.
func (j *squaresJob) work(w *worker) {
	lo, hi := w.share(j.x.cols)
	sums := j.sums[lo:hi]
	for i := range j.x.rows {
		for c, v := range j.x.row(i)[lo:hi] {
			sums[c] += float64(v) * float64(v)
		}
	}
}
