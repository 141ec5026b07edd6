package deepseek

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// TestNotFiniteWeights plants a NaN in a weight of each stage that is checked
// besides the layers, and wants that stage named, and the first token that meets
// it in the order of the rows.
func TestNotFiniteWeights(t *testing.T) {
	for _, test := range []struct {
		tensor string
		row    int
		want   NonFiniteError
	}{
		{"token_embd.weight", 431, NonFiniteError{"embedding", 1, 2}},
		{"output.weight", 2047, NonFiniteError{"head", 1, 1}},
		{"blk.4.attn_output.weight", 255, NonFiniteError{"MTP layer", 0, 1}},
	} {
		t.Run(test.want.Where, func(t *testing.T) {
			d := demoDraft(t)
			d.spoil(test.tensor, test.row)
			m, err := Load(d.open(t), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			m.Reserve(2)
			// The second run is absorbed, so its rows come first.
			b := &Batch{Runs: []Run{
				{Tokens: []token.ID{0, 527, 501, 261}, Pages: pages(0, 1), Form: Expanded, Logits: 4},
				{Tokens: []token.ID{0, 14, 431}, Pages: pages(1, 1), Logits: 2},
			}}
			o, err := m.Forward(context.Background(), b)
			if err == nil {
				r := b.Runs[0]
				h := o.Hidden(0)
				_, err = m.MTP().Forward(context.Background(), &Batch{Runs: []Run{{
					Tokens: r.Tokens[1:], Hidden: []nn.Mat{h.Slice(0, h.Rows()-1)}, Position: 1, Pages: r.Pages, Logits: 1,
				}}})
			}
			var got *NonFiniteError
			if !errors.As(err, &got) || *got != test.want {
				t.Errorf("error %+v, want %+v", err, test.want)
			}
		})
	}
}

// spoil makes the first values of a row of a Q8_0 tensor NaN, by their scale.
func (d *draft) spoil(name string, row int) {
	x := d.tensor(name)
	b := data(x)
	copy(b[row*int(x.DType.RowBytes(x.Shape[len(x.Shape)-1])):], []byte{0x00, 0x7e}) // f16
	x.Data = bytes.NewReader(b)
}
