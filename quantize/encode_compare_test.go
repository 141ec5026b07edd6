package quantize

import (
	"flag"
	"fmt"
	"math"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// The files of TestEncodeAgainstFile.
var (
	originalFile  = flag.String("original", "", "a GGUF in F32, F16 or BF16")
	quantizedFile = flag.String("quantized", "", "what llama-quantize made of it")
	imatrixFile   = flag.String("imatrix", "", "the importance matrix that it had, a GGUF")
)

// TestEncodeAgainstFile compares what Encode loses with what another quantizer lost,
// tensor by tensor, and prints the sums by encoding. It is run by hand:
//
//	go test ./quantize -run AgainstFile -v -args -original in.gguf -quantized out.gguf
func TestEncodeAgainstFile(t *testing.T) {
	if *originalFile == "" || *quantizedFile == "" {
		t.Skip("no files to compare: -args -original FILE -quantized FILE")
	}
	open := func(path string) *checkpoint.Checkpoint {
		c, err := checkpoint.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	original, quantized := open(*originalFile), open(*quantizedFile)
	var imatrix *checkpoint.Checkpoint
	if *imatrixFile != "" {
		imatrix = open(*imatrixFile)
	}
	type account struct{ tensors, worse, same, ours, theirs, power float64 }
	sums := map[tensor.DType]*account{}
	for _, name := range quantized.Names() {
		x, y := original.Tensor(name), quantized.Tensor(name)
		if y.DType == x.DType || len(x.Shape) < 2 {
			continue
		}
		a := sums[y.DType]
		if a == nil {
			a = &account{}
			sums[y.DType] = a
		}
		ours, theirs, power, same := compareTensor(x, y, importanceOf(imatrix, x))
		if ours > 1.01*1.01*theirs {
			a.worse++
			t.Errorf("%s, %v: error %.4f times theirs", name, y.DType, math.Sqrt(ours/theirs))
		}
		a.tensors++
		a.same += same
		// A tensor's error counts by its own size.
		a.ours, a.theirs, a.power = a.ours+ours/power, a.theirs+theirs/power, a.power+1
	}
	for d, a := range sums {
		fmt.Printf("%v: %.0f tensors, %.0f with the same bytes; error theirs %.4e, ours %.4e, ratio %.4f\n", d, a.tensors, a.same,
			math.Sqrt(a.theirs/a.power), math.Sqrt(a.ours/a.power), math.Sqrt(a.ours/a.theirs))
	}
}

// compareTensor returns the squared errors of x as Encode has it and as y is, and the
// squares of x, all weighted.
func compareTensor(x, y *tensor.Tensor, w []float32) (ours, theirs, power, same float64) {
	row, got := make([]float32, x.Cols), make([]float32, x.Cols)
	same = 1
	for i := range x.Rows {
		tensor.Decode(row, x, i)
		var importance []float32
		if w != nil {
			importance = w[i/(x.Rows/(len(w)/x.Cols))*x.Cols:][:x.Cols] // an expert's
		}
		tensor.Decode(got, y, i)
		theirs += squares(row, got, importance)
		data := encoded(y.DType, row, importance)
		ours += squares(row, decoded(y.DType, data, x.Cols), importance)
		power += squares(row, nil, importance)
		if string(data) != string(y.Row(i)) {
			same = 0
		}
	}
	return ours, theirs, power, same
}

// importanceOf returns the mean squared activations of a tensor's columns, for each
// of its experts if it is a stack, or nil.
func importanceOf(imatrix *checkpoint.Checkpoint, x *tensor.Tensor) []float32 {
	if imatrix == nil {
		return nil
	}
	sums, counts := imatrix.Tensor(x.Name+".in_sum2"), imatrix.Tensor(x.Name+".counts")
	if sums == nil || counts == nil {
		return nil
	}
	w, count := make([]float32, sums.Rows*sums.Cols), make([]float32, counts.Rows*counts.Cols)
	for i := range sums.Rows {
		tensor.Decode(w[i*sums.Cols:][:sums.Cols], sums, i)
	}
	for i := range counts.Rows {
		tensor.Decode(count[i*counts.Cols:][:counts.Cols], counts, i)
	}
	for i := range w {
		w[i] /= count[i/sums.Cols]
	}
	return w
}
