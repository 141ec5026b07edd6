package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/engine/disk"
)

func newCache() *cobra.Command {
	c := &cobra.Command{
		Use:   "cache",
		Short: "Show and clear what conversations keep on disk",
		Long: `Show and clear the folder in which the latents of conversations are kept, so that
they go on after a restart without being computed again. Everything in it can be
removed at any time: it is computed again when it is needed.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newCacheList(), newCacheShow(), newCacheRemove())
	return c
}

// cacheFlags are those of all commands on the folder.
type cacheFlags struct {
	engine engineFlag // of which the folder
	json   bool
}

func (f *cacheFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.engine.dir, "cache-dir", "", "the folder (default deskseek/pages among the user's caches)")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
}

// open opens the folder, and reads what is in it. One that is not there is empty,
// and is not made.
func (f *cacheFlags) open(do func(*disk.Store, *cacheReport) error) (err error) {
	if f.engine.dir == "none" {
		return usagef(`--cache-dir is "none", want a folder`)
	}
	r := &cacheReport{Models: []cacheModel{}, Entries: []*cacheEntry{}}
	if r.Dir, err = f.engine.cacheDir(); err != nil {
		return err
	}
	if _, err := os.Stat(r.Dir); errors.Is(err, fs.ErrNotExist) {
		return do(nil, r)
	}
	s, err := disk.Open(disk.Options{Dir: r.Dir})
	if err != nil {
		return err
	}
	r.read(s)
	return errors.Join(do(s, r), s.Close())
}

func newCacheList() *cobra.Command {
	var f cacheFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List conversations that are kept, the last used first",
		Long: `List conversations that are kept, the last used first: key, tokens, bytes, what of
these no other conversation has, last use, model, and how the text begins, where it
is known.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return f.open(func(_ *disk.Store, r *cacheReport) error {
				if f.json {
					return printJSON(c.OutOrStdout(), r)
				}
				out := bufio.NewWriter(c.OutOrStdout())
				r.print(out)
				return out.Flush()
			})
		},
	}
	f.add(c)
	return c
}

func newCacheShow() *cobra.Command {
	var f cacheFlags
	c := &cobra.Command{
		Use:   "show KEY",
		Short: "Show one conversation that is kept, with its text",
		Long: `Show one conversation that is kept: what it takes, the model, and the text, where
it is known. KEY is how its key begins, as list has it.`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return f.open(func(_ *disk.Store, r *cacheReport) error {
				e, err := r.find(args[0])
				if err != nil {
					return err
				}
				if f.json {
					return printJSON(c.OutOrStdout(), e.details(r))
				}
				out := bufio.NewWriter(c.OutOrStdout())
				e.print(out, r)
				return out.Flush()
			})
		},
	}
	f.add(c)
	return c
}

func newCacheRemove() *cobra.Command {
	var f cacheFlags
	var all bool
	var older string
	c := &cobra.Command{
		Use:   "rm [KEY...]",
		Short: "Remove conversations that are kept",
		Long: `Remove conversations that are kept. KEY is how a key begins, as list has it; what
other conversations begin with, too, stays.`,
		Args: usageArgs(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, args []string) error {
			age, err := parseAge(older)
			switch given := c.Flags().Changed("older-than"); {
			case given && err != nil:
				return usagef("--older-than: %w", err)
			case all && (given || len(args) > 0) || given && len(args) > 0:
				return usagef("want keys, or --all, or --older-than")
			case !all && !given && len(args) == 0:
				return usagef("nothing is named: want keys, --all or --older-than")
			}
			return f.open(func(s *disk.Store, r *cacheReport) error {
				var keys []disk.Key
				switch {
				case all:
					keys = r.unused(r.newest.Add(time.Nanosecond))
				case len(args) == 0:
					keys = r.unused(time.Now().Add(-age))
				}
				for _, a := range args {
					e, err := r.find(a)
					if err != nil {
						return err
					}
					keys = append(keys, e.own...)
				}
				var freed int64
				var err error
				if s != nil {
					freed, err = s.Remove(keys...)
				}
				if f.json {
					return errors.Join(err, printJSON(c.OutOrStdout(), map[string]int64{"freed": freed}))
				}
				_, e := fmt.Fprintf(c.OutOrStdout(), "%s freed\n", bytesOf(freed))
				return errors.Join(err, e)
			})
		},
	}
	f.add(c)
	c.Flags().BoolVar(&all, "all", false, "remove everything")
	c.Flags().StringVar(&older, "older-than", "", "remove what was not used for so long: 12h, 30d")
	return c
}

// parseAge reads a duration, which may be in days.
func parseAge(s string) (time.Duration, error) {
	age, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		age = time.Duration(n * float64(24*time.Hour))
	}
	if err != nil || age < 0 {
		return 0, fmt.Errorf("%q is no time, want such as 12h or 30d", s)
	}
	return age, nil
}

func (r *cacheReport) print(w io.Writer) {
	if len(r.Entries) == 0 {
		fmt.Fprintf(w, "%s: nothing is kept\n", r.Dir)
		return
	}
	fmt.Fprintf(w, "%s: %d conversations, %s\n", r.Dir, len(r.Entries), bytesOf(r.Bytes))
	for _, m := range r.Models {
		fmt.Fprintf(w, "model %.8s  %s\n", m.ID, visible(m.Name))
	}
	fmt.Fprintf(w, "\n%-12s %8s %9s %9s  %-16s  %-8s  %s\n", "key", "tokens", "bytes", "own", "last used", "model", "text")
	for _, e := range r.Entries {
		fmt.Fprintf(w, "%.12s %8d %9s %9s  %s  %.8s  %s\n",
			e.Key, e.Tokens, bytesOf(e.Bytes), bytesOf(e.Own), e.Used.Format("2006-01-02 15:04"), e.Model, visible(e.Text))
	}
}

func (e *cacheEntry) print(w io.Writer, r *cacheReport) {
	d := e.details(r)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("key", "%s", d.Key)
	line("model", "%s %s", d.Model, visible(d.Name))
	for text := range strings.Lines(d.Identity) {
		line("", "%s", visible(strings.TrimSpace(text)))
	}
	line("tokens", "%d in %d pages, %d of them in the expanded form", d.Tokens, d.Pages, d.Expanded)
	line("bytes", "%s, of which no other conversation has %s", bytesOf(d.Bytes), bytesOf(d.Own))
	line("stored", "%s", d.Stored.Format(time.RFC3339))
	line("last used", "%s", d.Used.Format(time.RFC3339))
	if len(d.Segments) == 0 {
		line("text", "not known")
		return
	}
	fmt.Fprintln(w)
	for _, s := range d.Segments {
		lines := strings.Split(s.Text, "\n")
		for i, text := range lines {
			lines[i] = visible(text)
		}
		fmt.Fprint(w, strings.Join(lines, "\n"))
	}
	fmt.Fprintln(w)
}

// visible returns text without what could move a terminal's cursor.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
