package visit

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"clientele/internal/customer"
)

// consentCookie keeps what a shopper agreed to. Scripts of the pages read it,
// so it is JSON: the categories by number, and when it was said.
const consentCookie = "bc_consent"

const consentSeconds = 365 * 24 * 3600

// ConsentCategories are the categories of cookies that shoppers are asked
// for; the first is number 1.
var ConsentCategories = []string{"analytics", "functional", "targeting"}

type consent struct {
	Allow []int `json:"allow"`
	Deny  []int `json:"deny"`
	At    int64 `json:"at"`
}

// SetConsent keeps in the browser what a shopper agreed to.
func (v *Visit) SetConsent(c customer.Consent) {
	numbers := func(names []string) []int {
		out := []int{}
		for i, name := range ConsentCategories {
			if slices.Contains(names, name) {
				out = append(out, i+1)
			}
		}
		return out
	}
	text, err := json.Marshal(consent{numbers(c.Allow), numbers(c.Deny), c.DateModified})
	if err != nil {
		return // not reached: numbers are always JSON
	}
	http.SetCookie(v.W, &http.Cookie{
		Name: consentCookie, Value: url.QueryEscape(string(text)), Path: "/", MaxAge: consentSeconds, Secure: v.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// Consent returns what the browser was told to keep, if it is complete.
func (v *Visit) Consent() (customer.Consent, bool) {
	text, err := url.QueryUnescape(v.cookie(consentCookie))
	if err != nil || text == "" || len(text) > 1024 {
		return customer.Consent{}, false
	}
	var in consent
	if json.Unmarshal([]byte(text), &in) != nil {
		return customer.Consent{}, false
	}
	out := customer.Consent{DateModified: in.At}
	for i, name := range ConsentCategories {
		allowed, denied := slices.Contains(in.Allow, i+1), slices.Contains(in.Deny, i+1)
		switch {
		case allowed == denied:
			return customer.Consent{}, false
		case allowed:
			out.Allow = append(out.Allow, name)
		default:
			out.Deny = append(out.Deny, name)
		}
	}
	return out, true
}

// CarryConsent gives a customer who has just signed in what they agreed to as
// a guest, or their browser what they said later on another: known, or nil where
// nobody looked. Nobody stays outside because it fails.
func (v *Visit) CarryConsent(customers *customer.Service, customerID int64, known *customer.Consent) {
	if err := v.carryConsent(customers, customerID, known); err != nil {
		v.Log.Warn("consent not carried over", "error", err, "store", v.Site.StoreHash, "request_id", v.RequestID)
	}
}

func (v *Visit) carryConsent(customers *customer.Service, customerID int64, known *customer.Consent) error {
	ctx := v.R.Context()
	said, ok := v.Consent()
	var kept customer.Consent
	var err error
	switch {
	case ok:
		kept, err = customers.AdoptConsent(ctx, v.Site.StoreID, customerID, said)
	case known != nil:
		kept = *known
	default:
		kept, err = customers.Consent(ctx, v.Site.StoreID, customerID)
	}
	if err != nil {
		return err
	}
	for _, name := range ConsentCategories {
		if !slices.Contains(kept.Allow, name) && !slices.Contains(kept.Deny, name) {
			return nil // the account does not say everything
		}
	}
	v.SetConsent(kept)
	return nil
}
