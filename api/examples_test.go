package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Whatever stands in the document as an example must be what its schema says.
func TestExamplesConform(t *testing.T) {
	root := tree(t)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	const location = "clientele:///openapi.json"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(mustJSON(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource(location, document); err != nil {
		t.Fatal(err)
	}
	checked := 0
	check := func(at, schemaAt string, example any) {
		checked++
		fragment := strings.NewReplacer("{", "%7B", "}", "%7D").Replace(strings.TrimPrefix(schemaAt, "#"))
		schema, err := compiler.Compile(location + "#" + fragment)
		if err != nil {
			t.Errorf("%s: %v", schemaAt, err)
		} else if err := schema.Validate(example); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	}
	walk("#", root, func(at string, value any) {
		m, ok := value.(map[string]any)
		if !ok || strings.Contains(at, "/examples/") || strings.HasSuffix(at, "/example") {
			return
		}
		if m["schema"] == nil { // a schema's own examples
			for _, example := range asList(m["examples"]) {
				check(at, at, example)
			}
			return
		}
		// A media type, a parameter or a header.
		if example, ok := m["example"]; ok {
			check(at+"/example", at+"/schema", example)
		}
		named, _ := m["examples"].(map[string]any)
		for name, example := range named {
			check(at+"/examples/"+name, at+"/schema", example.(map[string]any)["value"])
		}
	})
	if checked < 60 {
		t.Errorf("only %d examples were found", checked)
	}
}

func TestEveryBodyAndParameterHasAnExample(t *testing.T) {
	root := tree(t)
	eachOperation(root, func(at string, op map[string]any) {
		bodies := map[string]any{"request": op["requestBody"]}
		for status, response := range op["responses"].(map[string]any) {
			bodies[status] = follow(root, response)
		}
		for name, body := range bodies {
			m, _ := body.(map[string]any)
			kinds, _ := m["content"].(map[string]any)
			for kind, media := range kinds {
				media := media.(map[string]any)
				if media["example"] == nil && media["examples"] == nil {
					t.Errorf("%s: no example for %s (%s)", at, name, kind)
				}
			}
		}
		for _, p := range asList(op["parameters"]) {
			// An example beside the schema would be filled in by the reader,
			// filter after filter, so a query parameter's stands inside.
			p := follow(root, p).(map[string]any)
			schema := follow(root, p["schema"]).(map[string]any)
			if schema["examples"] == nil || p["example"] != nil {
				t.Errorf("%s: no example for parameter %v", at, p["name"])
			}
		}
	})
}

// The cursors in the examples are those of the rows beside them.
func TestExampleCursorsFit(t *testing.T) {
	walk("#", tree(t), func(at string, value any) {
		m, _ := value.(map[string]any)
		meta, _ := m["meta"].(map[string]any)
		cursors, _ := meta["cursor_pagination"].(map[string]any)
		rows := asList(m["data"])
		if cursors == nil || len(rows) == 0 {
			return
		}
		if rows[0].(map[string]any)["id"] == nil {
			return // what the cursor is made of does not show
		}
		for key, row := range map[string]any{"start_cursor": rows[0], "end_cursor": rows[len(rows)-1]} {
			// A list in another order than that of the ids has more in it.
			var in struct{ ID any }
			text, err := base64.RawURLEncoding.DecodeString(fmt.Sprint(cursors[key]))
			if err == nil {
				err = json.Unmarshal(text, &in)
			}
			if want := row.(map[string]any)["id"]; err != nil || fmt.Sprint(in.ID) != fmt.Sprint(want) {
				t.Errorf("%s: %s is %v, of %s, want that of %v: %v", at, key, cursors[key], text, want, err)
			}
		}
	})
}
