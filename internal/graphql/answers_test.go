package graphql_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the answers anew")

// who of the corpus asks.
func (w *world) headers(who string) []string {
	switch who {
	case "page":
		return []string{"Authorization", "Bearer " + w.page, "Origin", shop}
	case "poor":
		return []string{"Authorization", "Bearer " + w.poor}
	case "jane":
		return []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "1"}
	case "gone":
		return []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "99"}
	}
	return nil
}

// TestAnswers compares answers to a corpus of documents with those written
// down in testdata. A line of the corpus is who asks, the document and, after a
// tab, the variables; the line below it is the answer.
func TestAnswers(t *testing.T) {
	const path = "testdata/answers.txt"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		w.list(1, "first", true, 1, 2, 3)
		w.list(1, "second", false, 4)
		var out strings.Builder
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		for i := 0; i < len(lines); i++ {
			asked := lines[i]
			out.WriteString(asked + "\n")
			if asked == "" || asked[0] == '#' {
				continue
			}
			who, rest, _ := strings.Cut(asked, " ")
			query, values, _ := strings.Cut(rest, "\t")
			body := fmt.Sprintf(`{"query":%s}`, quoted(query))
			if values != "" {
				body = fmt.Sprintf(`{"query":%s,"variables":%s}`, quoted(query), values)
			}
			a := w.send("POST", shop+"/graphql", body, w.headers(who)...)
			got := fmt.Sprintf("\t%d %s %s", a.Code, a.Header.Get("X-Bc-Graphql-Complexity"), settled(t, a.Text))
			out.WriteString(got + "\n")
			want := ""
			if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t") {
				i++
				want = lines[i]
			}
			if got != want && !*update {
				t.Errorf("%s\n%s\nwant\n%s", asked, got, want)
			}
		}
		if *update {
			w.ok(os.WriteFile(path, []byte(out.String()), 0o644))
		}
	})
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// settled writes the errors of an answer in the order of their texts.
func settled(t *testing.T, text string) string {
	var a struct {
		Data   json.RawMessage   `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(a.Errors, func(x, y json.RawMessage) int { return bytes.Compare(x, y) })
	return fmt.Sprintf("%s %s", a.Data, a.Errors)
}
