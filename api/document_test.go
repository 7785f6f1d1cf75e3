package api_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"clientele/api"
)

func TestDocumentIsValidOpenAPI(t *testing.T) {
	for name, text := range map[string][]byte{"YAML": api.YAML(), "JSON": mustJSON(t)} {
		t.Run(name, func(t *testing.T) {
			doc, err := openapi3.NewLoader().LoadFromData(text)
			if err != nil {
				t.Fatal(err)
			}
			if !doc.IsOpenAPI31OrLater() {
				t.Errorf("openapi is %q, want 3.1", doc.OpenAPI)
			}
			if err := doc.Validate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestYAMLAndJSONAgree(t *testing.T) {
	var fromYAML any
	if err := yaml.Unmarshal(api.YAML(), &fromYAML); err != nil {
		t.Fatal(err)
	}
	// Numbers become alike on the way through JSON; a time or a key that is
	// not a string would not survive it.
	if bad := notJSON("#", fromYAML); bad != "" {
		t.Errorf("%s is nothing JSON has", bad)
	}
	text, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(mustJSON(t), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("openapi.json and openapi.yaml differ")
	}
}

func notJSON(at string, value any) string {
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			if bad := notJSON(at+"/"+key, member); bad != "" {
				return bad
			}
		}
	case []any:
		for i, element := range value {
			if bad := notJSON(fmt.Sprintf("%s/%d", at, i), element); bad != "" {
				return bad
			}
		}
	case string, int, float64, bool, nil:
	default:
		return fmt.Sprintf("%s (%T)", at, value)
	}
	return ""
}

func TestCallersCannotChangeTheDocument(t *testing.T) {
	first := api.YAML()
	first[0] = 'X'
	text := mustJSON(t)
	text[0] = 'X'
	if api.YAML()[0] == 'X' || mustJSON(t)[0] == 'X' {
		t.Error("a caller's change reached the document")
	}
}

func TestReferencesResolve(t *testing.T) {
	root := tree(t)
	used := map[string]bool{}
	walk("#", root, func(at string, value any) {
		m, _ := value.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok {
			return
		}
		used[ref] = true
		if lookup(root, ref) == nil {
			t.Errorf("%s: %s leads nowhere", at, ref)
		}
	})
	// What nothing refers to is either forgotten or meant for readers.
	unused := map[string]bool{
		"#/components/responses/MethodNotAllowed": true, "#/components/responses/NotImplemented": true,
		"#/components/responses/NotAcceptable": true, "#/components/responses/V2NotAcceptable": true,
		"#/components/parameters/IdempotencyKey": true, // of every write
	}
	for _, kind := range []string{"schemas", "responses", "parameters", "headers"} {
		for name := range lookup(root, "#/components/"+kind).(map[string]any) {
			ref := "#/components/" + kind + "/" + name
			if !used[ref] && !unused[ref] {
				t.Errorf("nothing uses %s", ref)
			}
		}
	}
}

func TestOperationsSayWhatTheyNeed(t *testing.T) {
	eachOperation(tree(t), func(at string, op map[string]any) {
		for _, key := range []string{"operationId", "summary", "description", "tags"} {
			if op[key] == nil {
				t.Errorf("%s has no %s", at, key)
			}
		}
		if strings.Contains(at, "/~1stores") {
			scopes, _ := op["x-scope"].([]any)
			readOnly := slices.ContainsFunc(scopes, func(s any) bool { return strings.HasSuffix(s.(string), "_read_only") })
			if len(scopes) == 0 || readOnly && !strings.HasSuffix(at, "/get") {
				t.Errorf("%s: x-scope is %v", at, scopes)
			}
			for _, scope := range scopes {
				if !strings.Contains(op["description"].(string), "`"+scope.(string)+"`") {
					t.Errorf("%s: the description does not name %v", at, scope)
				}
			}
		} else if security, ok := op["security"].([]any); !ok || len(security) != 0 {
			t.Errorf("%s: a service route asks for a token", at)
		}
	})
}

func TestManagementAnswersCarryTheirHeaders(t *testing.T) {
	root := tree(t)
	eachOperation(root, func(at string, op map[string]any) {
		if !strings.Contains(at, "/~1stores") {
			return
		}
		for status, response := range op["responses"].(map[string]any) {
			want := []string{
				"X-Rate-Limit-Requests-Left", "X-Rate-Limit-Requests-Quota",
				"X-Rate-Limit-Time-Reset-Ms", "X-Rate-Limit-Time-Window-Ms", "X-Request-Id",
			}
			if status == "429" {
				want = append(want, "X-Retry-After")
			}
			headers, _ := follow(root, response).(map[string]any)["headers"].(map[string]any)
			for _, name := range want {
				header, _ := follow(root, headers[name]).(map[string]any)
				if header["required"] != true {
					t.Errorf("%s: answer %s does not promise %s", at, status, name)
				}
			}
		}
	})
}

// Every object an answer can hold is closed, so that a validator notices
// members nobody declared. So is every object of a request that lists members:
// others are refused. GraphQL alone has clients send more than servers know.
func TestObjectsAreClosed(t *testing.T) {
	root := tree(t)
	open := map[string]bool{"getOpenAPIJSON": true} // the document itself
	graphql := map[any]bool{"executeGraphQL": true, "executeAdminGraphQL": true}
	eachOperation(root, func(at string, op map[string]any) {
		if open[op["operationId"].(string)] {
			return
		}
		for status, response := range op["responses"].(map[string]any) {
			objects(root, content(follow(root, response)), map[string]bool{}, func(m map[string]any) {
				if m["additionalProperties"] == nil {
					t.Errorf("%s: an object in answer %s is open: %v", at, status, m)
				}
				for _, name := range asList(m["required"]) {
					if properties, _ := m["properties"].(map[string]any); properties[name.(string)] == nil {
						t.Errorf("%s: answer %s requires %v and does not declare it", at, status, name)
					}
				}
			})
		}
		objects(root, content(op["requestBody"]), map[string]bool{}, func(m map[string]any) {
			if !graphql[op["operationId"]] && m["properties"] != nil && m["additionalProperties"] != false {
				t.Errorf("%s: an object in the request is open: %v", at, m)
			}
		})
	})
}

// The three faces of a customer are written out one by one; what they share
// must be the same.
func TestCustomerSchemasAgree(t *testing.T) {
	root := tree(t)
	part := func(name, key string) any {
		return lookup(root, "#/components/schemas/"+name).(map[string]any)[key]
	}
	customer := part("Customer", "properties").(map[string]any)
	want := append(asList(part("Customer", "required")), "store_credit_amounts")
	for name, count := range map[string]int{"CreatedCustomer": 20, "UpdatedCustomer": 18} {
		properties := part(name, "properties").(map[string]any)
		if len(properties) != count {
			t.Errorf("%s has %d properties, want %d", name, len(properties), count)
		}
		for key, schema := range properties {
			if !reflect.DeepEqual(schema, customer[key]) {
				t.Errorf("%s.%s differs from Customer.%s", name, key, key)
			}
		}
		got := asList(part(name, "required"))
		if len(got) != len(want) || slices.ContainsFunc(want, func(key any) bool { return !slices.Contains(got, key) }) {
			t.Errorf("%s requires %v, want %v", name, got, want)
		}
	}
}
