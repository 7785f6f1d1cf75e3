package setting

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// CheckoutSettings are what one level says about checking out: by name, what is
// said. On the store's level nothing is missing; what is missing of a channel
// is left to the store.
type CheckoutSettings map[store.CheckoutName]string

// Text returns a setting, and whether the level says it.
func (s CheckoutSettings) Text(name store.CheckoutName) (string, bool) {
	v, ok := s[name]
	return v, ok
}

// On reports whether a flag is said to be on.
func (s CheckoutSettings) On(name store.CheckoutName) bool { return s[name] == flagText(true) }

// CheckoutUpdate is the command to change a level, by name: absent settings
// stay, null ones are left to the level above.
type CheckoutUpdate map[store.CheckoutName]opt.Field[string]

// Flag gives a flag to a command.
func (u CheckoutUpdate) Flag(name store.CheckoutName, v opt.Field[bool]) {
	u[name] = opt.Field[string]{Set: v.Set, Null: v.Null, Value: flagText(v.Value)}
}

// checkoutRules are the rules of the checkout settings, by name.
var checkoutRules = map[store.CheckoutName]checkoutRule{
	store.CheckoutType:               {field: FieldCheckoutType, choices: []string{"optimized", "custom"}},
	store.GuestCheckoutType:          {field: FieldGuestCheckoutType, choices: []string{store.GuestCheckout, store.GuestCheckoutAccount, store.NoGuestCheckout}},
	store.GuestCheckoutForExisting:   {field: FieldGuestCheckoutForExisting, choices: []string{"allow_guest", "require_login", "encourage_login"}},
	store.CheckoutPolicyConsent:      {field: FieldPolicyConsent, choices: []string{"none", "standard", "express"}},
	store.CheckoutContactEmail:       {field: FieldContactEmail, check: checkEmail},
	store.CheckoutTermsEnabled:       {flag: true},
	store.CheckoutTermsType:          {field: FieldTermsType, choices: []string{"link", "textarea", ""}},
	store.CheckoutTermsLink:          {field: FieldTermsLink, most: maxPolicyURL, form: isLink, why: WhyLink},
	store.CheckoutTermsText:          {field: FieldTermsText, most: maxTerms},
	store.RedirectForAuth:            {flag: true},
	store.CheckoutScript:             {field: FieldScript, most: maxPolicyURL, form: isScript, why: WhyScript},
	store.CheckoutScriptHash:         {field: FieldScriptHash, most: maxHash, form: isIntegrity, why: WhyIntegrity},
	store.CheckoutSupportsUCO:        {flag: true},
	store.ConfirmationUsesScript:     {flag: true},
	store.OrderConfirmationScript:    {field: FieldConfirmationScript, most: maxPolicyURL, form: isScript, why: WhyScript},
	store.OrderConfirmationIntegrity: {field: FieldConfirmationHash, most: maxHash, form: isIntegrity, why: WhyIntegrity},
}

// Bounds of checkout settings, in characters.
const (
	maxTerms = 65536
	maxHash  = 1000
)

// checkoutRule says what a checkout setting may be: a flag, one of some
// choices, or a text of at most so many characters and of a form.
type checkoutRule struct {
	field   fault.Field
	flag    bool
	choices []string
	most    int
	form    func(string) bool
	why     fault.Reason
	check   func(fault.Field, string) (fault.Item, bool)
}

// IsCheckoutFlag reports whether a checkout setting is on or off.
func IsCheckoutFlag(name store.CheckoutName) bool { return checkoutRules[name].flag }

func checkEmail(field fault.Field, v string) (fault.Item, bool) {
	if v == "" {
		return fault.Item{}, true
	}
	return email.Check(field, v)
}

// isLink reports whether a text is a page of the web, or a path on the site.
func isLink(v string) bool { return store.IsWebURL(v) || store.SafeRedirect(v, "") != "" }

// webdav is how scripts among a store's own files begin.
const webdav = "webdav:"

// isScript reports whether a text is the address of a script: on the web, or
// among the store's own files.
func isScript(v string) bool {
	if path, ok := strings.CutPrefix(v, webdav); ok {
		return store.SafeRedirect("/"+path, "") == "/"+path && path != ""
	}
	return store.IsWebURL(v)
}

var integrity = regexp.MustCompile(`^sha(256|384|512)-[A-Za-z0-9+/]+={0,2}$`)

// isIntegrity reports whether a text is made of hashes as Subresource Integrity
// has them.
func isIntegrity(v string) bool {
	return !slices.ContainsFunc(strings.Split(v, " "), func(hash string) bool { return !integrity.MatchString(hash) })
}

func (u CheckoutUpdate) check(c *fault.Collector) {
	for _, name := range store.CheckoutNames() {
		f, rule := u[name], checkoutRules[name]
		if !f.Set || f.Null {
			continue
		}
		field := rule.field
		switch {
		case rule.choices != nil:
			if !slices.Contains(rule.choices, f.Value) {
				c.AddItem(fault.Item{Field: field, Code: fault.NotAccepted, Why: store.WhyChoice, Want: choiceText(rule.choices), Value: f.Value})
			}
		case rule.check != nil:
			if it, ok := rule.check(field, f.Value); !ok {
				c.AddItem(it)
			}
		case rule.form != nil && f.Value != "" && len(f.Value) <= rule.most && !rule.form(f.Value):
			c.Because(field, fault.BadFormat, rule.why, "")
		case !rule.flag:
			c.Length(field, f.Value, 0, rule.most)
		}
	}
}

// choiceText names choices to whoever chose another one.
func choiceText(choices []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(choices), func(v string) bool { return v == "" }), ", ")
}

var (
	selectCheckout = sqldb.Static(`SELECT channel_id, name, value FROM checkout_settings WHERE store_id = $1 AND (channel_id = $2 OR channel_id = 0)`)
	putCheckout    = sqldb.Static(`INSERT INTO checkout_settings (store_id, channel_id, name, value) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, channel_id, name) DO UPDATE SET value = excluded.value`)
	clearCheckout = sqldb.Static(`DELETE FROM checkout_settings WHERE store_id = $1 AND channel_id = $2 AND name = $3`)
)

// Checkout returns what the store (channel 0) or a channel says itself about
// checking out.
func (s *Service) Checkout(ctx context.Context, storeID, channelID int64) (out CheckoutSettings, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = checkoutLevel(tx, channelID)
		return err
	})
	return out, err
}

// EffectiveCheckout returns the checkout settings that hold on a channel,
// inheritance resolved: nothing is missing. They are shared: nobody changes
// them.
func (s *Service) EffectiveCheckout(ctx context.Context, storeID, channelID int64) (CheckoutSettings, error) {
	return s.checkout.Get(ctx, storeID, channelID)
}

func effectiveCheckout(tx *sqldb.Tx, channelID int64) (CheckoutSettings, error) {
	own, above, err := readCheckout(tx, channelID)
	if err != nil {
		return nil, err
	}
	settings, err := store.ReadSettings(tx)
	if err != nil {
		return nil, err
	}
	return settings.Checkout(own, above), nil
}

// readCheckout returns what a channel and the store say themselves.
func readCheckout(tx *sqldb.Tx, channelID int64) (own, above CheckoutSettings, err error) {
	own, above = CheckoutSettings{}, CheckoutSettings{}
	err = tx.Query(selectCheckout, func(r *sqldb.Row) error {
		of := above
		if r.Int(0) == channelID {
			of = own
		}
		of[store.CheckoutName(r.Text(1))] = r.Text(2)
		return nil
	}, channelID)
	return own, above, err
}

func checkoutLevel(tx *sqldb.Tx, channelID int64) (CheckoutSettings, error) {
	own, _, err := readCheckout(tx, channelID)
	if err != nil {
		return nil, err
	}
	if channelID == 0 {
		settings, err := store.ReadSettings(tx)
		if err != nil {
			return nil, err
		}
		return settings.Checkout(own), nil
	}
	found := false
	if err := tx.Query(selectChannel, func(*sqldb.Row) error { found = true; return nil }, channelID); err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.Broken(fault.Invalid, fault.Item{Field: FieldChannel, Code: fault.Unknown, Why: WhyNoChannel})
	}
	return own, nil
}

// PutCheckout changes what the store (channel 0) or a channel says about
// checking out and returns it.
func (s *Service) PutCheckout(ctx context.Context, storeID, channelID int64, in CheckoutUpdate) (out CheckoutSettings, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// Settings change one after the other, so that each change is told of.
		if _, err := (store.Advance{}).Run(tx); err != nil {
			return err
		}
		told, err := store.Look(tx)
		if err != nil {
			return err
		}
		if out, err = PutCheckoutTx(tx, channelID, in); err != nil {
			return err
		}
		return told.Tell(tx, s.sys.Now())
	})
	return out, err
}

// PutCheckoutTx is PutCheckout inside a transaction, whose maker tells of it.
func PutCheckoutTx(tx *sqldb.Tx, channelID int64, in CheckoutUpdate) (CheckoutSettings, error) {
	c := fault.Collector{}
	if in.check(&c); len(c.Items) > 0 {
		return nil, c.Err(fault.Invalid)
	}
	if _, err := checkoutLevel(tx, channelID); err != nil {
		return nil, err
	}
	for _, name := range store.CheckoutNames() {
		f := in[name]
		// As documented, orders are confirmed by the checkout's own script alone
		// unless another one is given with the flag.
		if name == store.OrderConfirmationScript && !f.Set && in[store.ConfirmationUsesScript].Value == flagText(true) {
			f = opt.Some("")
		}
		var err error
		switch {
		case !f.Set:
		case f.Null:
			err = tx.Exec(clearCheckout, channelID, string(name))
		default:
			err = tx.Exec(putCheckout, channelID, string(name), f.Value)
		}
		if err != nil {
			return nil, err
		}
	}
	return checkoutLevel(tx, channelID)
}
