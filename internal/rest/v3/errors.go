package v3

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/instrument"
	"clientele/internal/jsonx"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	"clientele/internal/setting"
	"clientele/internal/tax"
)

// operation is how the original names an operation in errors.
type operation struct {
	title    string // of the whole answer
	key      string // of a fault of the whole operation
	text     string // before the reason
	conflict string // title of a clash that is answered 409; 422 if empty
	missing  string // title of what is not found, where it is a special one
	invalid  int    // status of a broken rule; 422 if 0
}

var operations = map[string]operation{
	customer.OpCreate:        {title: "Create customers failed.", key: ".customer_create", text: "Error creating customers"},
	customer.OpUpdate:        {title: "Update customers failed.", key: ".customer_update", text: "Error updating customers"},
	customer.OpDelete:        {title: "Delete customers failed.", key: ".customer_delete", text: "Error deleting customers"},
	customer.OpAddressCreate: {title: "Create customer addresses failed.", key: ".customer_address_create", text: "Error creating customer addresses"},
	customer.OpAddressUpdate: {title: "Update customer addresses failed.", key: ".customer_address_update", text: "Error updating customer addresses"},
	customer.OpAddressDelete: {title: "Delete customer addresses failed.", key: ".customer_address_delete", text: "Error deleting customer addresses"},
	metafield.OpCreate:       {title: "Create metafield failed.", conflict: metafieldConflict},
	metafield.OpUpdate:       {title: "Update metafield failed.", conflict: metafieldConflict},
	customer.OpValidate:      {title: "Validate customer credentials failed."},
	customer.OpConsent:       {title: "Update customer consent failed."},
	setting.OpUpdate:         {title: "Update customer settings failed."},
	setting.OpUpdateChannel:  {title: "Update customer channel settings failed."},
	instrument.OpPut:         {title: "Store instrument failed.", conflict: "The instrument conflicts with another one."},
	tax.OpUpdate:             {title: "Update tax customers failed."},
	channel.OpGet:            {missing: "Not found"},
	channel.OpCreate:         {conflict: "The channel conflicts with another channel."},
	channel.OpUpdate:         {conflict: "The channel conflicts with another channel.", missing: "The requested entity was not found."},
	channel.OpSite:           {title: "Input is invalid.", invalid: http.StatusBadRequest},
	metafield.OpDelete:       {title: "Delete metafield failed."},
}

const metafieldConflict = "The metafield conflicts with another metafield."

// detail is one entry of "errors".
type detail struct{ key, text string }

// Error implements rest.Surface.
func (*Surface) Error(err error) (int, []byte) {
	f := fault.As(err)
	if f == nil {
		f = &fault.Error{Kind: fault.Internal}
	}
	switch f.Kind {
	case fault.Invalid, fault.Conflict:
		op, ok := operations[f.Op]
		if !ok {
			return body(http.StatusUnprocessableEntity, f.Message, details(f.Items))
		}
		if f.Kind == fault.Conflict && op.conflict != "" {
			return body(http.StatusConflict, cmp.Or(f.Message, op.conflict), details(f.Items))
		}
		return body(cmp.Or(op.invalid, http.StatusUnprocessableEntity), cmp.Or(op.title, f.Message), operationDetails(op, f.Items))
	case fault.Malformed:
		return body(http.StatusUnprocessableEntity, "JSON data is missing or invalid", details(f.Items))
	case fault.BadFilter:
		status := http.StatusUnprocessableEntity
		if f.Op == tax.OpFilter {
			status = http.StatusBadRequest
		}
		return badFilter(status, f)
	case fault.NotFound:
		if title := operations[f.Op].missing; title != "" {
			return body(http.StatusNotFound, title, nil)
		}
		return http.StatusNotFound, append(bodyStart(http.StatusNotFound, "The resource at that URL is not found."), '}')
	case fault.BadInput:
		b := append(bodyStart(http.StatusBadRequest, "Input is invalid"), `,"detail":`...)
		return http.StatusBadRequest, append(jsonx.AppendString(b, f.Message), '}')
	case fault.Unauthorized:
		return body(http.StatusUnauthorized, "Unauthorized - the v3 Auth client ID or token in the request are not a valid combination for this store.", nil)
	case fault.Forbidden:
		if f.Op != "" { // the scope is good, the thing is another's
			return body(http.StatusForbidden, f.Message, nil)
		}
		return body(http.StatusForbidden, "You don't have a required scope to access the endpoint", nil)
	case fault.TooLarge:
		return body(http.StatusRequestEntityTooLarge, f.Message, nil)
	case fault.WrongMedia:
		return body(http.StatusUnsupportedMediaType, f.Message, nil)
	case fault.TooMany:
		return body(http.StatusTooManyRequests, f.Message, nil)
	case fault.Unavailable:
		return body(http.StatusServiceUnavailable, f.Message, nil)
	default:
		return body(http.StatusInternalServerError, "Internal Server Error", nil)
	}
}

// badFilter names the parameters that are wrong in the title, as the original
// does for unknown ones; wrong values are explained as well.
func badFilter(status int, f *fault.Error) (int, []byte) {
	var names []string
	var ds []detail
	for _, it := range f.Items {
		if !slices.Contains(names, it.Field) {
			names = append(names, it.Field)
		}
		if it.Code != fault.UnknownFilter {
			ds = append(ds, detail{it.Field, it.Message})
		}
	}
	return body(status, "The filter(s): "+strings.Join(names, ", ")+" are not valid filter parameter(s).", ds)
}

func operationDetails(op operation, items []fault.Item) []detail {
	for _, it := range items {
		if it.Code == fault.EmailInUse {
			text := op.text + ": email already in use"
			if it.Value != "" {
				text = op.text + ": email " + it.Value + " already in use"
			}
			return []detail{{op.key, text}}
		}
	}
	return details(items)
}

func details(items []fault.Item) []detail {
	out := make([]detail, 0, len(items))
	for _, it := range items {
		key := it.Field
		if it.Index >= 0 {
			key = strconv.Itoa(it.Index)
			if it.Field != "" {
				key += "." + it.Field
			}
		}
		text := it.Message
		switch {
		case it.Message != "":
		case it.Code == fault.Required:
			text = "error.path.missing"
		case it.Code == fault.WrongType:
			text = "error.expected." + it.Want
		}
		// The first fault of a field is the one to mend first.
		if !slices.ContainsFunc(out, func(d detail) bool { return d.key == key }) {
			out = append(out, detail{key, text})
		}
	}
	return out
}

// bodyStart returns an error's body without what is wrong and the last brace.
func bodyStart(status int, title string) []byte {
	b := append(make([]byte, 0, 256), `{"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"title":`...)
	b = jsonx.AppendString(b, title)
	return append(b, `,"type":"`+rest.StatusCodes+`"`...)
}

func body(status int, title string, ds []detail) (int, []byte) {
	b := append(bodyStart(status, title), `,"errors":{`...)
	for i, d := range ds {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, d.key)
		b = append(b, ':')
		b = jsonx.AppendString(b, d.text)
	}
	return status, append(b, `}}`...)
}
