package reference

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/serve"
)

// QueryExample is a query to begin with. All of them run.
type QueryExample struct {
	Name, Title, About string
	Query, Variables   string
}

var queryExamples = []QueryExample{
	{"store", "The store", "What anybody may know of the store and of this channel.", `query Store {
  site {
    settings {
      storeName
      status
      url {
        vanityUrl
      }
    }
  }
  channel {
    entityId
  }
}`, ""},
	{"countries", "Countries", "Countries by their codes, with their states.", `query Countries($code: String!) {
  geography {
    countries(filters: {code: $code}) {
      name
      code
      stateRequired
      statesOrProvinces {
        name
        abbreviation
      }
    }
  }
}`, `{
  "code": "US"
}`},
	{"register", "Register", "Makes an account. What is refused stands in errors.", `mutation Register($input: RegisterCustomerInput!) {
  customer {
    registerCustomer(input: $input) {
      customer {
        entityId
        email
      }
      errors {
        __typename
        ... on Error {
          message
        }
      }
    }
  }
}`, `{
  "input": {
    "firstName": "Jane",
    "lastName": "Doe",
    "email": "jane.doe@example.com",
    "password": "a good pass 9"
  }
}`},
	{"login", "Sign in", "Signs a customer in. A browser keeps the session's cookie; another client uses the token.", `mutation SignIn($email: String!, $password: String!) {
  login(email: $email, password: $password) {
    customer {
      entityId
      firstName
    }
    customerAccessToken {
      value
      expiresAt
    }
  }
}`, `{
  "email": "jane.doe@example.com",
  "password": "a good pass 9"
}`},
	{"customer", "Who is signed in", "The customer of the session, with addresses; null for a guest.", `query Me {
  customer {
    entityId
    email
    firstName
    lastName
    addresses(first: 5) {
      edges {
        node {
          entityId
          address1
          city
          countryCode
        }
      }
    }
  }
}`, ""},
	{"subscribe", "Newsletter", "Subscribes an address to the newsletter.", `mutation Subscribe($input: CreateSubscriberInput!) {
  newsletter {
    subscribe(input: $input) {
      errors {
        __typename
        ... on Error {
          message
        }
      }
    }
  }
}`, `{
  "input": {
    "email": "jane.doe@example.com",
    "firstName": "Jane"
  }
}`},
}

// QueryExamples are those that the editor offers, in an order in which they run.
func QueryExamples() []QueryExample { return slices.Clone(queryExamples) }

// exampleNamed is the example of a name, or else the first.
func exampleNamed(name string) QueryExample {
	for _, e := range queryExamples {
		if e.Name == name {
			return e
		}
	}
	return queryExamples[0]
}

// maxQuery bounds what the editor takes.
const maxQuery = 32 << 10

type editorView struct {
	frame
	Examples         []QueryExample
	Example          QueryExample
	Query, Variables string
	Rows             []row
	Faults           []Fault
	Checked          bool
	Refused          string
}

// row is a line's number, and whether something is wrong with it.
type row struct {
	Number int
	Bad    bool
}

// editor is the page for GraphQL queries.
func (r *site) editor(e QueryExample) ([]byte, error) {
	return r.editorPage(&editorView{Example: e, Query: e.Query, Variables: e.Variables})
}

func (r *site) editorPage(v *editorView) ([]byte, error) {
	v.Examples = queryExamples
	v.Menu, v.MenuIs, v.Back = r.graphMenu("Editor"), "GraphQL", html.Link{Label: "Documentation", URL: Path}
	for i := range max(strings.Count(v.Query, "\n")+1, 12) {
		n := row{Number: i + 1}
		for _, f := range v.Faults {
			n.Bad = n.Bad || f.Line == n.Number
		}
		v.Rows = append(v.Rows, n)
	}
	return r.render("editor", "graphql", "GraphQL", v)
}

// examine formats a query and tells what is wrong with it. A page's script asks
// for JSON.
func (r *site) examine(w http.ResponseWriter, req *http.Request) error {
	text, err := r.Read(w, req)
	if err != nil {
		f := fault.As(err)
		if f == nil {
			return err
		}
		html.Secure(w.Header(), "no-referrer")
		writeJSON(w, serve.StatusOf(f.Kind), map[string]string{"title": f.Error()})
		return nil
	}
	form, err := url.ParseQuery(string(text))
	v := &editorView{Query: strings.ReplaceAll(form.Get("query"), "\r\n", "\n"), Variables: form.Get("variables"), Checked: true}
	switch {
	case err != nil || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		v.Refused, v.Query = "The form cannot be read.", ""
	case len(v.Query) > maxQuery:
		v.Refused, v.Query = "The editor takes queries of up to 32 KiB.", ""
	default:
		formatted, faults := r.Examine(v.Query)
		v.Faults = faults
		if formatted != "" {
			v.Query = formatted
			if len(faults) > 0 { // whose places are those of the text as it is shown
				_, v.Faults = r.Examine(formatted)
			}
		}
	}
	html.Secure(w.Header(), "no-referrer")
	if strings.Contains(req.Header.Get("Accept"), "application/json") {
		writeJSON(w, http.StatusOK, map[string]any{"query": v.Query, "faults": faultsJSON(v), "refused": v.Refused})
		return nil
	}
	body, err := r.editorPage(v)
	if err == nil {
		send(w, req, http.StatusOK, body)
	}
	return err
}

func faultsJSON(v *editorView) []map[string]any {
	out := []map[string]any{}
	for _, f := range v.Faults {
		out = append(out, map[string]any{"line": f.Line, "column": f.Column, "message": f.Message})
	}
	return out
}
