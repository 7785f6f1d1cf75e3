package graphql

import (
	"slices"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/graphql/exec"
	"clientele/internal/instrument"
	"clientele/internal/listing"
)

// wallet is a page of a customer's stored payment instruments.
type wallet struct {
	*page[instrument.Instrument]
	initial string // the token of the default one
}

// instrumentTables answer stored payment instruments.
func (s *Server) instrumentTables() exec.Tables {
	type (
		stored  = instrument.Instrument
		billing = instrument.BillingAddress
	)
	same := exec.Part(func(i *stored) *stored { return i })
	or := func(get func(*billing) string) exec.Field { return exec.TextOrNull(get) }
	return exec.Tables{
		"StoredPaymentInstrumentConnection": exec.Of[wallet](exec.Fields{
			"edges":                               exec.Parts(func(w *wallet) []edge[stored] { return w.edges }),
			"pageInfo":                            exec.Part(func(w *wallet) *pageInfo { return &w.pageInfo }),
			"defaultStoredPaymentInstrumentToken": exec.TextOrNull(func(w *wallet) string { return w.initial }),
		}),
		"DeleteStoredPaymentInstrumentResult": exec.Of[result](exec.Fields{"errors": exec.List(func(c *exec.Call, r *result) ([]problem, error) { return s.tell(c.Context, r.errors), nil })}),
		"UpdateStoredPaymentInstrumentResult": exec.Of[changedInstrument](exec.Fields{
			"errors":                              exec.List(func(c *exec.Call, r *changedInstrument) ([]problem, error) { return s.tell(c.Context, r.errors), nil }),
			"storedPaymentInstrument":             exec.Part(func(r *changedInstrument) *stored { return r.now }),
			"defaultStoredPaymentInstrumentToken": exec.TextOrNull(func(r *changedInstrument) string { return r.initial }),
		}),
		"StoredPaymentInstrument": exec.Of[stored](exec.Fields{
			"token":   exec.Text(func(i *stored) string { return i.Token }),
			"details": same,
		}),
		"StoredCard": exec.Of[stored](exec.Fields{
			"expires":                    same,
			"issuerIdentificationNumber": exec.Text(func(i *stored) string { return i.IIN }),
			"last4":                      exec.Text(func(i *stored) string { return i.Last4 }),
			"brand":                      exec.Text(func(i *stored) string { return i.Brand }),
			"billingAddress":             exec.Part(func(i *stored) *billing { return i.Billing }),
		}),
		"StoredCardExpiry": exec.Of[stored](exec.Fields{
			"month": exec.Int(func(i *stored) int64 { return i.ExpiryMonth }),
			"year":  exec.Int(func(i *stored) int64 { return i.ExpiryYear }),
		}),
		"StoredPaypalAccount": exec.Of[stored](exec.Fields{"email": exec.Text(func(i *stored) string { return i.Email })}),
		"StoredBankAccount": exec.Of[stored](exec.Fields{
			"maskedAccountNumber": exec.Text(func(i *stored) string { return i.MaskedNumber }),
			"issuer":              exec.Text(func(i *stored) string { return i.Issuer }),
		}),
		"StoredCardBillingAddress": exec.Of[billing](exec.Fields{
			"firstName":           exec.Text(func(a *billing) string { return a.FirstName }),
			"lastName":            or(func(a *billing) string { return a.LastName }),
			"email":               or(func(a *billing) string { return a.Email }),
			"company":             or(func(a *billing) string { return a.Company }),
			"address1":            exec.Text(func(a *billing) string { return a.Address1 }),
			"address2":            or(func(a *billing) string { return a.Address2 }),
			"city":                exec.Text(func(a *billing) string { return a.City }),
			"stateOrProvince":     or(func(a *billing) string { return a.StateOrProvince }),
			"stateOrProvinceCode": or(func(a *billing) string { return a.StateCode }),
			"postalCode":          or(func(a *billing) string { return a.PostalCode }),
			"countryCode":         exec.Text(func(a *billing) string { return a.CountryCode }),
			"phone":               or(func(a *billing) string { return a.Phone }),
		}),
	}
}

// instruments returns a page of what a customer may pay with. A customer has
// few, whose places are counted. None is known to be of a payment method.
func (s *Server) instruments(c *exec.Call, p *customer.Profile) (*wallet, error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	w := shopperOf(c.Context)
	all, err := w.instruments.get(func() ([]instrument.Instrument, error) {
		return s.Instruments.List(c.Context, w.visit.Site.StoreID, p.ID)
	})
	if err != nil {
		return nil, err
	}
	out := &wallet{initial: initialToken(all)}
	if c.Args.Object("filters").Has("paymentMethodIds") {
		all = nil
	}
	out.page = windowOf(at, all)
	return out, nil
}

// initialToken returns the token of the default instrument, or "".
func initialToken(all []instrument.Instrument) string {
	if i := slices.IndexFunc(all, func(i instrument.Instrument) bool { return i.IsDefault }); i >= 0 {
		return all[i].Token
	}
	return ""
}

// changedInstrument is what came of a change of an instrument.
type changedInstrument struct {
	now     *instrument.Instrument
	initial string
	errors  []problem
}

// instrumentProblem tells why a mutation of instruments failed. An error that
// is not about it comes back.
func instrumentProblem(kind string, err error) ([]problem, error) {
	f := business(err)
	switch {
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		return []problem{{kind: kind, message: textNoInstrument}}, nil
	}
	return []problem{{kind: kind, message: message(f)}}, nil
}

const textNoInstrument = "The stored payment instrument does not exist."

// deleteInstrument removes an instrument of who is signed in.
func (s *Server) deleteInstrument(c *exec.Call, _ *exec.None) (*result, error) {
	const kind = "DeleteStoredPaymentInstrumentError"
	w := shopperOf(c.Context)
	if w.customerID == 0 {
		return failing(kind, textNotLoggedIn), nil
	}
	errs, err := instrumentProblem(kind, s.Instruments.Delete(c.Context, w.visit.Site.StoreID, w.customerID, c.Args.Object("input").Text("token")))
	return &result{errors: errs}, err
}

// updateInstrument makes an instrument of who is signed in the default one, or
// gives a card another billing address.
func (s *Server) updateInstrument(c *exec.Call, _ *exec.None) (*changedInstrument, error) {
	const kind = "UpdateStoredPaymentInstrumentError"
	w, in := shopperOf(c.Context), c.Args.Object("input")
	if w.customerID == 0 {
		return &changedInstrument{errors: []problem{{kind: kind, message: textNotLoggedIn}}}, nil
	}
	all, err := s.Instruments.List(c.Context, w.visit.Site.StoreID, w.customerID)
	if err != nil {
		errs, err := instrumentProblem(kind, err)
		return &changedInstrument{errors: errs}, err
	}
	i := slices.IndexFunc(all, func(i instrument.Instrument) bool { return i.Token == in.Text("token") })
	if i < 0 {
		return &changedInstrument{errors: []problem{{kind: kind, message: textNoInstrument}}}, nil
	}
	out := &changedInstrument{initial: initialToken(all)}
	one := all[i]
	if in.Bool("setAsDefault") {
		one.IsDefault, out.initial = true, one.Token
	}
	if in.Has("billingAddress") {
		one.Billing = billingAddress(in.Object("billingAddress"))
	}
	_, err = s.Instruments.Put(c.Context, w.visit.Site.StoreID, w.customerID, one)
	if out.errors, err = instrumentProblem(kind, err); err != nil {
		return nil, err
	}
	if len(out.errors) > 0 {
		return &changedInstrument{errors: out.errors}, nil
	}
	out.now = &one
	return out, nil
}

func billingAddress(in exec.Args) *instrument.BillingAddress {
	return &instrument.BillingAddress{
		FirstName: in.Text("firstName"), LastName: in.Text("lastName"), Email: in.Text("email"), Company: in.Text("company"),
		Address1: in.Text("address1"), Address2: in.Text("address2"), City: in.Text("city"), PostalCode: in.Text("postalCode"),
		StateOrProvince: in.Text("stateOrProvince"), StateCode: in.Text("stateOrProvinceCode"), CountryCode: in.Text("countryCode"), Phone: in.Text("phone"),
	}
}

// windowOf returns a part of a list that was read as a whole. The place of an
// entry is its number.
func windowOf[T any](w listing.Window, all []T) *page[T] {
	return windowBy(w, all, func(i int) int64 { return int64(i + 1) })
}

// instrumentType names the schema's type of an instrument's details.
func instrumentType(i *instrument.Instrument) string {
	switch i.Type {
	case instrument.Card:
		return "StoredCard"
	case instrument.PayPal:
		return "StoredPaypalAccount"
	}
	return "StoredBankAccount"
}
