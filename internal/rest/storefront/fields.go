package storefront

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/store"
)

// The groups of form fields.
const (
	accountGroup  = "customerAccount"
	shippingGroup = "shippingAddress"
	billingGroup  = "billingAddress"
)

var groups = []string{accountGroup, shippingGroup, billingGroup}

// fieldPrefix begins the ids of fields.
const fieldPrefix = "field_"

// notAsked are the built-in fields that this API does not ask for.
var notAsked = []int64{form.ConfirmPassword, form.CurrentPassword}

// accountForm returns the fields that a registration asks for: those of the
// sign-up form, the names and, where the store requires them, the company and
// the phone.
func accountForm(account, address form.Form) form.Form {
	var out form.Form
	for _, f := range address {
		if b := form.BuiltInOf(f.ID); b != nil && b.OfAccount && (f.Required || !b.Optional) {
			out = append(out, f)
		}
	}
	return append(out, account...)
}

func (s *Surface) formFields(c *Call) error {
	want, err := chosenGroups(c)
	if err != nil {
		return err
	}
	settings, err := s.Stores.Settings(c.Ctx(), c.Site.StoreID)
	if err != nil {
		return err
	}
	kept := ""
	if who, err := s.session(c); err != nil {
		return err
	} else if who != nil {
		kept = who.Locale
	}
	language := c.Wish(kept).Choose(settings.Languages()).Locale
	account, err := s.Forms.Form(c.Ctx(), c.Site.StoreID, form.Customer, language)
	if err != nil {
		return err
	}
	address, err := s.Forms.Form(c.Ctx(), c.Site.StoreID, form.Address, language)
	if err != nil {
		return err
	}
	h := c.W.Header()
	h.Set("Content-Language", strings.ReplaceAll(language, "_", "-"))
	h.Add("Vary", "Accept-Language, Cookie")
	b := []byte{'{'}
	for i, group := range want {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendKey(b, group)
		fields := address
		if group == accountGroup {
			fields = accountForm(account, address)
		}
		b = appendFields(b, fields, &settings.Storefront)
	}
	c.Send(http.StatusOK, append(b, '}'))
	return nil
}

// chosenGroups reads the parameter filter: groups, separated by commas.
func chosenGroups(c *Call) ([]string, error) {
	q := c.R.URL.Query()
	if !q.Has("filter") {
		return groups, nil
	}
	var out []string
	for name := range strings.SplitSeq(q.Get("filter"), ",") {
		if !slices.Contains(groups, name) {
			return nil, &fault.Error{Kind: fault.BadFilter, Items: []fault.Item{{Path: "filter", Code: fault.NotAccepted,
				Message: "filter may hold " + strings.Join(groups, ", ")}}}
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

func appendFields(b []byte, fields form.Form, settings *store.StorefrontSettings) []byte {
	b = append(b, '[')
	first := true
	for i := range fields {
		if slices.Contains(notAsked, fields[i].ID) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendField(b, &fields[i], settings)
	}
	return append(b, ']')
}

func appendField(b []byte, f *form.Field, settings *store.StorefrontSettings) []byte {
	o := &f.Options
	id := fieldPrefix + strconv.FormatInt(f.ID, 10)
	name := id
	if b := form.BuiltInOf(f.ID); b != nil {
		name = speech.Name(b.Key)
	}
	typ, fieldType := "string", f.Type
	switch f.Type {
	case form.NumberField:
		typ, fieldType = "integer", form.TextField
	case form.PasswordField:
		fieldType = form.TextField // and secret
	case form.DateField:
		typ = "date"
	case form.CheckboxField, form.RadioField, form.DropdownField:
		typ = "array"
	}
	b = jsonx.AppendString(append(b, `{"id":`...), id)
	b = jsonx.AppendString(append(b, `,"name":`...), name)
	b = strconv.AppendBool(append(b, `,"custom":`...), !f.BuiltIn())
	b = jsonx.AppendString(append(b, `,"label":`...), o.Label)
	b = strconv.AppendBool(append(b, `,"required":`...), f.Required)
	def := o.Default
	if choice, ok := o.ChoiceID(def); ok {
		def = strconv.FormatInt(choice, 10)
	}
	b = jsonx.AppendString(append(b, `,"default":`...), def)
	b = append(b, `,"type":"`+typ+`","fieldType":"`+fieldType+`"`...)
	if o.Min != "" {
		b = jsonx.AppendString(append(b, `,"min":`...), o.Min)
	}
	if o.Max != "" {
		b = jsonx.AppendString(append(b, `,"max":`...), o.Max)
	}
	if typ == "string" && o.MaxLength > 0 {
		b = strconv.AppendInt(append(b, `,"maxLength":`...), o.MaxLength, 10)
	}
	if f.Type == form.PasswordField {
		b = append(b, `,"secret":true`...)
	}
	switch {
	case f.Type == form.PasswordField && f.BuiltIn():
		b = appendRequirements(b, &settings.Password)
	case f.Type == form.MultilineField && o.Rows > 0:
		b = strconv.AppendInt(append(b, `,"options":{"rows":`...), o.Rows, 10)
		b = append(b, '}')
	case f.Type == form.CheckboxField && f.BuiltIn():
		b = append(b, `,"options":{"items":[{"value":"1","label":`...)
		b = append(jsonx.AppendString(b, o.Label), `}]}`...)
	case typ == "array" && !f.BuiltIn():
		b = append(b, `,"options":{`...)
		if o.Placeholder != "" {
			b = append(jsonx.AppendString(append(b, `"helperLabel":`...), o.Placeholder), ',')
		}
		b = append(b, `"items":[`...)
		for i := range o.Choices {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"value":"`...), o.ChoiceIDs[i], 10)
			b = append(jsonx.AppendString(append(b, `","label":`...), o.ChoiceLabel(i)), '}')
		}
		b = append(b, `]}`...)
	}
	return append(b, '}')
}

// appendRequirements tells what a password needs.
func appendRequirements(b []byte, rules *store.PasswordRules) []byte {
	r := account.Rules(*rules).Requirements()
	b = jsonx.AppendString(append(b, `,"requirements":{"alpha":`...), r.Alpha)
	b = jsonx.AppendString(append(b, `,"numeric":`...), r.Numeric)
	b = strconv.AppendInt(append(b, `,"minlength":`...), int64(r.MinLength), 10)
	b = jsonx.AppendString(append(b, `,"description":`...), r.Description)
	return append(b, '}')
}
