package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// headers are those that matter: clients go by whether they are there.
var headers = []string{
	"Allow", "Location", "Retry-After", "X-Rate-Limit-Requests-Left", "X-Rate-Limit-Requests-Quota", "X-Rate-Limit-Time-Reset-Ms", "X-Rate-Limit-Time-Window-Ms", "X-Retry-After",
}

// compare returns what differs between an answer that was recorded and ours.
func compare(status int, want http.Header, recorded []byte, got int, have http.Header, answered []byte) (out []string) {
	if status != got {
		return []string{fmt.Sprintf("status %d, want %d", got, status)}
	}
	for _, name := range headers {
		if is, was := have.Get(name) != "", want.Get(name) != ""; is != was {
			out = append(out, fmt.Sprintf("header %s: %s, want %s", name, there(is), there(was)))
		}
	}
	if w, h := media(want), media(have); w != h {
		return append(out, fmt.Sprintf("Content-Type %q, want %q", h, w))
	}
	if !strings.HasSuffix(media(want), "json") {
		if (len(recorded) > 0) != (len(answered) > 0) {
			out = append(out, fmt.Sprintf("body %s, want %s", there(len(answered) > 0), there(len(recorded) > 0)))
		}
		return out
	}
	w, err := read(recorded)
	if err != nil {
		return append(out, "the recorded body cannot be read: "+err.Error())
	}
	h, err := read(answered)
	if err != nil {
		return append(out, "the body cannot be read: "+err.Error())
	}
	return append(out, shape("", w, h)...)
}

func there(is bool) string {
	if is {
		return "there"
	}
	return "none"
}

func media(h http.Header) string {
	text := h.Get("Content-Type")
	if text == "" {
		return ""
	}
	out, _, err := mime.ParseMediaType(text)
	if err != nil {
		return text
	}
	return out
}

// object is a JSON object with the order of its members.
type object struct {
	names  []string
	values map[string]any
}

// read reads a JSON text: objects as *object.
func read(text []byte) (any, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := value(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more than one value")
	}
	return v, nil
}

func value(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		out := []any{}
		for d.More() {
			v, err := value(d)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		_, err = d.Token()
		return out, err
	case json.Delim('{'):
		out := &object{values: map[string]any{}}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := value(d)
			if err != nil {
				return nil, err
			}
			out.names = append(out.names, name.(string))
			out.values[name.(string)] = v
		}
		_, err = d.Token()
		return out, err
	}
	return t, nil
}

// most bounds how many differences of one answer are told.
const most = 20

// shape returns what differs in types, presence and order.
func shape(at string, want, have any) (out []string) {
	add := func(format string, args ...any) {
		if len(out) < most {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	where := at
	if where == "" {
		where = "the body"
	}
	// What has no value tells nothing of its type.
	if w, h := kind(want), kind(have); w != h && w != "null" && h != "null" {
		add("%s is %s, want %s", where, h, w)
		return out
	}
	switch w := want.(type) {
	case []any:
		h, ok := have.([]any)
		if !ok {
			return out
		}
		if len(w) != len(h) {
			add("%s has %d items, want %d", where, len(h), len(w))
		}
		for i := range min(len(w), len(h)) {
			for _, d := range shape(fmt.Sprintf("%s[%d]", at, i), w[i], h[i]) {
				add("%s", d)
			}
		}
	case *object:
		h, ok := have.(*object)
		if !ok {
			return out
		}
		if at == "errors" || strings.HasSuffix(at, ".errors") { // named by what was sent
			if (len(w.names) > 0) != (len(h.names) > 0) {
				add("%s has %d members, want %d", where, len(h.names), len(w.names))
			}
			return out
		}
		for _, name := range w.names {
			if !slices.Contains(h.names, name) {
				add("%s.%s is missing", at, name)
			}
		}
		for _, name := range h.names {
			if !slices.Contains(w.names, name) {
				add("%s.%s is not in the recording", at, name)
			}
		}
		both := func(of, other []string) (out []string) {
			for _, name := range of {
				if slices.Contains(other, name) {
					out = append(out, name)
				}
			}
			return out
		}
		if a, b := both(w.names, h.names), both(h.names, w.names); !slices.Equal(a, b) {
			add("%s has its members in the order %s, want %s", where, strings.Join(b, ", "), strings.Join(a, ", "))
		}
		for _, name := range w.names {
			if slices.Contains(h.names, name) {
				for _, d := range shape(strings.TrimPrefix(at+"."+name, "."), w.values[name], h.values[name]) {
					add("%s", d)
				}
			}
		}
	}
	return out
}

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}
