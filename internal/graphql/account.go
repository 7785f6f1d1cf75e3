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
	"clientele/internal/graphql/model"
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

// inputs reads the values of form fields. Each list is for fields of certain
// types.
func inputs(in *model.CustomerFormFieldsInput) []form.Input {
	if in == nil {
		return nil
	}
	var out []form.Input
	add := func(id int64, v form.Value, types ...string) {
		out = append(out, form.Input{FieldID: id, Value: v, Types: types})
	}
	for _, v := range in.Checkboxes {
		add(v.FieldEntityID, form.Choices(v.FieldValueEntityIds), form.CheckboxField)
	}
	for _, v := range in.MultipleChoices {
		add(v.FieldEntityID, form.Choices([]int64{v.FieldValueEntityID}), form.RadioField, form.DropdownField)
	}
	for _, v := range in.Numbers {
		add(v.FieldEntityID, form.Number(strconv.FormatFloat(v.Number, 'f', -1, 64)), form.NumberField)
	}
	for _, v := range in.Dates {
		add(v.FieldEntityID, form.Text(time.Time(v.Date).UTC().Format(time.DateOnly)), form.DateField)
	}
	for _, v := range in.Texts {
		add(v.FieldEntityID, form.Text(v.Text), form.TextField)
	}
	for _, v := range in.MultilineTexts {
		add(v.FieldEntityID, form.Text(v.MultilineText), form.MultilineField)
	}
	for _, v := range in.Passwords {
		add(v.FieldEntityID, form.Text(v.Password), form.PasswordField)
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
		if v.FieldEntityID != form.Offers {
			return false
		}
		wished = wished || len(v.FieldValueEntityIds) > 0
		return true
	})
	return wished
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
func newAddress(in *model.AddCustomerAddressInput) customer.AddressCreate {
	return customer.AddressCreate{
		AddressFields: customer.AddressFields{
			FirstName: in.FirstName, LastName: in.LastName, Company: text(in.Company), Phone: text(in.Phone), Address1: in.Address1, Address2: text(in.Address2),
			City: in.City, StateOrProvince: text(in.StateOrProvince), PostalCode: text(in.PostalCode), CountryCode: in.CountryCode,
		},
		FormFields: inputs(in.FormFields),
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
	reg.FormFields = inputs(in.FormFields)
	if in.Address != nil {
		a := newAddress(in.Address)
		reg.Address = &a
	}
	var err error
	out.CustomerID, err = r.Accounts.Register(ctx, w.visit.Site, reg, r.client(ctx, w))
	if err == nil && w.browser {
		w.visit.CarryConsent(r.Customers, out.CustomerID)
	}
	errs, err := registrationErrors(err)
	if err != nil {
		return nil, err
	}
	out.Errors = append(out.Errors, errs...)
	return out, nil
}

// registrationErrors tells what is wrong with a registration. An error that
// is not about it comes back.
func registrationErrors(err error) ([]model.RegisterCustomerError, error) {
	f := business(err)
	switch {
	case f == nil:
		return nil, err
	case errors.Is(err, account.ErrClosed):
		return []model.RegisterCustomerError{&model.AccountCreationDisabledError{Message: textClosed}}, nil
	case emailTaken(f):
		return []model.RegisterCustomerError{&model.EmailAlreadyInUseError{Message: textEmailInUse}}, nil
	case f.Kind == fault.Invalid:
		return each[model.RegisterCustomerError](violations(f, "input")), nil
	}
	return []model.RegisterCustomerError{&model.CustomerRegistrationError{Message: message(f)}}, nil
}

// each makes validation errors members of a union.
func each[T any](in []*model.ValidationError) []T {
	out := make([]T, len(in))
	for i, v := range in {
		out[i] = any(v).(T)
	}
	return out
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
	_, err := r.Accounts.UpdateDetails(ctx, w.visit.Site, *session, account.Details{
		FirstName: field(in.FirstName), LastName: field(in.LastName), Email: field(in.Email), Phone: field(in.Phone), Company: field(in.Company), FormFields: inputs(in.FormFields),
	}, r.client(ctx, w))
	if err == nil {
		out.CustomerID = session.CustomerID
	}
	errs, err := updateErrors(err)
	if err != nil {
		return nil, err
	}
	out.Errors = append(out.Errors, errs...)
	return out, nil
}

// updateErrors tells what is wrong with a change of a customer.
func updateErrors(err error) ([]model.UpdateCustomerError, error) {
	f := business(err)
	switch {
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		return []model.UpdateCustomerError{&model.CustomerDoesNotExistError{Message: textNoCustomer}}, nil
	case emailTaken(f):
		return []model.UpdateCustomerError{&model.EmailAlreadyInUseError{Message: textEmailInUse}}, nil
	case f.Kind == fault.Invalid:
		return each[model.UpdateCustomerError](violations(f, "input")), nil
	}
	return []model.UpdateCustomerError{&model.UnexpectedUpdateCustomerError{Message: message(f)}}, nil
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
	a, err := r.Accounts.AddAddress(ctx, w.visit.Site.StoreID, w.customerID, newAddress(&in))
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
	d := in.Data
	a, err := r.Accounts.ChangeAddress(ctx, w.visit.Site.StoreID, w.customerID, customer.AddressUpdate{
		ID: in.AddressEntityID, FirstName: field(d.FirstName), LastName: field(d.LastName), Company: field(d.Company), Phone: field(d.Phone),
		Address1: field(d.Address1), Address2: field(d.Address2), City: field(d.City), StateOrProvince: field(d.StateOrProvince), PostalCode: field(d.PostalCode),
		CountryCode: field(d.CountryCode), FormFields: inputs(d.FormFields),
	})
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
	err := r.Accounts.ChangePassword(ctx, w.visit.Site, *session, in.CurrentPassword, in.NewPassword, r.client(ctx, w))
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
	if !email.Valid(in.Email) {
		out.Errors = append(out.Errors, &model.ValidationError{Path: []string{"input", "email"}, Message: textBadEmail})
		return out, nil
	}
	err := r.Accounts.RequestReset(ctx, w.visit.Site, in.Email, text(in.Path), r.client(ctx, w))
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
	err := r.Accounts.Reset(ctx, w.visit.Site, in.CustomerEntityID, in.Token, in.NewPassword, r.client(ctx, w))
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
	if !email.Valid(in.Email) {
		out.Errors = append(out.Errors, &model.CreateSubscriberEmailInvalidError{Message: textBadEmail})
		return out, nil
	}
	_, err := r.Accounts.SubscribeNew(ctx, w.visit.Site, in.Email, text(in.FirstName), text(in.LastName), r.client(ctx, w))
	errs, err := subscribeErrors(err)
	if err != nil {
		return nil, err
	}
	out.Errors = append(out.Errors, errs...)
	return out, nil
}

// subscribeErrors tells what is wrong with a subscription.
func subscribeErrors(err error) (out []model.CreateSubscriberError, _ error) {
	f := business(err)
	if f == nil {
		return nil, err
	}
	if errors.Is(err, account.ErrSubscribed) {
		return []model.CreateSubscriberError{&model.CreateSubscriberAlreadyExistsError{Message: textSubscribed}}, nil
	}
	if f.Kind != fault.Invalid || len(f.Items) == 0 {
		return []model.CreateSubscriberError{&model.CreateSubscriberUnexpectedError{Message: message(f)}}, nil
	}
	for _, it := range f.Items {
		switch it.Field {
		case subscriber.FieldEmail:
			out = append(out, &model.CreateSubscriberEmailInvalidError{Message: textBadEmail})
		case subscriber.FieldFirstName:
			out = append(out, &model.CreateSubscriberFirstNameInvalidError{Message: textBadFirstName})
		case subscriber.FieldLastName:
			out = append(out, &model.CreateSubscriberLastNameInvalidError{Message: textBadLastName})
		default:
			out = append(out, &model.CreateSubscriberUnexpectedError{Message: sentence(speech.Sentence(&it))})
		}
	}
	return out, nil
}

// Unsubscribe ends a subscription. One that there is not has ended.
func (r *newsResolver) Unsubscribe(ctx context.Context, _ *model.NewsletterMutations, in model.RemoveSubscriberInput) (*model.RemoveSubscriberResult, error) {
	w := shopperOf(ctx)
	out := &model.RemoveSubscriberResult{Errors: []model.RemoveSubscriberError{}}
	if !email.Valid(in.Email) {
		out.Errors = append(out.Errors, &model.RemoveSubscriberEmailInvalidError{Message: textBadEmail})
		return out, nil
	}
	err := r.Subscribers.Leave(ctx, w.visit.Site.StoreID, w.visit.Site.ChannelID, in.Email, subscriber.Origin{Via: subscriber.ViaStorefront, IP: w.visit.Peer.Address})
	errs, err := unsubscribeErrors(err)
	if err != nil {
		return nil, err
	}
	out.Errors = append(out.Errors, errs...)
	return out, nil
}

// unsubscribeErrors tells why a subscription does not end.
func unsubscribeErrors(err error) ([]model.RemoveSubscriberError, error) {
	f := business(err)
	if f == nil {
		return nil, err
	}
	return []model.RemoveSubscriberError{&model.RemoveSubscriberUnexpectedError{Message: message(f)}}, nil
}
