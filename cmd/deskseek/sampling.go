package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// A generateFlag is how commands that generate choose tokens.
type generateFlag struct {
	params deskseek.Params
	bias   []string
}

// add adds the flags; temperature is the default one.
func (f *generateFlag) add(c *cobra.Command, temperature float32) {
	s, flags := &f.params.Sampling, c.Flags()
	flags.IntVarP(&f.params.MaxTokens, "max-tokens", "n", 0, "most new tokens (default as many as the context holds)")
	flags.BoolVar(&f.params.IgnoreEOS, "ignore-eos", false, "go on after the model's end token")
	flags.StringArrayVar(&f.params.Stop, "stop", nil, "text that ends the answer; may be given several times")
	flags.Float32Var(&s.Temperature, "temperature", temperature, "randomness of the choice; 0 takes the likeliest token (DeepSeek advises 0.3 for V3-0324)")
	flags.IntVar(&s.TopK, "top-k", 0, "choose among the k likeliest tokens (0: all)")
	flags.Float32Var(&s.TopP, "top-p", 0, "choose among the likeliest tokens that make up this share of probability (0: all)")
	flags.Float32Var(&s.MinP, "min-p", 0, "choose among tokens at least this share as likely as the likeliest (0: all)")
	flags.Float32Var(&s.RepetitionPenalty, "repetition-penalty", 0, "divide the logits of tokens seen before by this (0 or 1: off)")
	flags.Float32Var(&s.PresencePenalty, "presence-penalty", 0, "subtract this from the logits of tokens generated before")
	flags.Float32Var(&s.FrequencyPenalty, "frequency-penalty", 0, "subtract this, for each time, from the logits of tokens generated before")
	flags.Uint64Var(&s.Seed, "seed", 0, "number that the random choices follow from")
	flags.StringArrayVar(&f.bias, "logit-bias", nil, "ID=VALUE, added to a token's logit; may be given several times")
}

// parse checks the flags and returns what they say.
func (f *generateFlag) parse(c *cobra.Command) (deskseek.Params, error) {
	p := f.params
	if c.Flags().Changed("max-tokens") && p.MaxTokens < 1 {
		return p, usagef("-n is %d, want 1 or more; without it the answer may fill the context", p.MaxTokens)
	}
	for _, b := range f.bias {
		name, value, ok := strings.Cut(b, "=")
		id, err1 := strconv.ParseInt(name, 10, 32)
		v, err2 := strconv.ParseFloat(value, 32)
		if !ok || err1 != nil || err2 != nil {
			return p, usagef("--logit-bias is %q, want ID=VALUE", b)
		}
		if p.Sampling.LogitBias == nil {
			p.Sampling.LogitBias = map[token.ID]float32{}
		}
		p.Sampling.LogitBias[token.ID(id)] = float32(v)
	}
	if _, err := sample.New(p.Sampling); err != nil {
		return p, usageError{err}
	}
	return p, nil
}

// parseIDs reads token ids with commas between them.
func parseIDs(s string) ([]token.ID, error) {
	var ids []token.ID
	for _, f := range strings.Split(s, ",") {
		id, err := strconv.ParseInt(strings.TrimSpace(f), 10, 32)
		if err != nil {
			return nil, usagef("--ids: %q is no token id; want numbers with commas between them", f)
		}
		ids = append(ids, token.ID(id))
	}
	return ids, nil
}

// speeds says how fast an answer was: of prefill and decode tokens a second, and how
// many drafts held. Where none were made it says the bytes of weights read a second;
// with drafts these are not known from the tokens.
func speeds(llm *deskseek.LLM, s deskseek.Stats) string {
	var b strings.Builder
	computed := s.PrefillTokens - s.Reused
	fmt.Fprintf(&b, "prefill %d tokens", s.PrefillTokens)
	if s.Reused > 0 {
		fmt.Fprintf(&b, " (%d reused)", s.Reused)
	}
	fmt.Fprintf(&b, " %.1f tok/s", rate(computed, s.Prefill.Seconds()))
	decode := rate(s.DecodeTokens, s.Decode.Seconds())
	fmt.Fprintf(&b, " · decode %d tokens %.1f tok/s", s.DecodeTokens, decode)
	if s.Drafted == 0 {
		fmt.Fprintf(&b, " %.2f GB/s", decode*float64(llm.BytesPerToken())/1e9)
	} else {
		b.WriteString(draftsOf(s.ByPlace, llm.Counts().Gain))
	}
	fmt.Fprintf(&b, " · logits #%08x", s.LogitsHash)
	return b.String()
}

func rate(n int, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return float64(n) / seconds
}

// apartPlaces is how many places of drafts are told one by one.
const apartPlaces = 3

// draftsOf says how drafts fared by their place, and what they gained.
func draftsOf(places []engine.Acceptance, gain float64) string {
	if len(places) == 0 || places[0].Drafted == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(" · drafts held:")
	for i, a := range places[:min(len(places), apartPlaces)] {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %d. %s", i+1, heldOf(a))
	}
	if len(places) > apartPlaces {
		var rest engine.Acceptance
		for _, a := range places[apartPlaces:] {
			rest.Drafted, rest.Accepted = rest.Drafted+a.Drafted, rest.Accepted+a.Accepted
		}
		fmt.Fprintf(&b, ", others %s", heldOf(rest))
	}
	if gain > 0 {
		fmt.Fprintf(&b, " · gain %.2f×", gain)
	}
	return b.String()
}

func heldOf(a engine.Acceptance) string {
	return fmt.Sprintf("%.0f %% of %d", 100*rate(a.Accepted, float64(a.Drafted)), a.Drafted)
}
