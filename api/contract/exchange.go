package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// checkRequest looks at a request the server accepted.
func (op *operation) checkRequest(r *http.Request, body []byte) []error {
	var faults []error
	if op.secured && r.Header.Get("X-Auth-Token") == "" {
		faults = append(faults, errors.New("answered without a token"))
	}
	faults = append(faults, op.checkQuery(r.URL.RawQuery)...)
	switch {
	case op.body == nil:
	case len(body) > 0:
		faults = append(faults, op.checkBody(r.Header.Get("Content-Type"), body)...)
	case op.mustBody:
		faults = append(faults, errors.New("answered without a request body"))
	}
	return faults
}

func (op *operation) checkQuery(raw string) []error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return []error{fmt.Errorf("accepted a query that cannot be read: %w", err)}
	}
	var faults []error
	for name, values := range query {
		i := slices.IndexFunc(op.parameters, func(p parameter) bool {
			return p.in == "query" && p.name == name
		})
		if i < 0 {
			faults = append(faults, fmt.Errorf("accepted the undeclared query parameter %q", name))
			continue
		}
		if len(values) > 1 {
			faults = append(faults, fmt.Errorf("accepted the query parameter %q twice", name))
		}
		for _, value := range values {
			if err := op.parameters[i].check(value); err != nil {
				faults = append(faults, fmt.Errorf("accepted query parameter %q: %w", name, err))
			}
		}
	}
	for _, p := range op.parameters {
		if p.in == "query" && p.required && !query.Has(p.name) {
			faults = append(faults, fmt.Errorf("answered without query parameter %q", p.name))
		}
	}
	return faults
}

// checkBody reads a request's body as JSON. A request that does not say what
// its body is gets the benefit of the doubt.
func (op *operation) checkBody(contentType string, body []byte) []error {
	mediaType := "application/json"
	if contentType != "" {
		var err error
		if mediaType, _, err = mime.ParseMediaType(contentType); err != nil {
			return []error{fmt.Errorf("accepted a request of type %q: %w", contentType, err)}
		}
	}
	schema, ok := op.body[mediaType]
	if !ok {
		return []error{fmt.Errorf("accepted a request of type %q", mediaType)}
	}
	if mediaType != "application/json" {
		return nil
	}
	if err := checkJSON(schema, body); err != nil {
		return []error{fmt.Errorf("accepted request body: %w", err)}
	}
	return nil
}

func (d response) check(status int, header http.Header, body []byte, head bool) []error {
	var faults []error
	for _, p := range d.headers {
		values := header.Values(p.name)
		switch {
		case len(values) == 0 && p.required:
			faults = append(faults, fmt.Errorf("header %s is missing", p.name))
		case len(values) > 1:
			faults = append(faults, fmt.Errorf("header %s is there %d times", p.name, len(values)))
		case len(values) == 1:
			if err := p.check(values[0]); err != nil {
				faults = append(faults, fmt.Errorf("header %s: %w", p.name, err))
			}
		}
	}
	if len(d.content) == 0 || head {
		if len(body) > 0 {
			faults = append(faults, fmt.Errorf("status %d has a body of %d bytes", status, len(body)))
		}
		return faults
	}
	if err := d.checkBody(status, header.Get("Content-Type"), body); err != nil {
		faults = append(faults, err)
	}
	return faults
}

func (d response) checkBody(status int, contentType string, body []byte) error {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("Content-Type %q: %w", contentType, err)
	}
	schema, ok := d.content[mediaType]
	switch {
	case !ok:
		return fmt.Errorf("status %d has undeclared Content-Type %q", status, mediaType)
	case mediaType != "application/json":
		return nil
	}
	if err := checkJSON(schema, body); err != nil {
		return fmt.Errorf("status %d: body: %w", status, err)
	}
	// An error repeats its status; the schema cannot know which one it was.
	var said struct {
		Status json.RawMessage `json:"status"`
	}
	if status >= http.StatusBadRequest && json.Unmarshal(body, &said) == nil {
		if number, err := strconv.Atoi(string(said.Status)); err == nil && number != status {
			return fmt.Errorf("status is %d but the body says %d", status, number)
		}
	}
	return nil
}

func checkJSON(schema Schema, body []byte) error {
	value, err := readJSON(body)
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if schema == nil {
		return nil
	}
	return schema.Validate(value)
}

// check reads a query or header value as its schema wants it: a comma list for
// an array, and digits for a number.
func (p parameter) check(value string) error {
	if p.schema == nil {
		return nil
	}
	if p.kind != "array" {
		return p.schema.Validate(scalar(value, p.kind))
	}
	list := []any{}
	if value != "" {
		for item := range strings.SplitSeq(value, ",") {
			list = append(list, scalar(item, p.items))
		}
	}
	return p.schema.Validate(list)
}

func scalar(value, kind string) any {
	if kind == "boolean" && (value == "true" || value == "false") {
		return value == "true"
	}
	if kind == "integer" || kind == "number" {
		if _, err := strconv.ParseFloat(value, 64); err == nil && json.Valid([]byte(value)) {
			return json.Number(value)
		}
	}
	return value
}
