package document

import (
	"encoding/json"
	"testing"

	"clientele/internal/jsonx"
)

var bodies = []string{
	`{"query":"{a}"}`, ` {"query" : "{\n a(b:\"\\u00e9\\\"\") }" , "variables" : { "a" : [ 1 , "}\"]" , {"b\\":null} ] } , "operationName" : "A" } `,
	`{"query":"{a}","operationName":null,"variables":null}`, `{"query":"{a}","variables":[]}`, `{"query":"{a}","variables":"x"}`, `{"Query":"{a}","QUERY":"{b}"}`,
	`{"query":"{a}","query":null}`, `{"query":null}`, `{"query":1}`, `{"query":"{a}","extensions":{"persistedQuery":{}},"id":1}`, "{\"query\":\"\xff\"}", `{"query":"\ud83d"}`,
	"\ufeff" + `{"query":"{a}"}`, `{}`, `null`, `"a"`, ``, `{"query":"{a}"}x`, `{"query":"{a}","variables":{"a":1,"a":2}}`, `{"qu\u0065ry":"{a}","variables":{"é":"\ud83d\ude00"}}`,
}

// What is read without encoding/json is what that reads.
func FuzzPlain(f *testing.F) {
	for _, b := range bodies {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, ok := plain([]byte(body))
		if !ok {
			return
		}
		var want Request
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if got.Query != want.Query || got.OperationName != want.OperationName || string(got.Variables) != string(want.Variables) {
			t.Errorf("%q: %+v, want %+v", body, got, want)
		}
		if got.values.Present() != (len(got.Variables) > 0) {
			t.Errorf("%q: the values are there: %v", body, got.values.Present())
		}
		again, err := jsonx.Parse(want.Variables, jsonx.Limits{Depth: maxVariables, Values: MaxBody})
		if got.values.Present() && (err != nil || again.Source() != got.values.Source() || again.Len() != got.values.Len()) {
			t.Errorf("%q: other values: %v", body, err)
		}
	})
}

// Bodies as storefronts send them are read without encoding/json.
func TestPlain(t *testing.T) {
	for _, body := range bodies[:2] {
		if _, ok := plain([]byte(body)); !ok {
			t.Errorf("%s is left to encoding/json", body)
		}
	}
}
