package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"clientele/api"
)

func mustJSON(t *testing.T) []byte {
	t.Helper()
	text, err := api.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tree(t *testing.T) map[string]any {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(mustJSON(t), &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// walk visits value and everything in it, with the JSON pointer to each.
func walk(at string, value any, visit func(at string, value any)) {
	visit(at, value)
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			walk(at+"/"+escape(key), member, visit)
		}
	case []any:
		for i, element := range value {
			walk(fmt.Sprintf("%s/%d", at, i), element, visit)
		}
	}
}

func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

func lookup(root any, ref string) any {
	at := root
	for key := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		m, _ := at.(map[string]any)
		at = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(key)]
	}
	return at
}

func follow(root, value any) any {
	if m, ok := value.(map[string]any); ok {
		if ref, ok := m["$ref"].(string); ok {
			return follow(root, lookup(root, ref))
		}
	}
	return value
}

func eachOperation(root map[string]any, visit func(at string, op map[string]any)) {
	for path, item := range root["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			if method != "parameters" {
				visit("#/paths/"+escape(path)+"/"+method, op.(map[string]any))
			}
		}
	}
}

// content returns the schemas of a request body or response.
func content(value any) []any {
	m, _ := value.(map[string]any)
	kinds, _ := m["content"].(map[string]any)
	var schemas []any
	for _, kind := range kinds {
		schemas = append(schemas, kind.(map[string]any)["schema"])
	}
	return schemas
}

// objects visits every object schema within value once.
func objects(root, value any, seen map[string]bool, visit func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		if ref, ok := value["$ref"].(string); ok {
			if !seen[ref] {
				seen[ref] = true
				objects(root, lookup(root, ref), seen, visit)
			}
			return
		}
		if value["type"] == "object" {
			visit(value)
		}
		for _, member := range value {
			objects(root, member, seen, visit)
		}
	case []any:
		for _, element := range value {
			objects(root, element, seen, visit)
		}
	}
}

func asList(value any) []any {
	list, _ := value.([]any)
	return append([]any(nil), list...)
}
