package customer_test

import (
	"errors"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
)

// What a customer agrees to is known, is named once, and is not denied as well.
func TestConsentIsChecked(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(named("a@x.org"))[0].ID
		for _, c := range []struct {
			in    customer.Consent
			field fault.Field
			why   fault.Reason
		}{
			{customer.Consent{Allow: []string{"analytics", "cookies"}}, customer.FieldAllow, customer.WhyKinds},
			{customer.Consent{Deny: []string{"targeting", "targeting"}}, customer.FieldDeny, customer.WhyKindTwice},
			{customer.Consent{Allow: []string{"analytics"}, Deny: []string{"targeting", "analytics"}}, customer.FieldDeny, customer.WhyAllowedAndDenied},
		} {
			_, set := w.svc.SetConsent(t.Context(), w.mine, id, c.in)
			_, adopted := w.svc.AdoptConsent(t.Context(), w.mine, id, c.in)
			for _, err := range []error{set, adopted} {
				if f := fault.As(err); f == nil || len(f.Items) != 1 || f.Items[0].Field != c.field || f.Items[0].Why != c.why {
					t.Errorf("%+v: %v", c.in, err)
				}
			}
		}
		if got, err := w.svc.Consent(t.Context(), w.mine, id); err != nil || got.Allow != nil || got.Deny != nil {
			t.Errorf("what was refused is kept: %+v, %v", got, err)
		}
	})
}

// A browser's choice holds if the customer did not choose later, and as of when
// it was made at most; what is essential is the customer's own to say.
func TestConsentOfABrowserIsAdopted(t *testing.T) {
	allow := func(at int64, kinds ...string) customer.Consent {
		return customer.Consent{Allow: kinds, DateModified: at}
	}
	deny := func(at int64, kinds ...string) customer.Consent {
		return customer.Consent{Deny: kinds, DateModified: at}
	}
	each(t, func(w *world) {
		for _, c := range []struct {
			name               string
			own, browser, want customer.Consent
		}{
			{"chosen earlier", allow(1000, "analytics"), deny(999, "analytics"), allow(1000, "analytics")},
			{"chosen at the same time", allow(1000, "analytics"), deny(1000, "analytics"), deny(1000, "analytics")},
			{"chosen later", allow(1000, "analytics"), deny(1500, "analytics"), deny(1500, "analytics")},
			{"chosen in times to come", allow(1000, "analytics"), deny(9000, "analytics"), deny(2000, "analytics")},
			{"the essential was allowed", allow(1000, "essential", "targeting"), allow(1500, "functional"), allow(1500, "essential", "functional")},
			{"the essential was denied", deny(1000, "essential", "targeting"), deny(1500, "functional"), deny(1500, "essential", "functional")},
			{"the browser has the essential", allow(1000, "essential"), deny(1500, "essential"), deny(1500, "essential")},
		} {
			w.now.Store(1000)
			id := w.create(named(strings.ReplaceAll(c.name, " ", "-") + "@x.org"))[0].ID
			if _, err := w.svc.SetConsent(w.t.Context(), w.mine, id, c.own); err != nil {
				w.t.Fatal(err)
			}
			w.now.Store(2000)
			got, err := w.svc.AdoptConsent(w.t.Context(), w.mine, id, c.browser)
			if err != nil {
				w.t.Fatal(err)
			}
			equal(w.t, c.name, got, c.want)
			kept, err := w.svc.Consent(w.t.Context(), w.mine, id)
			if err != nil {
				w.t.Fatal(err)
			}
			equal(w.t, c.name+", as kept", kept, c.want)
		}
		if _, err := w.svc.AdoptConsent(w.t.Context(), w.mine, 9, allow(1)); !errors.Is(err, customer.ErrNoCustomer) {
			w.t.Errorf("nobody's: %v", err)
		}
	})
}
