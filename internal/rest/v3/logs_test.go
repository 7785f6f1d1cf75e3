package v3_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// impersonal are members of bodies and seeds whose values say nothing about a
// person.
var impersonal = []string{
	"hash", "scopes", "type", "form", "choices", "country_code", "address_type", "url", "name", "channels", "form_fields_definitions", "source", "consents",
}

// personalValues collects the texts below v that a log must not hold. Short
// ones would be found by chance.
func personalValues(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			if !slices.Contains(impersonal, key) {
				personalValues(member, into)
			}
		}
	case []any:
		for _, element := range v {
			personalValues(element, into)
		}
	case string:
		if len(v) >= 5 {
			into[v] = true
		}
	}
}

// checkLogs looks for tokens and personal data in what was logged at any
// level while the scenarios were played.
func checkLogs(t *testing.T, logged, sent string) {
	t.Helper()
	if strings.Count(logged, `"msg":"request"`) < 100 {
		t.Fatal("hardly any request was logged at debug level")
	}
	values := map[string]bool{}
	for _, token := range tokens {
		if token != "" {
			values[token] = true
		}
	}
	text, err := yaml.Marshal(parseSeed(t, "hash"))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	store := tree["stores"].([]any)[0].(map[string]any)
	personalValues(store["customers"], values)
	for _, account := range store["api_accounts"].([]any) {
		account := account.(map[string]any)
		values[account["access_token"].(string)], values[account["client_secret"].(string)] = true, true
	}
	for line := range strings.SplitSeq(sent, "\n") {
		var body any
		if json.Unmarshal([]byte(line), &body) == nil {
			personalValues(body, values)
		}
	}
	if len(values) < 60 {
		t.Fatalf("only %d personal values to look for", len(values))
	}
	logged = strings.ToLower(logged)
	for v := range values {
		quoted, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{v, string(quoted[1 : len(quoted)-1]), fmt.Sprintf("%q", v)} {
			if at := strings.Index(logged, strings.ToLower(form)); at >= 0 {
				t.Errorf("%q is in the log: %s", v, logged[max(0, at-120):min(len(logged), at+120)])
			}
		}
	}
}
