// Package contract holds exchanges of HTTP to the OpenAPI document in package
// api: it tells of everything that the document does not say.
package contract

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ErrUndeclared is wrapped by the error Check returns for a method and path
// the document does not have.
var ErrUndeclared = errors.New("the document has no such operation")

// A Validator checks HTTP exchanges against the OpenAPI document. It may be
// used by several goroutines at once.
type Validator struct {
	contract *contract
}

// An Operation is one method of one path.
type Operation struct {
	Method      string
	Path        string // as in the document, with {names}
	OperationID string
	Query       []string // names of the query parameters, in the document's order
}

// New returns a Validator. The document is read once, which takes a while.
func New() (*Validator, error) {
	c, err := load()
	if err != nil {
		return nil, err
	}
	return &Validator{contract: c}, nil
}

// Parse returns a Validator of another document, or of another compiler of
// schemas; nil is ours.
func Parse(text []byte, compile Compiler) (*Validator, error) {
	c, err := parse(text, compile)
	if err != nil {
		return nil, err
	}
	return &Validator{contract: c}, nil
}

// Find returns the operation of a method and path.
func (v *Validator) Find(method, path string) (Operation, bool) {
	op := v.contract.find(method, path)
	if op == nil {
		return Operation{}, false
	}
	return op.Operation, true
}

// Operations lists what the document declares, by path and then by method.
func (v *Validator) Operations() []Operation {
	all := make([]Operation, 0, len(v.contract.operations))
	for _, op := range v.contract.operations {
		op.Query = slices.Clone(op.Query)
		all = append(all, op.Operation)
	}
	return all
}

// Check compares one exchange with the document and returns everything that
// does not fit, joined into one error.
//
// The route, the status, the required headers and the body of the answer must
// be as declared. What was asked is looked at only when the answer's status is
// below 400, for only then did the server accept it: then the token, the query
// and the request's body must be as declared too. A HEAD request is held to
// the GET operation of its path, without a body.
func (v *Validator) Check(r *http.Request, reqBody []byte, status int, header http.Header, respBody []byte) error {
	op := v.contract.find(r.Method, r.URL.Path)
	if op == nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, ErrUndeclared)
	}
	var faults []error
	if status < http.StatusBadRequest {
		faults = append(faults, op.checkRequest(r, reqBody)...)
	}
	declared, ok := op.responses[strconv.Itoa(status)]
	if !ok {
		faults = append(faults, fmt.Errorf("status %d is not declared", status))
	} else {
		faults = append(faults, declared.check(status, header, respBody, r.Method == http.MethodHead)...)
	}
	return join(op.Method+" "+op.Path, faults)
}

// CheckRefusal checks how a request for something the document does not have
// was turned away: below /stores/ with 501 when no operation could have the
// method, with 405 when only the method is wrong, and 404 otherwise.
// The quota headers are looked for only below /stores/.
func (v *Validator) CheckRefusal(r *http.Request, status int, header http.Header, respBody []byte) error {
	if v.contract.find(r.Method, r.URL.Path) != nil {
		return fmt.Errorf("%s %s: the document has this operation", r.Method, r.URL.Path)
	}
	want := http.StatusNotFound
	if v.contract.hasPath(r.URL.Path) {
		want = http.StatusMethodNotAllowed
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
	default:
		if strings.HasPrefix(r.URL.Path, "/stores/") {
			want = http.StatusNotImplemented
		}
	}
	var faults []error
	if status != want {
		faults = append(faults, fmt.Errorf("status is %d, want %d", status, want))
	} else {
		declared := v.contract.refusals[status]
		if !strings.HasPrefix(r.URL.Path, "/stores/") {
			declared.headers = slices.DeleteFunc(slices.Clone(declared.headers), func(p parameter) bool {
				return p.name != "Allow"
			})
		}
		faults = declared.check(status, header, respBody, r.Method == http.MethodHead)
	}
	return join(r.Method+" "+r.URL.Path, faults)
}

func join(subject string, faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", subject, errors.Join(faults...))
}

// find returns the operation for a method and path, preferring a path without
// parameters.
func (c *contract) find(method, path string) *operation {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *operation
	for i := range c.operations {
		op := &c.operations[i]
		if op.Method != method || !op.matches(path) {
			continue
		}
		if op.Path == path {
			return op
		}
		if found == nil {
			found = op
		}
	}
	return found
}

func (c *contract) hasPath(path string) bool {
	return slices.ContainsFunc(c.operations, func(op operation) bool { return op.matches(path) })
}

func (op *operation) matches(path string) bool {
	segments := strings.Split(path, "/")
	return slices.EqualFunc(op.segments, segments, func(template, segment string) bool {
		if strings.HasPrefix(template, "{") {
			return segment != ""
		}
		return template == segment
	})
}
