package graphql

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/graphql/gen"
	"clientele/internal/graphql/model"
	"clientele/internal/recaptcha"
	"clientele/internal/sso"
	"clientele/internal/wishlist"
	"clientele/internal/words"
)

type (
	loginResolver    struct{ *Server }
	jwtLoginResolver struct{ *Server }
	registerResolver struct{ *Server }
	updateResolver   struct{ *Server }
)

// LoginResult implements gen.ResolverRoot.
func (r *resolvers) LoginResult() gen.LoginResultResolver { return &loginResolver{r.Server} }

// LoginWithCustomerLoginJwtResult implements gen.ResolverRoot.
func (r *resolvers) LoginWithCustomerLoginJwtResult() gen.LoginWithCustomerLoginJwtResultResolver {
	return &jwtLoginResolver{r.Server}
}

// RegisterCustomerResult implements gen.ResolverRoot.
func (r *resolvers) RegisterCustomerResult() gen.RegisterCustomerResultResolver {
	return &registerResolver{r.Server}
}

// UpdateCustomerResult implements gen.ResolverRoot.
func (r *resolvers) UpdateCustomerResult() gen.UpdateCustomerResultResolver {
	return &updateResolver{r.Server}
}

// success is the result of what has no other.
const success = "success"

// Texts that storefronts look for.
const (
	badCredentials = "Invalid credentials"
	mustReset      = "Reset password"
	badLogin       = "Invalid login. Please attempt to log in again."
	tokenInBody    = "Customer access token was requested in the body, but it's only returned for server-to-server requests. For browser requests it's set as an httpOnly cookie instead."
)

// Login signs in by email and password.
func (r *mutationResolver) Login(ctx context.Context, email, password string, _ *string) (*model.LoginResult, error) {
	w := shopperOf(ctx)
	g, err := r.Accounts.SignIn(ctx, w.visit.Site, w.kind(), email, password, r.client(ctx, w))
	switch {
	case errors.Is(err, account.ErrResetRequired):
		return nil, publicError("", mustReset)
	case business(err) != nil:
		return nil, publicError("", badCredentials)
	case err != nil:
		return nil, err
	}
	return &model.LoginResult{Result: success, CustomerID: g.Session.CustomerID, Token: r.signedIn(w, g)}, nil
}

// LoginWithCustomerLoginJwt signs in by the word of an app.
func (r *mutationResolver) LoginWithCustomerLoginJwt(ctx context.Context, token string, _ *string) (*model.LoginWithCustomerLoginJwtResult, error) {
	w := shopperOf(ctx)
	in, err := r.Logins.Redeem(ctx, w.visit.Site, token, w.visit.Peer.Address)
	if reason := sso.Reason(""); errors.As(err, &reason) {
		return nil, r.refused(ctx, w, badLogin, string(reason))
	}
	if err != nil {
		return nil, err
	}
	g, err := r.Accounts.SignInAs(ctx, w.visit.Site, w.kind(), in.CustomerID, r.client(ctx, w))
	if f := fault.As(err); f != nil && (f.Kind == fault.NotFound || f.Kind == fault.Forbidden) {
		return nil, r.refused(ctx, w, badLogin, f.Message)
	}
	if err != nil {
		return nil, err
	}
	r.Accounts.LoginToken(ctx, w.visit.Site, r.client(ctx, w), "", w.visit.RequestID)
	return &model.LoginWithCustomerLoginJwtResult{RedirectTo: in.RedirectTo, CustomerID: g.Session.CustomerID, Token: r.signedIn(w, g)}, nil
}

// refused is a public error for a login token, whose reason is for the log
// and in development for the client too.
func (s *Server) refused(ctx context.Context, w *shopper, text, reason string) error {
	s.Accounts.LoginToken(ctx, w.visit.Site, s.client(ctx, w), reason, w.visit.RequestID)
	err := publicError("", text)
	if w.visit.Reasons {
		err.Extensions = map[string]any{"reason": reason}
	}
	return err
}

// kind tells how the shopper's session is carried.
func (w *shopper) kind() account.Kind {
	if w.browser {
		return account.Browser
	}
	return account.AccessToken
}

// signedIn makes the rest of the request that of the customer. Browsers keep
// the session in a cookie; servers are given its token.
func (s *Server) signedIn(w *shopper, g account.Grant) *model.CustomerAccessToken {
	w.session, w.customerID, w.secret = &g.Session, g.Session.CustomerID, g.Token
	if w.browser {
		w.visit.SetToken(g.Token, g.Session.Expires-s.System.Now())
		w.visit.CarryConsent(s.Customers, g.Session.CustomerID)
		return nil
	}
	return &model.CustomerAccessToken{Value: g.Token, ExpiresAt: model.DateTime(time.Unix(g.Session.Expires, 0))}
}

func (r *loginResolver) Customer(ctx context.Context, obj *model.LoginResult) (*model.Customer, error) {
	return r.load(ctx, obj.CustomerID)
}

func (r *loginResolver) CustomerAccessToken(ctx context.Context, obj *model.LoginResult) (*model.CustomerAccessToken, error) {
	return accessToken(ctx, obj.Token)
}

func (r *jwtLoginResolver) Customer(ctx context.Context, obj *model.LoginWithCustomerLoginJwtResult) (*model.Customer, error) {
	return r.load(ctx, obj.CustomerID)
}

func (r *jwtLoginResolver) CustomerAccessToken(ctx context.Context, obj *model.LoginWithCustomerLoginJwtResult) (*model.CustomerAccessToken, error) {
	return accessToken(ctx, obj.Token)
}

func accessToken(ctx context.Context, t *model.CustomerAccessToken) (*model.CustomerAccessToken, error) {
	if shopperOf(ctx).browser {
		return nil, publicError("", tokenInBody)
	}
	return t, nil
}

// Logout ends the session; with a customer access token those of all devices.
func (r *mutationResolver) Logout(ctx context.Context, _ *string) (*model.LogoutResult, error) {
	w := shopperOf(ctx)
	if w.session != nil {
		if err := r.Accounts.SignOut(ctx, w.visit.Site.StoreID, w.secret); err != nil {
			return nil, err
		}
		w.session, w.customerID, w.secret = nil, 0, ""
	}
	if w.browser {
		w.visit.ClearToken()
	}
	return &model.LogoutResult{Result: success, CartUnassignResult: &model.CartUnassignResult{Errors: []model.CartUnassignError{}}}, nil
}

// Wishlist, Customer, Newsletter and Analytics are what mutations are below.

func (r *mutationResolver) Wishlist(context.Context) (*model.WishlistMutations, error) {
	return &model.WishlistMutations{}, nil
}

func (r *mutationResolver) Customer(context.Context) (*model.CustomerMutations, error) {
	return &model.CustomerMutations{}, nil
}

func (r *mutationResolver) Newsletter(context.Context) (*model.NewsletterMutations, error) {
	return &model.NewsletterMutations{}, nil
}

func (r *mutationResolver) Analytics(context.Context) (*model.AnalyticsMutations, error) {
	return &model.AnalyticsMutations{}, nil
}

// person reports whether a person is behind a request, as far as the store
// wants to know: proof that is given must be good in any case. Impersonation
// needs none.
func (s *Server) person(ctx context.Context, proof *model.ReCaptchaV2Input) (*model.ValidationError, error) {
	w := shopperOf(ctx)
	settings, err := s.about(ctx, w).settings()
	if err != nil || !settings.Storefront.ReCaptcha.Enabled {
		return nil, err
	}
	wrong := &model.ValidationError{Path: []string{"reCaptchaV2", "token"}, Message: "reCAPTCHA validation failed. Please try again."}
	if proof == nil || proof.Token == "" {
		if w.token.Kind == auth.ImpersonationToken {
			return nil, nil
		}
		return wrong, nil
	}
	err = s.Robots.Verify(ctx, &settings.Storefront.ReCaptcha, proof.Token, w.visit.Peer.Address)
	if errors.Is(err, recaptcha.ErrRefused) {
		return wrong, nil
	}
	return nil, err
}

// violations turns the broken rules of a fault into errors at their places in
// the input.
func violations(f *fault.Error, base ...string) []*model.ValidationError {
	var out []*model.ValidationError
	for i := range f.Items {
		it := &f.Items[i]
		path := append([]string{}, base...)
		if it.In.At > 0 {
			path = append(path, speech.Name(it.In.List))
		}
		if it.Field != "" {
			path = append(path, speech.Name(it.Field))
		}
		if it.FormField != 0 {
			path = append(path, strconv.FormatInt(it.FormField, 10))
		}
		out = append(out, &model.ValidationError{Path: path, Message: speech.Sentence(it)})
	}
	if len(out) == 0 {
		out = append(out, &model.ValidationError{Path: base, Message: message(f)})
	}
	return out
}

// speech has the schema's names of fields. The address book has one address at
// a time.
var speech = &words.Speech{Spell: words.Camel, Names: map[fault.Field]string{
	customer.FieldAddresses: "address", wishlist.FieldProduct: "productEntityId", wishlist.FieldVariant: "variantEntityId",
}, Whys: map[fault.Reason]string{
	form.WhyNoAccountValue: "Required account form field ID {id} ('{value}') is missing",
}}

// message is the public text of a fault.
func message(f *fault.Error) string {
	if f.Message != "" {
		return sentence(f.Message)
	}
	if len(f.Items) > 0 {
		return sentence(speech.Sentence(&f.Items[0]))
	}
	return "The request is not valid."
}

// sentence begins a text with a capital.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// emailTaken reports whether a fault says that somebody has the email.
func emailTaken(f *fault.Error) bool {
	for _, it := range f.Items {
		if it.Code == fault.EmailInUse {
			return true
		}
	}
	return false
}

// business returns the fault that a client can do something about, which is
// told in the payload. Any other error is one of the whole request.
func business(err error) *fault.Error {
	f := fault.As(err)
	if f == nil {
		return nil
	}
	switch f.Kind {
	case fault.Internal, fault.TooMany, fault.Unavailable:
		return nil
	}
	return f
}
