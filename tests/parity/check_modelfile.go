// check_modelfile.go CASE.json: templates that Fettle wrote for Ollama, run by Go's text/template with the values that Ollama gives them (System: all
// system turns joined; Messages: neighbours of one role joined). CASE.json: [{"template", "conversations": [{"messages": [{"role", "content"}], "text"}]}].
// Prints how many conversations are the same text as that of the model's chat template; fails at the first that is not.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
)

type message struct{ Role, Content string }

type conversation struct {
	Messages []message
	Text     string
}

func valuesOf(turns []message) map[string]any {
	var system []string
	var joined []*message
	for i := range turns {
		if turns[i].Role == "system" {
			system = append(system, turns[i].Content)
		}
		if last := len(joined) - 1; last >= 0 && joined[last].Role == turns[i].Role {
			joined[last].Content += "\n\n" + turns[i].Content
		} else {
			joined = append(joined, &turns[i])
		}
	}
	return map[string]any{"System": strings.Join(system, "\n\n"), "Messages": joined, "Response": ""}
}

func main() {
	var cases []struct {
		Template      string
		Conversations []conversation
	}
	bytes, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(bytes, &cases)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	same := 0
	for _, each := range cases {
		parsed, err := template.New("").Option("missingkey=zero").Parse(each.Template)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for _, talk := range each.Conversations {
			var text strings.Builder
			if err := parsed.Execute(&text, valuesOf(talk.Messages)); err != nil || text.String() != talk.Text {
				fmt.Fprintf(os.Stderr, "%v\n%q\nis not\n%q\n", err, text.String(), talk.Text)
				os.Exit(1)
			}
			same++
		}
	}
	fmt.Println(same, "conversations of", len(cases), "templates")
}
