package graphql

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/graphql/model"
	"clientele/internal/jsonx"
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
	textBadResetLink    = "The password reset link is invalid or has expired."
	textSubscribed      = "The email address is already subscribed to the newsletter."
	textBadEmail        = "The email address is invalid."
	textBadFirstName    = "The first name is invalid."
	textBadLastName     = "The last name is invalid."
	textDuplicateOfBook = "The address exists already in the address book."
)

// answers turns the values of form fields, by id, into what they stand for.
func answers(in *model.CustomerFormFieldsInput) []customer.FieldAnswer {
	if in == nil {
		return nil
	}
	var out []customer.FieldAnswer
	for _, v := range in.Checkboxes {
		out = append(out, customer.FieldAnswer{FieldID: v.FieldEntityID, ChoiceIDs: append([]int64{}, v.FieldValueEntityIds...)})
	}
	for _, v := range in.MultipleChoices {
		out = append(out, customer.FieldAnswer{FieldID: v.FieldEntityID, ChoiceIDs: []int64{v.FieldValueEntityID}})
	}
	text := func(id int64, s string) {
		out = append(out, customer.FieldAnswer{FieldID: id, Value: customer.TextValue(s)})
	}
	for _, v := range in.Numbers {
		n, err := jsonx.Parse(strconv.AppendFloat(nil, v.Number, 'f', -1, 64), jsonx.Limits{})
		if err == nil {
			out = append(out, customer.FieldAnswer{FieldID: v.FieldEntityID, Value: n})
		}
	}
	for _, v := range in.Dates {
		text(v.FieldEntityID, time.Time(v.Date).UTC().Format(time.DateOnly))
	}
	for _, v := range in.Texts {
		text(v.FieldEntityID, v.Text)
	}
	for _, v := range in.MultilineTexts {
		text(v.FieldEntityID, v.MultilineText)
	}
	for _, v := range in.Passwords {
		text(v.FieldEntityID, v.Password)
	}
	return out
}

// takeOffers takes the wish for the newsletter, a built-in checkbox of the
// sign-up form, off the values.
func takeOffers(in *model.CustomerFormFieldsInput) (wished bool) {
	if in == nil {
		return false
	}
	in.Checkboxes = slices.DeleteFunc(in.Checkboxes, func(v *model.CheckboxesFormFieldInput) bool {
		if v.FieldEntityID != offersField {
			return false
		}
		wished = wished || len(v.FieldValueEntityIds) > 0
		return true
	})
	return wished
}

// misplaced reports values in the lists for other types of fields.
func misplaced(c *fault.Collector, form customer.Form, in *model.CustomerFormFieldsInput) {
	if in == nil {
		return
	}
	check := func(id int64, types ...string) {
		f := form.Field(id)
		if f == nil {
			return // that there is none is said elsewhere
		}
		for _, t := range types {
			if f.Type == t {
				return
			}
		}
		c.Add(customer.FieldPath(id), fault.WrongType, "", f.Name+" is a field of another type")
	}
	for _, v := range in.Checkboxes {
		check(v.FieldEntityID, customer.CheckboxField)
	}
	for _, v := range in.MultipleChoices {
		check(v.FieldEntityID, customer.RadioField, customer.DropdownField)
	}
	for _, v := range in.Numbers {
		check(v.FieldEntityID, customer.NumberField)
		// A variable may hold one as text.
		if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
			c.Add(customer.FieldPath(v.FieldEntityID), fault.BadFormat, "", "a number is needed")
		}
	}
	for _, v := range in.Dates {
		check(v.FieldEntityID, customer.DateField)
	}
	for _, v := range in.Texts {
		check(v.FieldEntityID, customer.TextField)
	}
	for _, v := range in.MultilineTexts {
		check(v.FieldEntityID, customer.MultilineField)
	}
	for _, v := range in.Passwords {
		check(v.FieldEntityID, customer.PasswordField)
	}
}

// fill reads the values of a form. complete asks for what is required too.
// What is wrong is a fault, with prefix before its places.
func (s *Server) fill(ctx context.Context, form, prefix string, in *model.CustomerFormFieldsInput, complete bool) ([]customer.FormInput, error) {
	if in == nil && !complete {
		return nil, nil
	}
	fields, err := s.Customers.Form(ctx, shopperOf(ctx).visit.Site.StoreID, form)
	if err != nil {
		return nil, err
	}
	c := fault.Collector{Index: -1, Prefix: prefix}
	misplaced(&c, fields, in)
	out := fields.Inputs(&c, answers(in))
	if len(c.Items) == 0 {
		customer.CheckForm(&c, fields, out, complete)
	}
	return out, c.Err(fault.Invalid, "")
}

// stateName takes a state's code for its name, as forms send either.
func stateName(countryCode, state string) string {
	if c, ok := geo.ByCode(countryCode); ok {
		if _, named := c.State(state); !named {
			if st, ok := c.StateByCode(state); ok {
				return st.Name
			}
		}
	}
	return state
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func field(s *string) opt.Field[string] {
	if s == nil {
		return opt.Field[string]{}
	}
	return opt.Some(*s)
}

// newAddress reads an address that is to be made.
func (s *Server) newAddress(ctx context.Context, prefix string, in *model.AddCustomerAddressInput) (customer.AddressCreate, error) {
	forms, err := s.fill(ctx, customer.AddressForm, prefix, in.FormFields, true)
	return customer.AddressCreate{
		AddressFields: customer.AddressFields{
			FirstName: in.FirstName, LastName: in.LastName, Company: text(in.Company), Phone: text(in.Phone), Address1: in.Address1, Address2: text(in.Address2),
			City: in.City, StateOrProvince: stateName(in.CountryCode, text(in.StateOrProvince)), PostalCode: text(in.PostalCode), CountryCode: in.CountryCode,
		},
		FormFields: forms,
	}, err
}

// own returns the session of who is signed in, or nil. With impersonation it
// is that of the customer who is meant.
func (w *shopper) signed() *account.Session {
	if w.session != nil || w.customerID == 0 {
		return w.session
	}
	return &account.Session{StoreID: w.visit.Site.StoreID, CustomerID: w.customerID, ChannelID: w.visit.Site.ChannelID, Kind: account.API}
}

// RegisterCustomer makes an account. It does not sign in.
func (r *accountResolver) RegisterCustomer(ctx context.Context, _ *model.CustomerMutations, proof *model.ReCaptchaV2Input, in model.RegisterCustomerInput) (*model.RegisterCustomerResult, error) {
	w := shopperOf(ctx)
	out := &model.RegisterCustomerResult{Errors: []model.RegisterCustomerError{}}
	if wrong, err := r.person(ctx, proof); wrong != nil || err != nil {
		out.Errors = append(out.Errors, some[model.RegisterCustomerError](wrong)...)
		return out, err
	}
	reg := account.Registration{Email: in.Email, Password: in.Password, FirstName: in.FirstName, LastName: in.LastName, Phone: text(in.Phone), Company: text(in.Company)}
	reg.AcceptsMarketing = takeOffers(in.FormFields)
	var err error
	if reg.FormFields, err = r.fill(ctx, customer.CustomerForm, "", in.FormFields, true); err == nil && in.Address != nil {
		var a customer.AddressCreate
		a, err = r.newAddress(ctx, "address.", in.Address)
		reg.Address = &a
	}
	if err == nil {
		out.CustomerID, err = r.Accounts.Register(ctx, w.visit.Site, reg, w.client())
	}
	f := business(err)
	switch {
	case err == nil:
		if w.browser {
			w.visit.CarryConsent(r.Customers, out.CustomerID)
		}
	case f == nil:
		return nil, err
	case errors.Is(err, account.ErrClosed):
		out.Errors = append(out.Errors, &model.AccountCreationDisabledError{Message: textClosed})
	case emailTaken(f):
		out.Errors = append(out.Errors, &model.EmailAlreadyInUseError{Message: textEmailInUse})
	case f.Kind == fault.Invalid:
		for _, v := range violations(f, "input") {
			out.Errors = append(out.Errors, v)
		}
	default:
		out.Errors = append(out.Errors, &model.CustomerRegistrationError{Message: message(f)})
	}
	return out, nil
}

func (r *registerResolver) Customer(ctx context.Context, obj *model.RegisterCustomerResult) (*model.Customer, error) {
	return r.load(ctx, obj.CustomerID)
}

// some returns a list of one validation error, or none.
func some[T any](v *model.ValidationError) []T {
	if v == nil {
		return nil
	}
	return []T{any(v).(T)}
}

// UpdateCustomer changes what the customer says of themselves.
func (r *accountResolver) UpdateCustomer(ctx context.Context, _ *model.CustomerMutations, proof *model.ReCaptchaV2Input, in model.UpdateCustomerInput) (*model.UpdateCustomerResult, error) {
	w := shopperOf(ctx)
	out := &model.UpdateCustomerResult{Errors: []model.UpdateCustomerError{}}
	session := w.signed()
	if session == nil {
		out.Errors = append(out.Errors, &model.CustomerNotLoggedInError{Message: textNotLoggedIn})
		return out, nil
	}
	if wrong, err := r.person(ctx, proof); wrong != nil || err != nil {
		out.Errors = append(out.Errors, some[model.UpdateCustomerError](wrong)...)
		return out, err
	}
	forms, err := r.fill(ctx, customer.CustomerForm, "", in.FormFields, false)
	if err == nil {
		_, err = r.Accounts.UpdateDetails(ctx, w.visit.Site, *session, account.Details{
			FirstName: field(in.FirstName), LastName: field(in.LastName), Email: field(in.Email), Phone: field(in.Phone), Company: field(in.Company), FormFields: forms,
		}, w.client())
	}
	f := business(err)
	switch {
	case err == nil:
		out.CustomerID = session.CustomerID
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		out.Errors = append(out.Errors, &model.CustomerDoesNotExistError{Message: textNoCustomer})
	case emailTaken(f):
		out.Errors = append(out.Errors, &model.EmailAlreadyInUseError{Message: textEmailInUse})
	case f.Kind == fault.Invalid:
		for _, v := range violations(f, "input") {
			out.Errors = append(out.Errors, v)
		}
	default:
		out.Errors = append(out.Errors, &model.UnexpectedUpdateCustomerError{Message: message(f)})
	}
	return out, nil
}

func (r *updateResolver) Customer(ctx context.Context, obj *model.UpdateCustomerResult) (*model.Customer, error) {
	return r.load(ctx, obj.CustomerID)
}

// book returns an address as it is shown after a change.
func (s *Server) book(ctx context.Context, a *customer.Address) (*model.CustomerAddress, error) {
	all, err := s.about(ctx, shopperOf(ctx)).forms()
	if err != nil {
		return nil, err
	}
	fields := map[int64]*customer.FormField{}
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
	return address(full, fields), nil
}

// AddCustomerAddress adds to the address book. An address that is there
// already is the answer.
func (r *accountResolver) AddCustomerAddress(ctx context.Context, _ *model.CustomerMutations, proof *model.ReCaptchaV2Input, in model.AddCustomerAddressInput) (*model.AddCustomerAddressResult, error) {
	w := shopperOf(ctx)
	out := &model.AddCustomerAddressResult{Errors: []model.AddCustomerAddressError{}}
	if w.customerID == 0 {
		out.Errors = append(out.Errors, &model.CustomerNotLoggedInError{Message: textNotLoggedIn})
		return out, nil
	}
	if wrong, err := r.person(ctx, proof); wrong != nil || err != nil {
		out.Errors = append(out.Errors, some[model.AddCustomerAddressError](wrong)...)
		return out, err
	}
	cmd, err := r.newAddress(ctx, "", &in)
	var a *customer.Address
	if err == nil {
		cmd.CustomerID = w.customerID
		a, err = r.Customers.CreateAddress(ctx, w.visit.Site.StoreID, cmd)
	}
	f := business(err)
	switch {
	case err == nil:
		out.Address, err = r.book(ctx, a)
		return out, err
	case f == nil:
		return nil, err
	case f.Kind == fault.Invalid:
		for _, v := range violations(f, "input") {
			out.Errors = append(out.Errors, v)
		}
	default:
		out.Errors = append(out.Errors, &model.CustomerAddressCreationError{Message: message(f)})
	}
	return out, nil
}

// UpdateCustomerAddress changes an address of the book.
func (r *accountResolver) UpdateCustomerAddress(ctx context.Context, _ *model.CustomerMutations, proof *model.ReCaptchaV2Input, in model.UpdateCustomerAddressInput) (*model.UpdateCustomerAddressResult, error) {
	w := shopperOf(ctx)
	out := &model.UpdateCustomerAddressResult{Errors: []model.UpdateCustomerAddressError{}}
	if w.customerID == 0 {
		out.Errors = append(out.Errors, &model.CustomerNotLoggedInError{Message: textNotLoggedIn})
		return out, nil
	}
	if wrong, err := r.person(ctx, proof); wrong != nil || err != nil {
		out.Errors = append(out.Errors, some[model.UpdateCustomerAddressError](wrong)...)
		return out, err
	}
	storeID, d := w.visit.Site.StoreID, in.Data
	forms, err := r.fill(ctx, customer.AddressForm, "", d.FormFields, false)
	var a *customer.Address
	if err == nil {
		a, err = r.Customers.GetAddress(ctx, storeID, w.customerID, in.AddressEntityID)
	}
	if err == nil {
		country := a.CountryCode
		if d.CountryCode != nil {
			country = *d.CountryCode
		}
		state := field(d.StateOrProvince)
		if state.Set {
			state.Value = stateName(country, state.Value)
		}
		a, err = r.Customers.UpdateAddress(ctx, storeID, w.customerID, customer.AddressUpdate{
			ID: in.AddressEntityID, FirstName: field(d.FirstName), LastName: field(d.LastName), Company: field(d.Company), Phone: field(d.Phone),
			Address1: field(d.Address1), Address2: field(d.Address2), City: field(d.City), StateOrProvince: state, PostalCode: field(d.PostalCode),
			CountryCode: field(d.CountryCode), FormFields: forms,
		})
	}
	f := business(err)
	switch {
	case err == nil:
		out.Address, err = r.book(ctx, a)
		return out, err
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		out.Errors = append(out.Errors, &model.AddressDoesNotExistError{Message: textNoAddress})
	case f.Kind == fault.Conflict:
		out.Errors = append(out.Errors, &model.CustomerAddressUpdateError{Message: textDuplicateOfBook})
	case f.Kind == fault.Invalid:
		for _, v := range violations(f, "input", "data") {
			out.Errors = append(out.Errors, v)
		}
	default:
		out.Errors = append(out.Errors, &model.CustomerAddressUpdateError{Message: message(f)})
	}
	return out, nil
}

// DeleteCustomerAddress takes an address off the book.
func (r *accountResolver) DeleteCustomerAddress(ctx context.Context, _ *model.CustomerMutations, proof *model.ReCaptchaV2Input, in model.DeleteCustomerAddressInput) (*model.DeleteCustomerAddressResult, error) {
	w := shopperOf(ctx)
	out := &model.DeleteCustomerAddressResult{Errors: []model.DeleteCustomerAddressError{}}
	if w.customerID == 0 {
		out.Errors = append(out.Errors, &model.CustomerNotLoggedInError{Message: textNotLoggedIn})
		return out, nil
	}
	wrong, err := r.person(ctx, proof)
	if err != nil {
		return nil, err
	}
	if wrong != nil {
		out.Errors = append(out.Errors, &model.CustomerAddressDeletionError{Message: wrong.Message})
		return out, nil
	}
	err = r.Customers.DeleteAddress(ctx, w.visit.Site.StoreID, w.customerID, in.AddressEntityID)
	f := business(err)
	switch {
	case err == nil:
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		out.Errors = append(out.Errors, &model.CustomerAddressDeletionError{Message: textNoAddress})
	default:
		out.Errors = append(out.Errors, &model.CustomerAddressDeletionError{Message: message(f)})
	}
	return out, nil
}

// ChangePassword changes the password of who knows it. Other sessions end.
func (r *accountResolver) ChangePassword(ctx context.Context, _ *model.CustomerMutations, in model.ChangePasswordInput) (*model.ChangePasswordResult, error) {
	w := shopperOf(ctx)
	out := &model.ChangePasswordResult{Errors: []model.ChangePasswordError{}}
	session := w.signed()
	if session == nil {
		out.Errors = append(out.Errors, &model.CustomerNotLoggedInError{Message: textNotLoggedIn})
		return out, nil
	}
	err := r.Accounts.ChangePassword(ctx, w.visit.Site, *session, in.CurrentPassword, in.NewPassword, w.client())
	f := business(err)
	switch {
	case err == nil:
	case f == nil:
		return nil, err
	case errors.Is(err, account.ErrWrongPassword):
		out.Errors = append(out.Errors, &model.CustomerPasswordError{Message: textWrongPassword})
	case f.Kind == fault.NotFound:
		out.Errors = append(out.Errors, &model.CustomerDoesNotExistError{Message: textNoCustomer})
	case f.Kind == fault.Invalid:
		for _, v := range violations(f) {
			out.Errors = append(out.Errors, &model.ValidationError{Path: []string{"input", "newPassword"}, Message: v.Message})
		}
	default:
		out.Errors = append(out.Errors, &model.CustomerPasswordError{Message: message(f)})
	}
	return out, nil
}

// RequestResetPassword emails a link to whom the email belongs to, and never
// tells whether there is anybody.
func (r *accountResolver) RequestResetPassword(ctx context.Context, _ *model.CustomerMutations, proof *model.ReCaptchaV2Input, in model.RequestResetPasswordInput) (*model.RequestResetPasswordResult, error) {
	w := shopperOf(ctx)
	out := &model.RequestResetPasswordResult{Errors: []model.RequestResetPasswordError{}}
	if wrong, err := r.person(ctx, proof); wrong != nil || err != nil {
		out.Errors = append(out.Errors, some[model.RequestResetPasswordError](wrong)...)
		return out, err
	}
	if !customer.ValidEmail(in.Email) {
		out.Errors = append(out.Errors, &model.ValidationError{Path: []string{"input", "email"}, Message: textBadEmail})
		return out, nil
	}
	err := r.Accounts.RequestReset(ctx, w.visit.Site, in.Email, text(in.Path), w.client())
	if f := business(err); f != nil {
		for _, v := range violations(f, "input") {
			out.Errors = append(out.Errors, v)
		}
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ResetPassword sets a password by an emailed link.
func (r *accountResolver) ResetPassword(ctx context.Context, _ *model.CustomerMutations, in model.ResetPasswordInput) (*model.ResetPasswordResult, error) {
	w := shopperOf(ctx)
	out := &model.ResetPasswordResult{Errors: []model.ResetPasswordError{}}
	err := r.Accounts.Reset(ctx, w.visit.Site, in.CustomerEntityID, in.Token, in.NewPassword, w.client())
	f := business(err)
	switch {
	case err == nil:
	case f == nil:
		return nil, err
	case f.Kind == fault.Invalid:
		for _, v := range violations(f) {
			out.Errors = append(out.Errors, &model.CustomerPasswordError{Message: sentence(v.Message)})
		}
	default:
		out.Errors = append(out.Errors, &model.CustomerPasswordError{Message: textBadResetLink})
	}
	return out, nil
}

// Subscribe subscribes to the newsletter or, where the store asks for it,
// emails a link that does: then nothing tells who is subscribed.
func (r *newsResolver) Subscribe(ctx context.Context, _ *model.NewsletterMutations, in model.CreateSubscriberInput) (*model.CreateSubscriberResult, error) {
	w := shopperOf(ctx)
	out := &model.CreateSubscriberResult{Errors: []model.CreateSubscriberError{}}
	if !customer.ValidEmail(in.Email) {
		out.Errors = append(out.Errors, &model.CreateSubscriberEmailInvalidError{Message: textBadEmail})
		return out, nil
	}
	_, err := r.Accounts.SubscribeNew(ctx, w.visit.Site, in.Email, text(in.FirstName), text(in.LastName), w.client())
	f := business(err)
	switch {
	case err == nil:
	case f == nil:
		return nil, err
	case errors.Is(err, account.ErrSubscribed):
		out.Errors = append(out.Errors, &model.CreateSubscriberAlreadyExistsError{Message: textSubscribed})
	case f.Kind == fault.Invalid && len(f.Items) > 0:
		for _, it := range f.Items {
			switch it.Field {
			case "email":
				out.Errors = append(out.Errors, &model.CreateSubscriberEmailInvalidError{Message: textBadEmail})
			case "first_name":
				out.Errors = append(out.Errors, &model.CreateSubscriberFirstNameInvalidError{Message: textBadFirstName})
			case "last_name":
				out.Errors = append(out.Errors, &model.CreateSubscriberLastNameInvalidError{Message: textBadLastName})
			default:
				out.Errors = append(out.Errors, &model.CreateSubscriberUnexpectedError{Message: sentence(it.Message)})
			}
		}
	default:
		out.Errors = append(out.Errors, &model.CreateSubscriberUnexpectedError{Message: message(f)})
	}
	return out, nil
}

// Unsubscribe ends a subscription. One that there is not has ended.
func (r *newsResolver) Unsubscribe(ctx context.Context, _ *model.NewsletterMutations, in model.RemoveSubscriberInput) (*model.RemoveSubscriberResult, error) {
	w := shopperOf(ctx)
	out := &model.RemoveSubscriberResult{Errors: []model.RemoveSubscriberError{}}
	if !customer.ValidEmail(in.Email) {
		out.Errors = append(out.Errors, &model.RemoveSubscriberEmailInvalidError{Message: textBadEmail})
		return out, nil
	}
	err := r.Subscribers.Leave(ctx, w.visit.Site.StoreID, w.visit.Site.ChannelID, in.Email, subscriber.Origin{Via: subscriber.ViaStorefront, IP: w.visit.Peer})
	if f := business(err); f != nil {
		out.Errors = append(out.Errors, &model.RemoveSubscriberUnexpectedError{Message: message(f)})
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
