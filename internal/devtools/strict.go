package devtools

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
)

// object reads a JSON object that has no members but those of out, each once, in
// their own case and of their type. A null is as good as no member.
func object(text []byte, out any) error {
	v, err := jsonx.Parse(text, jsonx.Limits{})
	if err != nil {
		return malformed("", "the body cannot be read: "+strings.TrimPrefix(err.Error(), "jsonx: "))
	}
	if v.Kind() != jsonx.Object {
		return malformed("", "the body must be a JSON object")
	}
	if err := fits(v, reflect.TypeOf(out).Elem(), ""); err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
			return malformed(wrong.Field, "the number is too large")
		}
		return malformed("", err.Error())
	}
	return nil
}

// malformed refuses a body that has not the shape of what is asked for.
func malformed(path, message string) error {
	if path != "" {
		message = path + ": " + message
	}
	return fault.New(fault.Malformed, message)
}

var (
	readsJSON = reflect.TypeFor[json.Unmarshaler]()
	readsText = reflect.TypeFor[encoding.TextUnmarshaler]()
	instant   = reflect.TypeFor[time.Time]()
)

// fits tells where a value is none of a type.
func fits(v jsonx.Value, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if v.IsNull() {
		return nil
	}
	to := reflect.PointerTo(t)
	switch {
	case t == instant:
		text, ok := v.Str()
		if _, err := time.Parse(time.RFC3339, text); !ok || err != nil {
			return malformed(path, "want an RFC 3339 time, such as 2026-05-02T19:20:00Z")
		}
		return nil
	case to.Implements(readsJSON), to.Implements(readsText):
		return nil // it tells by itself what it wants
	}
	want := func(kind jsonx.Kind, what string) error {
		if v.Kind() != kind {
			return malformed(path, "want "+what+", not "+v.Kind().String())
		}
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		if err := want(jsonx.Object, "an object"); err != nil {
			return err
		}
		return membersFit(v, t, path)
	case reflect.Slice:
		if err := want(jsonx.Array, "an array"); err != nil {
			return err
		}
		for i, e := range v.Elems() {
			at := path + "[" + strconv.Itoa(i) + "]"
			if e.IsNull() {
				return malformed(at, "want a value, not null")
			}
			if err := fits(e, t.Elem(), at); err != nil {
				return err
			}
		}
	case reflect.String:
		return want(jsonx.String, "a text")
	case reflect.Bool:
		if _, ok := v.Bool(); !ok {
			return malformed(path, "want true or false")
		}
	case reflect.Float64:
		return want(jsonx.Number, "a number")
	default:
		// encoding/json takes no 1.0 or 1e3 for a whole number either.
		text, _ := v.NumberText()
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			if _, err := strconv.ParseUint(text, 10, 64); err != nil || t.Kind() != reflect.Uint64 {
				return malformed(path, "want a whole number")
			}
		}
		if t.Kind() == reflect.Uint64 && strings.HasPrefix(text, "-") {
			return malformed(path, "want a whole number from 0 on")
		}
	}
	return nil
}

func membersFit(v jsonx.Value, t reflect.Type, path string) error {
	types, names := map[string]reflect.Type{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && !f.Anonymous {
			types[name], names = f.Type, append(names, name)
		}
	}
	seen := map[string]bool{}
	for name, member := range v.Members() {
		at := name
		if path != "" {
			at = path + "." + name
		}
		want, known := types[name]
		switch {
		case !known:
			return malformed(at, "is not a member; there are "+strings.Join(names, ", "))
		case seen[name]:
			return malformed(at, "is given twice")
		}
		seen[name] = true
		if err := fits(member, want, at); err != nil {
			return err
		}
	}
	return nil
}
