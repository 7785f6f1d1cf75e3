package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/bits"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"clientele/internal/graphql/exec"
	"clientele/internal/jsonx"
)

// Request is what a client asks.
type Request struct {
	Query         string          `json:"query"`
	OperationName string          `json:"operationName"`
	Variables     json.RawMessage `json:"variables"`

	values jsonx.Value // what Variables hold, where it was parsed with the body
}

// Wrong is what is wrong with a request that cannot be read, in words for the
// client.
type Wrong string

// Error implements error.
func (w Wrong) Error() string { return string(w) }

// What may be wrong. ErrMedia is about the type of a body, which has a status
// of its own.
const (
	ErrMedia Wrong = "The body must be sent with Content-Type: application/json."
	errBatch Wrong = "A request holds one query: batches are not supported."
	errBody  Wrong = "The body is no valid JSON of a GraphQL request."
	errUTF8  Wrong = "The request is not in UTF-8."
	errEmpty Wrong = "The request holds no query."
)

// Media returns the type of a body by the header Content-Type, or ErrMedia if
// it is none of requests.
func Media(contentType string) (string, error) {
	if contentType == "" {
		return "application/json", nil
	}
	if contentType == "application/json" {
		return contentType, nil
	}
	switch kind, _, err := mime.ParseMediaType(contentType); {
	case err != nil:
	case kind == "application/json", kind == "application/graphql", kind == "application/graphql+json":
		return kind, nil
	}
	return "", ErrMedia
}

// Parse reads a request from a body of a type that Media returned. The request
// does not keep the body.
func Parse(kind string, body []byte) (in Request, err error) {
	if kind == "application/graphql" {
		in.Query = string(body)
		return in, nil
	}
	if t := bytes.TrimSpace(body); len(t) > 0 && t[0] == '[' {
		return in, errBatch
	}
	if in, ok := plain(body); ok {
		return in, nil
	}
	if err := json.Unmarshal(body, &in); err != nil || halves(body) {
		return in, errBody
	}
	return in, nil
}

// plain reads a body whose members are named as documented, each once, and of
// the types that are documented. All others are for encoding/json, whose view of
// them is kept.
func plain(body []byte) (in Request, ok bool) {
	v, err := jsonx.Parse(body, jsonx.Limits{Depth: maxVariables, Values: MaxBody, Expect: 16})
	if err != nil || v.Kind() != jsonx.Object || body[0] == 0xEF {
		return in, false
	}
	seen := 0
	for name, member := range v.Members() {
		is := true
		switch name {
		case "query":
			in.Query, is = member.Str()
			seen |= 1
		case "operationName":
			in.OperationName, is = member.Str()
			is = is || member.IsNull()
			seen |= 2
		case "variables":
			in.Variables, is = json.RawMessage(member.Source()), member.Kind() == jsonx.Object
			in.values = member
			seen |= 4
		case "extensions":
			seen |= 8
		default:
			return in, false
		}
		if !is {
			return in, false
		}
	}
	return in, bits.OnesCount(uint(seen)) == v.Len()
}

// Check returns why a request cannot be read.
func (in *Request) Check() error {
	if !in.values.Present() && (!utf8.ValidString(in.Query) || !utf8.Valid(in.Variables)) {
		return errUTF8
	}
	if strings.TrimSpace(in.Query) == "" {
		return errEmpty
	}
	return nil
}

// Operation is what a request asks for.
type Operation struct {
	*ast.OperationDefinition
	// Score is the complexity, -1 until it is known.
	Score  int
	Values map[string]any // of variables

	doc *valid
}

// QueryHash and VariablesHash are the SHA-256 of what was sent, in hexadecimal
// digits.
func (o *Operation) QueryHash() string { return o.doc.hash }

// VariablesHash is described at QueryHash.
func (in *Request) VariablesHash() string {
	if len(in.Variables) == 0 {
		return noVariables
	}
	return hashOf(string(in.Variables))
}

// noVariables is the hash of nothing.
const noVariables = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Plan returns the plan of an operation that was weighed.
func (o *Operation) Plan() *exec.Plan { return o.doc.Plan(o.OperationDefinition, o.Values) }

// Find returns the operation that a request names of a valid document.
func (s *Reader) Find(in *Request) (*Operation, gqlerror.List) {
	doc, errs := s.read(in.Query)
	if len(errs) > 0 {
		return nil, errs
	}
	op := doc.Operations.ForName(in.OperationName)
	switch {
	case op != nil:
		return &Operation{OperationDefinition: op, Score: -1, doc: doc}, nil
	case in.OperationName == "":
		return nil, gqlerror.List{gqlerror.Errorf("The request must name one of its operations")}
	}
	return nil, gqlerror.List{gqlerror.Errorf("There is no operation of that name in the request")}
}

// Weigh reads the variables of an operation and holds it to the bounds. The
// score is known where it is too high, too.
func (s *Reader) Weigh(o *Operation, in *Request) gqlerror.List {
	given := in.values
	if !given.Present() {
		var err *gqlerror.Error
		if given, err = readVariables(in.Variables); err != nil {
			return gqlerror.List{err}
		}
	}
	var wrong gqlerror.List
	if o.Values, wrong = exec.Variables(s.Schema(), o.OperationDefinition, given); wrong != nil {
		return wrong
	}
	c, known := o.doc.costs[o.OperationDefinition]
	if !known {
		c = s.measure(o.doc.QueryDocument, o.OperationDefinition, o.Values)
	}
	o.Score = c.score
	if err := c.limits(); err != nil {
		return gqlerror.List{err}
	}
	return nil
}

// halves reports whether JSON has an escaped surrogate without its pair, which
// encoding/json takes for U+FFFD.
func halves(text []byte) bool {
	if !bytes.Contains(text, []byte(`\u`)) {
		return false
	}
	_, err := jsonx.Parse(text, jsonx.Limits{Depth: MaxBody, Values: MaxBody})
	return err != nil
}

// maxVariables bounds how deep the values of variables are nested.
const maxVariables = 10_000

// readVariables parses the values of variables, which are none or an object.
func readVariables(raw json.RawMessage) (jsonx.Value, *gqlerror.Error) {
	if len(raw) == 0 {
		return jsonx.Value{}, nil
	}
	v, err := jsonx.Parse(raw, jsonx.Limits{Depth: maxVariables, Values: MaxBody})
	if err != nil || v.Kind() != jsonx.Object && !v.IsNull() {
		return v, gqlerror.Errorf("The variables must be a JSON object.")
	}
	return v, nil
}
