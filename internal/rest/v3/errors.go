package v3

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/instrument"
	"clientele/internal/jsonx"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/tax"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
)

// operation is how the original names an operation in errors.
type operation struct {
	title    string // of the whole answer
	key      string // of a fault of the whole operation
	text     string // before the reason
	invalid  int    // the status of what is invalid; 0 stands for 422
	conflict int    // the status of a clash; 0 stands for 422
	batch    bool   // a clash is told as the outcome of a batch
	clash    string // the title of a clash, if not title
	missing  string // the title of what is not found, where it is a special one
}

var operations = map[string]operation{
	customer.OpCreate:               {title: "Create customers failed.", key: ".customer_create", text: "Error creating customers"},
	customer.OpUpdate:               {title: "Update customers failed.", key: ".customer_update", text: "Error updating customers"},
	customer.OpDelete:               {title: "Delete customers failed.", key: ".customer_delete", text: "Error deleting customers"},
	customer.OpAddressCreate:        {title: "Create customer addresses failed.", key: ".customer_address_create", text: "Error creating customer addresses"},
	customer.OpAddressUpdate:        {title: "Update customer addresses failed.", key: ".customer_address_update", text: "Error updating customer addresses"},
	subscriber.OpCreate:             {title: "Create subscriber failed.", key: ".subscriber_create", text: "Error creating subscriber", conflict: http.StatusConflict},
	subscriber.OpUpdate:             {title: "Update subscriber failed.", key: ".subscriber_update", text: "Error updating subscriber", conflict: http.StatusConflict},
	segment.OpCreate:                {title: "Create segments failed.", key: ".segment_create", text: "Error creating segments", invalid: http.StatusBadRequest, conflict: http.StatusConflict, batch: true},
	segment.OpUpdate:                {title: "Update segments failed.", key: ".segment_update", text: "Error updating segments", invalid: http.StatusBadRequest, conflict: http.StatusConflict, batch: true},
	segment.OpProfileCreate:         {title: "Create shopper profiles failed.", key: ".shopper_profile_create", text: "Error creating shopper profiles", invalid: http.StatusBadRequest, conflict: http.StatusConflict, batch: true},
	segment.OpMemberAdd:             {title: "Add shopper profiles to segment failed.", key: ".segment_shopper_profile_create", text: "Error adding shopper profiles to segment", invalid: http.StatusBadRequest, conflict: http.StatusConflict, batch: true},
	customer.OpAddressDelete:        {title: "Delete customer addresses failed.", key: ".customer_address_delete", text: "Error deleting customer addresses"},
	customer.OpAttributeCreate:      {title: "Create customer attributes failed.", key: ".customer_attribute_create", text: "Error creating customer attributes"},
	customer.OpAttributeUpdate:      {title: "Update customer attributes failed.", key: ".customer_attribute_update", text: "Error updating customer attributes"},
	customer.OpAttributeValueUpsert: {title: "Upsert customer attribute values failed.", key: ".customer_attribute_value_upsert", text: "Error upserting customer attribute values"},
	customer.OpFormValueUpsert:      {title: "Upsert form field values failed.", key: ".form_field_value_upsert", text: "Error upserting form field values"},
	form.OpCreate:                   {title: "Create form field failed.", key: ".form_field_create", text: "Error creating form field"},
	form.OpUpdate:                   {title: "Update form field failed.", key: ".form_field_update", text: "Error updating form field"},
	form.OpDelete:                   {title: "Delete form field failed.", key: ".form_field_delete", text: "Error deleting form field"},
	metafield.OpCreate:              {title: "Create metafield failed.", conflict: http.StatusConflict, clash: metafieldConflict},
	metafield.OpUpdate:              {title: "Update metafield failed.", conflict: http.StatusConflict, clash: metafieldConflict},
	customer.OpValidate:             {title: "Validate customer credentials failed."},
	customer.OpConsent:              {title: "Update customer consent failed."},
	setting.OpUpdate:                {title: "Update customer settings failed."},
	setting.OpUpdateChannel:         {title: "Update customer channel settings failed."},
	instrument.OpPut:                {title: "Store instrument failed.", conflict: http.StatusConflict, clash: "The instrument conflicts with another one."},
	tax.OpUpdate:                    {title: "Update tax customers failed."},
	channel.OpGet:                   {missing: "Not found"},
	channel.OpCreate:                {conflict: http.StatusConflict, clash: "The channel conflicts with another channel."},
	channel.OpUpdate:                {conflict: http.StatusConflict, clash: "The channel conflicts with another channel.", missing: "The requested entity was not found."},
	store.OpHost:                    {conflict: http.StatusConflict},
	channel.OpSite:                  {title: "Input is invalid.", invalid: http.StatusBadRequest},
	opHookSyntax:                    {title: "Input is invalid.", invalid: http.StatusBadRequest},
	webhook.OpCreate:                {title: invalidData},
	webhook.OpUpdate:                {title: invalidData},
	webhook.OpAdmin:                 {title: invalidData},
	wishlist.OpCreate:               {title: "Create wishlist failed."},
	wishlist.OpUpdate:               {title: "Update wishlist failed."},
	wishlist.OpAddItems:             {title: "Add wishlist items failed."},
	webhook.OpReplay:                {conflict: http.StatusConflict, clash: "The webhook is not active."},
	metafield.OpDelete:              {title: "Delete metafield failed."},
	auth.OpStorefrontToken:          {title: "Create storefront token failed."},
	auth.OpStorefrontRevoke:         {title: "Revoke storefront token failed."},
}

const invalidData = "JSON data is missing or invalid"

const metafieldConflict = "The metafield conflicts with another metafield."

// detail is one entry of "errors".
type detail struct{ key, text string }

// Error implements rest.Surface.
func (*Surface) Error(err error) (int, []byte) { return Error(err) }

// Error returns the answer to a request that failed. An operation that the
// original does not have needs no entry among operations: its fault's message
// is the title.
func Error(err error) (int, []byte) {
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
		status, title := op.invalid, op.title
		if f.Kind == fault.Conflict {
			if op.batch {
				return failedBatch(op.conflict, f)
			}
			status = op.conflict
			if op.clash != "" {
				title = cmp.Or(f.Message, op.clash)
			}
		}
		return body(cmp.Or(status, http.StatusUnprocessableEntity), cmp.Or(title, f.Message), operationDetails(op, f.Items))
	case fault.Malformed:
		return body(cmp.Or(operations[f.Op].invalid, http.StatusUnprocessableEntity), invalidData, details(f.Items))
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
		if f.Op == webhook.OpGet {
			return http.StatusNotFound, append(bodyStart(http.StatusNotFound, f.Message), '}')
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
	case fault.TooSlow:
		return body(http.StatusRequestTimeout, f.Message, nil)
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

// path returns where a rule is broken. A form field's is in a list of inputs.
func path(it fault.Item) string {
	if it.At == 0 {
		return it.Field
	}
	return it.Field + "." + strconv.Itoa(it.At-1) + "." + it.FormFieldMember()
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
	ds := details(items)
	for i := range ds {
		if ds[i].key == "" { // no item and no field: the operation as a whole
			ds[i] = detail{op.key, op.text + ": " + ds[i].text}
		}
	}
	return ds
}

// failedBatch tells of a batch that failed as a whole because some of it is
// there already.
func failedBatch(status int, f *fault.Error) (int, []byte) {
	b := append(make([]byte, 0, 512), `{"data":[],"errors":[`...)
	_, text := body(status, f.Message, details(f.Items))
	b = append(b, text...)
	b = append(b, `],"meta":{"total":`...)
	b = strconv.AppendInt(b, int64(f.Total), 10)
	b = append(b, `,"success":0,"failed":`...)
	b = strconv.AppendInt(b, int64(f.Total), 10)
	return status, append(b, `}}`...)
}

// reason says what is wrong.
func reason(it fault.Item) string {
	switch {
	case it.Message != "":
		return it.Message
	case it.Code == fault.Required:
		return "error.path.missing"
	case it.Code == fault.WrongType:
		return "error.expected." + it.Want
	}
	return ""
}

func details(items []fault.Item) []detail {
	out := make([]detail, 0, len(items))
	seen := make(map[string]bool, len(items))
	for _, it := range items {
		key := path(it)
		if it.Index >= 0 {
			key = strings.TrimSuffix(strconv.Itoa(it.Index)+"."+key, ".")
		}
		text := reason(it)
		// The first fault of a field is the one to mend first.
		if !seen[key] {
			seen[key] = true
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
