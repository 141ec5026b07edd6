// Command deskseek runs DeepSeek-V3 models on one's own machine. Each subcommand
// is a file: it turns flags into options, and knows nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/kernel"
)

// Exit codes.
const (
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells say of SIGINT
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not heed the first
	code := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	fmt.Fprintf(errs, "deskseek: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitError
}

// A usageError is a command line that says what no command understands.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "deskseek",
		Short: "Run DeepSeek-V3 on your own machine",
		Long: `deskseek runs DeepSeek-V3 and the networks built like it (R1, V3.1, Moonlight,
Kimi-K2) from Hugging Face safetensors, GGUF files and MLX folders.

Without -m a command uses the built-in demo model, which tells children's
stories.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return selectTier(os.Getenv("DESKSEEK_CPU"))
		},
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w; see %s --help", err, c.CommandPath())
	})
	root.AddCommand(newRun(), newChat(), newInspect(), newTokenize(), newTrace(), newBench(), newEval(), newImatrix(), newQuantize(), newCache(), newVersion())
	return root
}

// input returns standard input, whose reading ends when the command is
// interrupted.
func input(c *cobra.Command) io.Reader { return &interruptible{c.Context(), c.InOrStdin()} }

// An interruptible reader gives up waiting when its context ends.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done, buf := make(chan result, 1), make([]byte, len(p)) // buf: a read given up may still write
	go func() {
		n, err := i.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, buf[:r.n]), r.err
	case <-i.ctx.Done():
		return 0, context.Cause(i.ctx)
	}
}

// usageArgs makes what is wrong with arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usagef("%w; see %s --help", err, c.CommandPath())
		}
		return nil
	}
}

// selectTier forces the kernels of one tier, as DESKSEEK_CPU asks.
func selectTier(tier string) error {
	if tier == "" {
		return nil
	}
	if err := kernel.Select(tier); err != nil {
		return usagef("DESKSEEK_CPU: %w", err)
	}
	return nil
}
