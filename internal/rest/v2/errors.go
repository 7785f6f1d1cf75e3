package v2

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/words"
)

// speech has V2's names of fields.
var speech = &words.Speech{Spell: words.Snake, Names: map[fault.Field]string{
	customer.FieldAddress1: "street_1", customer.FieldAddress2: "street_2", customer.FieldState: "state", customer.FieldPostalCode: "zip", customer.FieldCountry: "country",
	customer.FieldStoreCredit: "store_credit",
	group.FieldCategory:       "category_id", group.FieldProduct: "product_id", group.FieldPriceList: "price_list_id",
	group.FieldAccessType: "category_access.type", group.FieldAccessCategories: "category_access.categories",
}}

// entry is one element of an error's array.
type entry struct{ message, key, reason string }

// Error implements rest.Surface.
func (*Surface) Error(_ *rest.Titles, err error) (int, []byte) {
	f := fault.As(err)
	if f == nil {
		f = &fault.Error{Kind: fault.Internal}
	}
	status, b := render(f)
	if f.Status != 0 && f.Status != status {
		return body(f.Status, []entry{{message: f.Message}})
	}
	return status, b
}

func render(f *fault.Error) (int, []byte) {
	switch f.Kind {
	case fault.Invalid, fault.Malformed, fault.BadFilter:
		return body(http.StatusBadRequest, entries(f, "invalid_reason"))
	case fault.Conflict:
		return body(http.StatusConflict, entries(f, "conflict_reason"))
	case fault.NotFound:
		return refusal(http.StatusNotFound)
	case fault.Unauthorized:
		return refusal(http.StatusUnauthorized)
	case fault.Forbidden:
		if len(f.Items) > 0 { // the scope is good
			return body(http.StatusForbidden, []entry{{message: speech.Sentence(&f.Items[0])}})
		}
		return refusal(http.StatusForbidden)
	case fault.TooLarge:
		return body(http.StatusRequestEntityTooLarge, []entry{{message: f.Message}})
	case fault.TooSlow:
		return body(http.StatusRequestTimeout, []entry{{message: f.Message}})
	case fault.WrongMedia:
		return body(http.StatusUnsupportedMediaType, []entry{{message: "The content type of the request is not supported."}})
	case fault.Repeated:
		return body(http.StatusConflict, []entry{{message: f.Message}})
	case fault.KeyTaken:
		return body(http.StatusUnprocessableEntity, []entry{{message: f.Message}})
	case fault.TooMany:
		return body(http.StatusTooManyRequests, []entry{{message: f.Message}})
	case fault.Unavailable:
		return body(http.StatusServiceUnavailable, []entry{{message: f.Message}})
	default:
		return refusal(http.StatusInternalServerError)
	}
}

var refusals = map[int]string{
	http.StatusUnauthorized:        "No valid credentials were supplied in the request.",
	http.StatusForbidden:           "You don't have a required scope to access the endpoint",
	http.StatusNotFound:            "The requested resource was not found.",
	http.StatusMethodNotAllowed:    "The requested resource does not support this HTTP method.",
	http.StatusNotAcceptable:       "The response content type requested in the Accept header is not supported.",
	http.StatusNotImplemented:      "This HTTP method is not supported.",
	http.StatusInternalServerError: "An internal error occurred.",
}

func refusal(status int) (int, []byte) { return body(status, []entry{{message: refusals[status]}}) }

// Refuse implements rest.Refuser.
func (*Surface) Refuse(status int) []byte {
	_, b := refusal(status)
	return b
}

func entries(f *fault.Error, key string) []entry {
	var out []entry
	for _, it := range f.Items {
		path := speech.Path(&it)
		if it.Field == form.Values {
			path = speech.Name(it.Field)
		}
		name := path[strings.LastIndexByte(path, '.')+1:]
		explain := name != path
		reason := speech.Sentence(&it)
		e := entry{message: "The field '" + name + "' is invalid."}
		switch it.Code {
		case fault.Required:
			e.message = "The required field '" + name + "' was not supplied."
		case fault.UnknownField, fault.UnknownFilter:
			e.message = "The field '" + name + "' is not supported by this resource."
		case fault.ReadOnly:
			e.message = "The field '" + name + "' cannot be written to. Please remove it from your request before trying again."
		case fault.BadFormat, fault.WrongType, fault.Unknown:
		case fault.EmailInUse:
			e.message, explain = "The field 'email' is invalid.", true
			if it.Value != "" {
				reason = "The email address " + it.Value + " is already in use."
			}
		default:
			explain = true
		}
		if path == "" && it.Code != fault.EmailInUse {
			e.message, explain = "The request is invalid.", true
		}
		if explain && reason != "" {
			e.key, e.reason = key, reason
		}
		// The first fault of a field is the one to mend first.
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		message := f.Message
		if message == "" {
			message = "The request is invalid."
		}
		out = []entry{{message: message}}
	}
	return out
}

func body(status int, entries []entry) (int, []byte) {
	b := append(make([]byte, 0, 128), '[')
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"status":`...)
		b = strconv.AppendInt(b, int64(status), 10)
		b = append(b, `,"message":`...)
		b = jsonx.AppendString(b, e.message)
		if e.key != "" {
			b = append(b, `,"details":{`...)
			b = jsonx.AppendKey(b, e.key)
			b = jsonx.AppendString(b, e.reason)
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return status, append(b, ']')
}
