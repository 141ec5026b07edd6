package deskseek_test

import (
	"context"
	"fmt"
	"log"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/sample"
)

// The built-in model answers a question. Any other is named by its folder or
// file.
func ExampleLLM_Chat() {
	llm, err := deskseek.Open("", deskseek.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer llm.Close()
	question := "Tell me a story about a dog."
	messages := []chat.Message{{Role: "user", Content: &question}}
	for event, err := range llm.Chat(context.Background(), messages, deskseek.Params{MaxTokens: 8}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(event.Text)
	}
	// Output: Once upon a time, there was a
}

// A text goes on, by a random choice that its seed repeats.
func ExampleLLM_Complete() {
	llm, err := deskseek.Open("", deskseek.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer llm.Close()
	params := deskseek.Params{
		MaxTokens: 40,
		Sampling:  sample.Params{Temperature: 0.8, TopP: 0.95, Seed: 7},
		Stop:      []string{"."},
	}
	var texts [2]string
	for i := range texts {
		for event, err := range llm.Complete(context.Background(), "The cat and the", params) {
			if err != nil {
				log.Fatal(err)
			}
			texts[i] += event.Text
			if event.End != nil {
				fmt.Println(event.End.Reason, event.End.Stats.PrefillTokens)
			}
		}
	}
	fmt.Println(texts[0] == texts[1])
	// Output:
	// stop 5
	// stop 5
	// true
}
