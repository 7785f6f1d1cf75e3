package storefront

import (
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/serve"
	"clientele/internal/subscriber"
	"clientele/internal/words"
)

// problem is the type of errors that have no page of their own.
const problem = "about:blank"

// Error implements rest.Renderer: an object with status, title and type, as
// RFC 7807 has it, a detail, and the fields that are to blame.
func (s *Surface) Error(_ *rest.Titles, err error) (status int, body []byte) {
	f := fault.As(err)
	if f == nil {
		f = &fault.Error{Kind: fault.Internal}
	}
	status = statusOf(f)
	b := append([]byte(nil), `{"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"title":`...)
	b = jsonx.AppendString(b, titleOf(f, status))
	b = append(b, `,"type":"`+problem+`"`...)
	if detail := detailOf(f); detail != "" {
		b = append(b, `,"detail":`...)
		b = jsonx.AppendString(b, detail)
	}
	var told []string
	for i := range f.Items {
		it := &f.Items[i]
		path := pathOf(it)
		if path == "" || slices.Contains(told, path) {
			continue
		}
		if told == nil {
			b = append(b, `,"errors":{`...)
		} else {
			b = append(b, ',')
		}
		told = append(told, path)
		b = jsonx.AppendKey(b, path)
		b = jsonx.AppendString(b, speech.Sentence(it))
	}
	if told != nil {
		b = append(b, '}')
	}
	return status, append(b, '}')
}

// speech has this API's names of fields and its words.
var speech = &words.Speech{
	Spell: words.Camel,
	Words: map[fault.Code]string{fault.EmailInUse: hasAccount, fault.UnknownField: "there is no member {path}"},
	Whys:  map[fault.Reason]string{subscriber.WhyTaken: hasAccount},
}

const hasAccount = "The email address belongs to an account already: sign in, or give another one."

// pathOf returns where a rule is broken; custom fields are told by number.
func pathOf(it *fault.Item) string {
	if it.Field == form.Values {
		return "customFields." + strconv.FormatInt(it.FormField, 10)
	}
	return speech.Path(it)
}

// statusOf tells what is missing (422) from what is wrong (400).
func statusOf(f *fault.Error) int {
	switch {
	case f.Status != 0:
		return f.Status
	case f.Kind == fault.Invalid:
		has := func(code fault.Code) bool {
			return slices.ContainsFunc(f.Items, func(it fault.Item) bool { return it.Code == code })
		}
		if has(fault.Required) && !has(fault.WrongType) {
			return http.StatusUnprocessableEntity
		}
		return http.StatusBadRequest
	case f.Kind == fault.BadFilter:
		return http.StatusBadRequest
	}
	return serve.StatusOf(f.Kind)
}

// detailOf returns what is wrong, or of several things the first.
func detailOf(f *fault.Error) string {
	switch {
	case f.Kind == fault.Internal:
		return ""
	case len(f.Items) > 0:
		return speech.Sentence(&f.Items[0])
	}
	return f.Message
}

func titleOf(f *fault.Error, status int) string {
	if f.Kind == fault.Internal && status == http.StatusInternalServerError {
		return "Something went wrong on our side."
	}
	return http.StatusText(status)
}

// malformed is an error in the shape of a request.
func malformed(field string, code fault.Code, message string) error {
	return &fault.Error{Kind: fault.Malformed, Items: []fault.Item{{Path: field, Code: code, Message: message}}}
}
