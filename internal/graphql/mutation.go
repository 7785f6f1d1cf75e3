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
	"clientele/internal/graphql/exec"
	"clientele/internal/recaptcha"
	"clientele/internal/sso"
	"clientele/internal/wishlist"
	"clientele/internal/words"
)

// success is the result of what has no other.
const success = "success"

// Texts that storefronts look for.
const (
	badCredentials = "Invalid credentials"
	mustReset      = "Reset password"
	badLogin       = "Invalid login. Please attempt to log in again."
	tokenInBody    = "Customer access token was requested in the body, but it's only returned for server-to-server requests. For browser requests it's set as an httpOnly cookie instead."
)

// signedIn is what came of a sign-in. Customer and token are read where they
// are asked for.
type signedIn struct {
	redirectTo string
	customerID int64
	token      *account.Grant // nil: it is in a cookie
}

// done is the result of a mutation that has no other.
type done struct{}

// mutationTables answer the root of mutations, signing in and out.
func (s *Server) mutationTables() exec.Tables {
	who := exec.Object(func(c *exec.Call, in *signedIn) (*customer.Profile, error) { return s.load(c, in.customerID) })
	token := exec.Object(accessToken)
	return exec.Tables{
		"Mutation": exec.Of[exec.None](exec.Fields{
			"login":                     exec.Object(s.login),
			"loginWithCustomerLoginJwt": exec.Object(s.loginWithJWT),
			"logout":                    exec.Object(s.logout),
			"generateSessionSyncJwt":    exec.Object(s.generateSync),
			"validateSessionSyncJwt":    exec.Object(s.validateSync),
			"customer":                  exec.Group[exec.None](),
			"newsletter":                exec.Group[exec.None](),
			"wishlist":                  exec.Group[exec.None](),
			"analytics":                 exec.Group[exec.None](),
			"company":                   exec.Group[exec.None](),
		}),
		// Visits are not counted here: nothing is executed.
		"AnalyticsMutations": exec.Of[exec.None](exec.Fields{
			"visitStartedEvent":  exec.Group[exec.None](),
			"pageViewedEvent":    exec.Group[exec.None](),
			"productViewedEvent": exec.Group[exec.None](),
			"searchProductEvent": exec.Group[exec.None](),
		}),
		"VisitStartedEventResult":  exec.Of[exec.None](nil),
		"PageViewedEventResult":    exec.Of[exec.None](nil),
		"ProductViewedEventResult": exec.Of[exec.None](nil),
		"SearchProductEventResult": exec.Of[exec.None](nil),
		"LoginResult": exec.Of[signedIn](exec.Fields{
			"result":              exec.Text(func(*signedIn) string { return success }),
			"customer":            who,
			"customerAccessToken": token,
		}),
		"LoginWithCustomerLoginJwtResult": exec.Of[signedIn](exec.Fields{
			"redirectTo":          exec.Text(func(in *signedIn) string { return in.redirectTo }),
			"customer":            who,
			"customerAccessToken": token,
		}),
		"CustomerAccessToken": exec.Of[account.Grant](exec.Fields{
			"value":     exec.Text(func(g *account.Grant) string { return g.Token }),
			"expiresAt": exec.Raw(func(b []byte, g *account.Grant) []byte { return appendTime(b, time.Unix(g.Session.Expires, 0)) }),
		}),
		"LogoutResult": exec.Of[done](exec.Fields{
			"result":             exec.Text(func(*done) string { return success }),
			"cartUnassignResult": exec.Part(func(d *done) *done { return d }),
		}),
		"CartUnassignResult": exec.Of[done](exec.Fields{
			"errors": exec.Parts(func(*done) []problem { return nil }),
		}),
	}
}

// login signs in by email and password.
func (s *Server) login(c *exec.Call, _ *exec.None) (*signedIn, error) {
	w := shopperOf(c.Context)
	g, err := s.Accounts.SignIn(c.Context, w.visit.Site, w.kind(), c.Args.Text("email"), c.Args.Text("password"), s.client(c.Context, w))
	switch {
	case errors.Is(err, account.ErrResetRequired):
		return nil, publicError("", mustReset)
	case business(err) != nil:
		return nil, publicError("", badCredentials)
	case err != nil:
		return nil, err
	}
	return s.signedIn(w, g), nil
}

// loginWithJWT signs in by the word of an app.
func (s *Server) loginWithJWT(c *exec.Call, _ *exec.None) (*signedIn, error) {
	ctx, w := c.Context, shopperOf(c.Context)
	in, g, err := s.Logins.SignIn(ctx, w.visit.Site, w.kind(), c.Args.Text("jwt"), s.client(ctx, w))
	if reason := sso.Reason(""); errors.As(err, &reason) {
		return nil, s.refused(ctx, w, badLogin, in.Vouched(string(reason)))
	}
	if err != nil {
		return nil, err
	}
	s.Accounts.LoginToken(ctx, w.visit.Site, s.client(ctx, w), in.Vouched(""), w.visit.RequestID)
	out := s.signedIn(w, g)
	out.redirectTo = in.RedirectTo
	return out, nil
}

// refused is a public error for a login token, whose reason is for the log, the
// history and in development for the client too.
func (s *Server) refused(ctx context.Context, w *shopper, text string, v account.Vouched) error {
	s.Accounts.LoginToken(ctx, w.visit.Site, s.client(ctx, w), v, w.visit.RequestID)
	err := publicError("", text)
	if w.visit.Reasons {
		err.Extensions = map[string]any{"reason": v.Refused}
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
// the session in a cookie; servers are given its token, with a storefront token
// in a cookie too.
func (s *Server) signedIn(w *shopper, g account.Grant) *signedIn {
	w.session, w.customerID, w.secret = &g.Session, g.Session.CustomerID, g.Token
	if w.browser {
		w.visit.SetToken(g.Token, g.Session.Expires-s.System.Now())
		w.visit.CarryConsent(s.Customers, g.Session.CustomerID, g.Consent)
		return &signedIn{customerID: g.Session.CustomerID}
	}
	if w.passesCookies() {
		w.visit.SetServerToken(g.Token, g.Session.Expires-s.System.Now())
	}
	return &signedIn{customerID: g.Session.CustomerID, token: &g}
}

func accessToken(c *exec.Call, in *signedIn) (*account.Grant, error) {
	if shopperOf(c.Context).browser {
		return nil, publicError("", tokenInBody)
	}
	return in.token, nil
}

// logout ends the session; with a customer access token those of all devices.
func (s *Server) logout(c *exec.Call, _ *exec.None) (*done, error) {
	w := shopperOf(c.Context)
	if w.session != nil {
		if err := s.Accounts.SignOut(c.Context, w.visit.Site.StoreID, w.secret); err != nil {
			return nil, err
		}
		w.session, w.customerID, w.secret = nil, 0, ""
	}
	switch {
	case w.browser:
		w.visit.ClearToken()
	case w.passesCookies() && w.visit.ServerToken() != "":
		w.visit.ClearServerToken()
	}
	return &done{}, nil
}

// person returns what is wrong where no person is behind a request, as far as
// the store wants to know: proof that is given must be good in any case.
// Impersonation needs none.
func (s *Server) person(c *exec.Call) (wrong *result, err error) {
	w := shopperOf(c.Context)
	settings, err := s.settings(c.Context)
	if err != nil || !settings.Storefront.ReCaptcha.Enabled {
		return nil, err
	}
	wrong = &result{errors: []problem{{kind: "ValidationError", message: textRobot, path: []string{"reCaptchaV2", "token"}}}}
	proof := c.Args.Object("reCaptchaV2").Text("token")
	if proof == "" {
		if w.token.Kind == auth.ImpersonationToken {
			return nil, nil
		}
		return wrong, nil
	}
	err = s.Robots.Verify(c.Context, &settings.Storefront.ReCaptcha, proof, w.visit.Peer.Address)
	if errors.Is(err, recaptcha.ErrRefused) {
		return wrong, nil
	}
	return nil, err
}

// violations turns the broken rules of a fault into errors at their places in
// the input.
func violations(f *fault.Error, base ...string) []problem {
	var out []problem
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
		out = append(out, problem{kind: "ValidationError", message: speech.Sentence(it), path: path, rule: it})
	}
	if len(out) == 0 {
		out = append(out, problem{kind: "ValidationError", message: message(f), path: base})
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
func message(f *fault.Error) string { return messageIn(speech, f) }

// messageIn is message with other names of fields.
func messageIn(speech *words.Speech, f *fault.Error) string {
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
