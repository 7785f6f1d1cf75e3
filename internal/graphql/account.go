package graphql

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/graphql/exec"
	"clientele/internal/opt"
	"clientele/internal/subscriber"
)

// Texts of typed errors.
const (
	textNotLoggedIn     = "The customer is not logged in."
	textEmailInUse      = "The email address is already in use."
	textNoAddress       = "An address with the supplied ID does not exist."
	textNoCustomer      = "The customer does not exist."
	textClosed          = "Account creation is disabled on this store."
	textWrongPassword   = "The current password is incorrect."
	textOnBehalf        = "The password cannot be changed on a customer's behalf."
	textEmailOnBehalf   = "The email address cannot be changed on a customer's behalf."
	textBadResetLink    = "The password reset link is invalid or has expired."
	textSubscribed      = "The email address is already subscribed to the newsletter."
	textBadEmail        = "The email address is invalid."
	textBadFirstName    = "The first name is invalid."
	textBadLastName     = "The last name is invalid."
	textDuplicateOfBook = "The address exists already in the address book."
	textRobot           = "reCAPTCHA validation failed. Please try again."
)

// problem is an error that a mutation tells in its payload.
type problem struct {
	kind    string // the schema's type
	message string
	path    []string // of validation errors
	// rule is what was broken, to be said in other languages; nil: the message is
	// one of a kind.
	rule *fault.Item
}

// result is what came of a mutation. Which of it is shown the schema says.
type result struct {
	customerID int64 // 0: none
	address    *bookEntry
	errors     []problem
}

// failing returns a result of one error.
func failing(kind, message string) *result {
	return &result{errors: []problem{{kind: kind, message: message}}}
}

// resultTables answer mutations of accounts and the newsletter.
func (s *Server) resultTables() exec.Tables {
	errs := exec.List(func(c *exec.Call, r *result) ([]problem, error) { return s.tell(c.Context, r.errors), nil })
	of := exec.Object(func(c *exec.Call, r *result) (*customer.Profile, error) { return s.load(c, r.customerID) })
	address := exec.Part(func(r *result) *bookEntry { return r.address })
	only := exec.Of[result](exec.Fields{"errors": errs})
	withCustomer := exec.Of[result](exec.Fields{"errors": errs, "customer": of})
	withAddress := exec.Of[result](exec.Fields{"errors": errs, "address": address})
	return exec.Tables{
		"Error":                       exec.Of[problem](exec.Fields{"message": exec.Text(func(p *problem) string { return p.message })}),
		"ValidationError":             exec.Of[problem](exec.Fields{"path": exec.Texts(func(p *problem) []string { return p.path })}),
		"RegisterCustomerResult":      withCustomer,
		"UpdateCustomerResult":        withCustomer,
		"AddCustomerAddressResult":    withAddress,
		"UpdateCustomerAddressResult": withAddress,
		"DeleteCustomerAddressResult": only,
		"ChangePasswordResult":        only,
		"RequestResetPasswordResult":  only,
		"ResetPasswordResult":         only,
		"CreateSubscriberResult":      only,
		"RemoveSubscriberResult":      only,
		"CustomerMutations": exec.Of[exec.None](exec.Fields{
			"registerCustomer":      exec.Object(s.registerCustomer),
			"updateCustomer":        exec.Object(s.updateCustomer),
			"addCustomerAddress":    exec.Object(s.addCustomerAddress),
			"updateCustomerAddress": exec.Object(s.updateCustomerAddress),
			"deleteCustomerAddress": exec.Object(s.deleteCustomerAddress),

			"deleteStoredPaymentInstrument": exec.Object(s.deleteInstrument),
			"updateStoredPaymentInstrument": exec.Object(s.updateInstrument),
			"changePassword":                exec.Object(s.changePassword),
			"requestResetPassword":          exec.Object(s.requestResetPassword),
			"resetPassword":                 exec.Object(s.resetPassword),
		}),
		"NewsletterMutations": exec.Of[exec.None](exec.Fields{
			"subscribe":   exec.Object(s.subscribe),
			"unsubscribe": exec.Object(s.unsubscribe),
		}),
	}
}

// inputs reads the values of form fields. Each list is for fields of certain
// types.
func inputs(in exec.Args) []form.Input {
	var out []form.Input
	add := func(list string, value func(exec.Args) form.Value, types ...string) {
		for _, v := range in.Objects(list) {
			out = append(out, form.Input{FieldID: v.Int("fieldEntityId"), Value: value(v), Types: types})
		}
	}
	text := func(name string) func(exec.Args) form.Value {
		return func(v exec.Args) form.Value { return form.Text(v.Text(name)) }
	}
	add("checkboxes", func(v exec.Args) form.Value { return form.Choices(v.Ints("fieldValueEntityIds")) }, form.CheckboxField)
	add("multipleChoices", func(v exec.Args) form.Value { return form.Choices([]int64{v.Int("fieldValueEntityId")}) }, form.RadioField, form.DropdownField)
	add("numbers", func(v exec.Args) form.Value { return form.Number(strconv.FormatFloat(v.Float("number"), 'f', -1, 64)) }, form.NumberField)
	add("dates", func(v exec.Args) form.Value { return form.Text(v.Time("date").UTC().Format(time.DateOnly)) }, form.DateField)
	add("texts", text("text"), form.TextField)
	add("multilineTexts", text("multilineText"), form.MultilineField)
	add("passwords", text("password"), form.PasswordField)
	return out
}

// takeOffers is inputs without the wish for the newsletter, a built-in checkbox
// of the sign-up form.
func takeOffers(in exec.Args) (rest []form.Input, wished bool) {
	for _, v := range in.Objects("checkboxes") {
		wished = wished || v.Int("fieldEntityId") == form.Offers && len(v.Ints("fieldValueEntityIds")) > 0
	}
	return slices.DeleteFunc(inputs(in), func(v form.Input) bool {
		return v.FieldID == form.Offers && v.Types[0] == form.CheckboxField
	}), wished
}

// field returns a text that is to be changed, where one is given.
func field(in exec.Args, name string) opt.Field[string] {
	if s := in.TextOrNil(name); s != nil {
		return opt.Some(*s)
	}
	return opt.Field[string]{}
}

// newAddress reads an address that is to be made.
func newAddress(in exec.Args) customer.AddressCreate {
	return customer.AddressCreate{
		AddressFields: customer.AddressFields{
			FirstName: in.Text("firstName"), LastName: in.Text("lastName"), Company: in.Text("company"), Phone: in.Text("phone"),
			Address1: in.Text("address1"), Address2: in.Text("address2"), City: in.Text("city"), StateOrProvince: in.Text("stateOrProvince"),
			PostalCode: in.Text("postalCode"), CountryCode: in.Text("countryCode"),
		},
		FormFields: inputs(in.Object("formFields")),
	}
}

// own returns the session of who is signed in, or nil. With impersonation it
// is that of the customer who is meant.
func (w *shopper) signed() *account.Session {
	if w.session != nil || w.customerID == 0 {
		return w.session
	}
	return &account.Session{StoreID: w.visit.Site.StoreID, CustomerID: w.customerID, ChannelID: w.visit.Site.ChannelID, Kind: account.AccessToken}
}

// registerCustomer makes an account. It does not sign in.
func (s *Server) registerCustomer(c *exec.Call, _ *exec.None) (*result, error) {
	w, in := shopperOf(c.Context), c.Args.Object("input")
	if wrong, err := s.person(c); wrong != nil || err != nil {
		return wrong, err
	}
	reg := account.Registration{
		Email: in.Text("email"), Password: in.Text("password"), FirstName: in.Text("firstName"), LastName: in.Text("lastName"),
		Phone: in.Text("phone"), Company: in.Text("company"),
	}
	reg.FormFields, reg.AcceptsMarketing = takeOffers(in.Object("formFields"))
	if in.Has("address") {
		a := newAddress(in.Object("address"))
		reg.Address = &a
	}
	id, err := s.Accounts.Register(c.Context, w.visit.Site, reg, s.client(c.Context, w))
	if err == nil && w.browser {
		w.visit.CarryConsent(s.Customers, id, nil)
	}
	errs, err := registrationErrors(err)
	return &result{customerID: id, errors: errs}, err
}

// registrationErrors tells what is wrong with a registration. An error that
// is not about it comes back.
func registrationErrors(err error) ([]problem, error) {
	f := business(err)
	switch {
	case f == nil:
		return nil, err
	case errors.Is(err, account.ErrClosed):
		return []problem{{kind: "AccountCreationDisabledError", message: textClosed}}, nil
	case emailTaken(f):
		return []problem{{kind: "EmailAlreadyInUseError", message: textEmailInUse}}, nil
	case f.Kind == fault.Invalid:
		return violations(f, "input"), nil
	}
	return []problem{{kind: "CustomerRegistrationError", message: message(f)}}, nil
}

// notLoggedIn is the result of what only customers may do.
func notLoggedIn() *result { return failing("CustomerNotLoggedInError", textNotLoggedIn) }

// updateCustomer changes what the customer says of themselves.
func (s *Server) updateCustomer(c *exec.Call, _ *exec.None) (*result, error) {
	w, in := shopperOf(c.Context), c.Args.Object("input")
	session := w.signed()
	if session == nil {
		return notLoggedIn(), nil
	}
	if wrong, err := s.person(c); wrong != nil || err != nil {
		return wrong, err
	}
	_, err := s.Accounts.UpdateDetails(c.Context, w.visit.Site, *session, account.Details{
		FirstName: field(in, "firstName"), LastName: field(in, "lastName"), Email: field(in, "email"), Phone: field(in, "phone"),
		Company: field(in, "company"), FormFields: inputs(in.Object("formFields")),
	}, s.client(c.Context, w))
	out := &result{}
	if err == nil {
		out.customerID = session.CustomerID
	}
	out.errors, err = updateErrors(err)
	return out, err
}

// updateErrors tells what is wrong with a change of a customer.
func updateErrors(err error) ([]problem, error) {
	f := business(err)
	switch {
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		return []problem{{kind: "CustomerDoesNotExistError", message: textNoCustomer}}, nil
	case emailTaken(f):
		return []problem{{kind: "EmailAlreadyInUseError", message: textEmailInUse}}, nil
	case errors.Is(err, account.ErrOnBehalf):
		return []problem{{kind: "ValidationError", message: textEmailOnBehalf, path: []string{"input", "email"}}}, nil
	case f.Kind == fault.Invalid:
		return violations(f, "input"), nil
	}
	return []problem{{kind: "UnexpectedUpdateCustomerError", message: message(f)}}, nil
}

// book returns an address as it is shown after a change.
func (s *Server) book(ctx context.Context, a *customer.Address) (*result, error) {
	all, err := s.forms(ctx)
	if err != nil {
		return nil, err
	}
	fields := map[int64]*form.Field{}
	for i := range all {
		fields[all[i].ID] = &all[i]
	}
	full, err := s.Customers.OwnAddress(ctx, shopperOf(ctx).visit.Site.StoreID, a.CustomerID, a.ID)
	if err != nil {
		return nil, err
	}
	if full == nil { // it went a moment ago
		full = a
	}
	return &result{address: &bookEntry{full, fields}}, nil
}

// addCustomerAddress adds to the address book. An address that is there
// already is the answer.
func (s *Server) addCustomerAddress(c *exec.Call, _ *exec.None) (*result, error) {
	w := shopperOf(c.Context)
	if w.customerID == 0 {
		return notLoggedIn(), nil
	}
	if wrong, err := s.person(c); wrong != nil || err != nil {
		return wrong, err
	}
	a, err := s.Accounts.AddAddress(c.Context, w.visit.Site.StoreID, w.customerID, newAddress(c.Args.Object("input")))
	f := business(err)
	switch {
	case err == nil:
		return s.book(c.Context, a)
	case f == nil:
		return nil, err
	case f.Kind == fault.Invalid:
		return &result{errors: violations(f, "input")}, nil
	}
	return failing("CustomerAddressCreationError", message(f)), nil
}

// updateCustomerAddress changes an address of the book.
func (s *Server) updateCustomerAddress(c *exec.Call, _ *exec.None) (*result, error) {
	w, in := shopperOf(c.Context), c.Args.Object("input")
	if w.customerID == 0 {
		return notLoggedIn(), nil
	}
	if wrong, err := s.person(c); wrong != nil || err != nil {
		return wrong, err
	}
	d := in.Object("data")
	a, err := s.Accounts.ChangeAddress(c.Context, w.visit.Site.StoreID, w.customerID, customer.AddressUpdate{
		ID: in.Int("addressEntityId"), FirstName: field(d, "firstName"), LastName: field(d, "lastName"), Company: field(d, "company"), Phone: field(d, "phone"),
		Address1: field(d, "address1"), Address2: field(d, "address2"), City: field(d, "city"), StateOrProvince: field(d, "stateOrProvince"),
		PostalCode: field(d, "postalCode"), CountryCode: field(d, "countryCode"), FormFields: inputs(d.Object("formFields")),
	})
	f := business(err)
	switch {
	case err == nil:
		return s.book(c.Context, a)
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		return failing("AddressDoesNotExistError", textNoAddress), nil
	case f.Kind == fault.Conflict:
		return failing("CustomerAddressUpdateError", textDuplicateOfBook), nil
	case f.Kind == fault.Invalid:
		return &result{errors: violations(f, "input", "data")}, nil
	}
	return failing("CustomerAddressUpdateError", message(f)), nil
}

// deleteCustomerAddress takes an address off the book.
func (s *Server) deleteCustomerAddress(c *exec.Call, _ *exec.None) (*result, error) {
	const failed = "CustomerAddressDeletionError"
	w := shopperOf(c.Context)
	if w.customerID == 0 {
		return notLoggedIn(), nil
	}
	wrong, err := s.person(c)
	if err != nil {
		return nil, err
	}
	if wrong != nil {
		return failing(failed, wrong.errors[0].message), nil
	}
	err = s.Customers.DeleteAddress(c.Context, w.visit.Site.StoreID, w.customerID, c.Args.Object("input").Int("addressEntityId"))
	f := business(err)
	switch {
	case f == nil:
		return &result{}, err
	case f.Kind == fault.NotFound:
		return failing(failed, textNoAddress), nil
	}
	return failing(failed, message(f)), nil
}

// changePassword changes the password of who knows it. Other sessions end.
func (s *Server) changePassword(c *exec.Call, _ *exec.None) (*result, error) {
	w, in := shopperOf(c.Context), c.Args.Object("input")
	session := w.signed()
	if session == nil {
		return notLoggedIn(), nil
	}
	err := s.Accounts.ChangePassword(c.Context, w.visit.Site, *session, in.Text("currentPassword"), in.Text("newPassword"), s.client(c.Context, w))
	f := business(err)
	switch {
	case f == nil:
		return &result{}, err
	case errors.Is(err, account.ErrWrongPassword):
		return failing("CustomerPasswordError", textWrongPassword), nil
	case errors.Is(err, account.ErrOnBehalf):
		return failing("CustomerPasswordError", textOnBehalf), nil
	case f.Kind == fault.NotFound:
		return failing("CustomerDoesNotExistError", textNoCustomer), nil
	case f.Kind == fault.Invalid:
		errs := violations(f)
		for i := range errs {
			errs[i].path = []string{"input", "newPassword"}
		}
		return &result{errors: errs}, nil
	}
	return failing("CustomerPasswordError", message(f)), nil
}

// requestResetPassword emails a link to whom the email belongs to, and never
// tells whether there is anybody.
func (s *Server) requestResetPassword(c *exec.Call, _ *exec.None) (*result, error) {
	w, in := shopperOf(c.Context), c.Args.Object("input")
	if wrong, err := s.person(c); wrong != nil || err != nil {
		return wrong, err
	}
	if !email.Valid(in.Text("email")) {
		return &result{errors: []problem{{kind: "ValidationError", message: textBadEmail, path: []string{"input", "email"}}}}, nil
	}
	err := s.Accounts.RequestReset(c.Context, w.visit.Site, in.Text("email"), in.Text("path"), s.client(c.Context, w))
	if f := business(err); f != nil {
		return &result{errors: violations(f, "input")}, nil
	}
	return &result{}, err
}

// resetPassword sets a password by an emailed link.
func (s *Server) resetPassword(c *exec.Call, _ *exec.None) (*result, error) {
	w, in := shopperOf(c.Context), c.Args.Object("input")
	err := s.Accounts.Reset(c.Context, w.visit.Site, in.Int("customerEntityId"), in.Text("token"), in.Text("newPassword"), s.client(c.Context, w))
	f := business(err)
	switch {
	case f == nil:
		return &result{}, err
	case f.Kind == fault.Invalid:
		errs := violations(f)
		for i := range errs {
			errs[i] = problem{kind: "CustomerPasswordError", message: sentence(errs[i].message), rule: errs[i].rule}
		}
		return &result{errors: errs}, nil
	}
	return failing("CustomerPasswordError", textBadResetLink), nil
}

// subscribe subscribes to the newsletter or, where the store asks for it,
// emails a link that does: then nothing tells who is subscribed.
func (s *Server) subscribe(c *exec.Call, _ *exec.None) (*result, error) {
	w, in := shopperOf(c.Context), c.Args.Object("input")
	if !email.Valid(in.Text("email")) {
		return failing("CreateSubscriberEmailInvalidError", textBadEmail), nil
	}
	_, err := s.Accounts.SubscribeNew(c.Context, w.visit.Site, in.Text("email"), in.Text("firstName"), in.Text("lastName"), s.client(c.Context, w))
	errs, err := subscribeErrors(err)
	return &result{errors: errs}, err
}

// subscribeErrors tells what is wrong with a subscription.
func subscribeErrors(err error) (out []problem, _ error) {
	f := business(err)
	if f == nil {
		return nil, err
	}
	if errors.Is(err, account.ErrSubscribed) {
		return []problem{{kind: "CreateSubscriberAlreadyExistsError", message: textSubscribed}}, nil
	}
	if f.Kind != fault.Invalid || len(f.Items) == 0 {
		return []problem{{kind: "CreateSubscriberUnexpectedError", message: message(f)}}, nil
	}
	for i := range f.Items {
		it := &f.Items[i]
		p := problem{kind: "CreateSubscriberUnexpectedError", rule: it}
		switch it.Field {
		case subscriber.FieldEmail:
			p = problem{kind: "CreateSubscriberEmailInvalidError", message: textBadEmail}
		case subscriber.FieldFirstName:
			p = problem{kind: "CreateSubscriberFirstNameInvalidError", message: textBadFirstName}
		case subscriber.FieldLastName:
			p = problem{kind: "CreateSubscriberLastNameInvalidError", message: textBadLastName}
		default:
			p.message = sentence(speech.Sentence(it))
		}
		out = append(out, p)
	}
	return out, nil
}

// unsubscribe ends a subscription. It is no error if there is none.
func (s *Server) unsubscribe(c *exec.Call, _ *exec.None) (*result, error) {
	w, address := shopperOf(c.Context), c.Args.Object("input").Text("email")
	if !email.Valid(address) {
		return failing("RemoveSubscriberEmailInvalidError", textBadEmail), nil
	}
	err := s.Subscribers.Leave(c.Context, w.visit.Site.StoreID, w.visit.Site.ChannelID, address, subscriber.Origin{Via: subscriber.ViaStorefront, IP: w.visit.Peer.Address})
	errs, err := unsubscribeErrors(err)
	return &result{errors: errs}, err
}

// unsubscribeErrors tells why a subscription does not end.
func unsubscribeErrors(err error) ([]problem, error) {
	f := business(err)
	if f == nil {
		return nil, err
	}
	return []problem{{kind: "RemoveSubscriberUnexpectedError", message: message(f)}}, nil
}
