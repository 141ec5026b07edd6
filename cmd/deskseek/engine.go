package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/engine"
)

// An engineFlag is how commands that generate use the engine.
type engineFlag struct {
	mtp           string
	lookup        string
	drafts        int
	memory        string
	deterministic bool
	dir, limit    string
}

// add adds the flags. Where keep is set, what was cached is kept on disk unless
// --cache-dir says otherwise.
func (f *engineFlag) add(c *cobra.Command, keep bool) {
	flags := c.Flags()
	dir, where := "none", "default none"
	if keep {
		dir, where = "", "default deskseek/pages among the user's caches"
	}
	flags.StringVar(&f.dir, "cache-dir", dir, `folder in which the latents of conversations are kept, so that they go on after a restart without being computed again; "none" keeps nothing (`+where+`)`)
	flags.StringVar(&f.limit, "cache-limit", "20G", "most bytes of that folder; what was of use longest ago is removed")
	f.addDrafts(c)
	flags.StringVar(&f.lookup, "lookup", string(engine.Auto), `draft what followed the last tokens before: "auto" where that is measured to be faster, "on" always, "off" never (default off with --mtp on or off)`)
	flags.StringVar(&f.memory, "cache-memory", "", `memory of the latent cache, such as 8G or 500M (default what a full context takes and 4 GiB at least, as far as a half of the memory beside the weights allows)`)
	flags.BoolVar(&f.deterministic, "deterministic", false, "the same bits even where a prompt is computed again that was cached before; prefill is slower")
}

func (f *engineFlag) addDrafts(c *cobra.Command) {
	c.Flags().StringVar(&f.mtp, "mtp", string(engine.Auto), `draft tokens with the model's MTP layer: "auto" where that is measured to be faster, "on" always, "off" never; the text is the same`)
	c.Flags().IntVar(&f.drafts, "drafts", 0, "most drafts of a sequence in a step (default 3 by the MTP layer, 15 that are looked up; 1 with --mtp on or --lookup on, which draft always so many)")
}

// check says what is wrong with the flags.
func (f *engineFlag) check(c *cobra.Command) error {
	for _, m := range [...]struct{ name, mode string }{{"mtp", f.mtp}, {"lookup", f.lookup}} {
		switch engine.Mode(m.mode) {
		case engine.Auto, engine.On, engine.Off:
		default:
			if m.name == "mtp" || c.Flags().Lookup("lookup") != nil {
				return usagef("--%s %s is not known; want auto, on or off", m.name, m.mode)
			}
		}
	}
	switch {
	case c.Flags().Changed("drafts") && f.drafts < 1:
		return usagef("--drafts is %d, want 1 or more; --mtp off drafts none", f.drafts)
	case f.mtp == string(engine.Off) && c.Flags().Changed("drafts") && f.lookup != string(engine.On):
		return usagef("--drafts %d does not go with --mtp off", f.drafts)
	}
	if _, err := parseSize(f.memory); err != nil {
		return usagef("--cache-memory: %w", err)
	}
	if _, err := parseSize(f.limit); err != nil {
		return usagef("--cache-limit: %w", err)
	}
	return nil
}

// drafting returns how tokens are drafted.
func (f *engineFlag) drafting(c *cobra.Command) engine.Drafting {
	d := engine.Drafting{MTP: engine.Mode(f.mtp), Lookup: engine.Mode(f.lookup), Most: f.drafts}
	if d.MTP != engine.Auto && !c.Flags().Changed("lookup") {
		d.Lookup = engine.Off
	}
	return d
}

// cacheDir returns the folder of kept latents; "" for none.
func (f *engineFlag) cacheDir() (string, error) {
	switch f.dir {
	case "none":
		return "", nil
	case "":
		return defaultCacheDir()
	}
	return f.dir, nil
}

// defaultCacheDir is where latents are kept if nothing else is said.
func defaultCacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for caches: %w; name one with --cache-dir, or none", err)
	}
	return filepath.Join(dir, "deskseek", "pages"), nil
}

// options completes o for a model of which so many bytes of weights are not in memory yet.
func (f *engineFlag) options(c *cobra.Command, o deskseek.Options, weights int64) (deskseek.Options, error) {
	var err error
	if o.CacheDir, err = f.cacheDir(); err == nil && f.dir == "" {
		err = os.MkdirAll(o.CacheDir, 0o700)
	}
	switch {
	case err != nil && f.dir == "":
		o = f.without(c, o, err)
	case err != nil:
		return o, err
	}
	o.CacheLimit, _ = parseSize(f.limit) // checked
	var once sync.Once
	o.Trace.StoreFailed = func(err error) {
		once.Do(func() { fmt.Fprintf(c.ErrOrStderr(), "deskseek: what is cached can't be kept: %v\n", err) })
	}
	var broken sync.Once
	o.Trace.Undrafted = func(_ int, err error) {
		broken.Do(func() {
			fmt.Fprintf(c.ErrOrStderr(), "deskseek: no drafts by the MTP layer, where this happens: %v\n", err)
		})
	}
	o.Drafting, o.Deterministic = f.drafting(c), f.deterministic
	o.CacheBytes, _ = parseSize(f.memory) // checked
	if free := freeMemory(); free > 0 {
		// A system that has read the weights does not count them as taken, and one
		// that has to read them again and again has nothing beside them.
		o.FreeBytes = max(free-weights, free/8)
	}
	return o, nil
}

// without does without the folder of kept latents, which nobody asked for.
func (f *engineFlag) without(c *cobra.Command, o deskseek.Options, why error) deskseek.Options {
	fmt.Fprintf(c.ErrOrStderr(), "deskseek: nothing is kept for the next time: %v\n", why)
	o.CacheDir = ""
	return o
}
