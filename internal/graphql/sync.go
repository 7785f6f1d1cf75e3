package graphql

import (
	"errors"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/graphql/exec"
	"clientele/internal/sso"
)

// Texts of session sync.
const (
	textNoCart      = "The cart does not exist."
	textBadSync     = "The session sync token is invalid."
	textSyncExpired = "The session sync token has expired."
	textSyncStore   = "The session sync token is for another store."
	textSyncAddress = "The session sync token is for a shopper at another address."
	textNoCarry     = "Who acts as a customer is not signed in elsewhere."
	textNoStandIn   = "Customer impersonation tokens do not sign customers in."
)

// syncToken is a session sync token that was made, or why it was not.
type syncToken struct {
	token, url string
	errors     []problem
}

// syncContent is what came of a session sync token. Its part is nil if the
// token was refused.
type syncContent struct {
	signedIn
	visit sso.Visit
}

type syncCheck struct {
	content *syncContent
	errors  []syncError
}

// syncError is why a session sync token is refused.
type syncError struct{ kind, code, message string }

// syncTables answer session sync.
func (s *Server) syncTables() exec.Tables {
	message := exec.Text(func(e *syncError) string { return e.message })
	return exec.Tables{
		"GenerateSessionSyncTokenResult": exec.Of[syncToken](exec.Fields{
			"result": exec.Part(func(t *syncToken) *syncToken {
				if t.token == "" {
					return nil
				}
				return t
			}),
			"errors": exec.List(func(c *exec.Call, t *syncToken) ([]problem, error) { return s.tell(c.Context, t.errors), nil }),
		}),
		"GenerateSessionSyncTokenData": exec.Of[syncToken](exec.Fields{
			"token": exec.Text(func(t *syncToken) string { return t.token }),
			"url":   exec.Text(func(t *syncToken) string { return t.url }),
		}),
		"ValidateSessionSyncJwtResult": exec.Of[syncCheck](exec.Fields{
			"content": exec.Part(func(c *syncCheck) *syncContent { return c.content }),
			"errors":  exec.Parts(func(c *syncCheck) []syncError { return c.errors }),
		}),
		"SessionSyncJwtContent": exec.Of[syncContent](exec.Fields{
			"customer": exec.Object(func(c *exec.Call, in *syncContent) (*customer.Profile, error) { return s.load(c, in.customerID) }),
			"customerAccessToken": exec.Object(func(c *exec.Call, in *syncContent) (*account.Grant, error) {
				if in.customerID == 0 {
					return nil, nil
				}
				return accessToken(c, &in.signedIn)
			}),
			"analytics": exec.Part(func(in *syncContent) *sso.Visit {
				if in.visit == (sso.Visit{}) {
					return nil
				}
				return &in.visit
			}),
			"redirectTo": exec.Text(func(in *syncContent) string { return in.redirectTo }),
		}),
		"InvalidSessionSyncJwtError": exec.Of[syncError](exec.Fields{"message": message, "errorType": exec.Enum(func(e *syncError) string { return e.code })}),
		"JwtTokenExpiredError":       exec.Of[syncError](exec.Fields{"message": message}),
		"ValidateSessionSyncJwtAnalytics": exec.Of[sso.Visit](exec.Fields{
			"visitorId": exec.TextOrNull(func(v *sso.Visit) string { return v.VisitorID }),
			"visitId":   exec.TextOrNull(func(v *sso.Visit) string { return v.VisitID }),
			"initiator": exec.Part(func(v *sso.Visit) *sso.Visit { return v }),
			"request":   exec.Part(func(v *sso.Visit) *sso.Visit { return v }),
			"consent":   exec.Part(func(v *sso.Visit) *sso.Visit { return v }),
		}),
		"ValidateSessionSyncJwtAnalyticsInitiator": exec.Of[sso.Visit](exec.Fields{
			"visitorId": exec.TextOrNull(func(v *sso.Visit) string { return v.VisitorID }),
			"visitId":   exec.TextOrNull(func(v *sso.Visit) string { return v.VisitID }),
		}),
		"ValidateSessionSyncJwtAnalyticsRequest": exec.Of[sso.Visit](exec.Fields{
			"url":            exec.TextOrNull(func(v *sso.Visit) string { return requestOf(v).URL }),
			"ip":             exec.TextOrNull(func(v *sso.Visit) string { return v.Address }),
			"userAgent":      exec.TextOrNull(func(v *sso.Visit) string { return requestOf(v).UserAgent }),
			"referer":        exec.TextOrNull(func(v *sso.Visit) string { return requestOf(v).Referer }),
			"acceptLanguage": exec.TextOrNull(func(v *sso.Visit) string { return requestOf(v).AcceptLanguage }),
		}),
		"ValidateSessionSyncJwtAnalyticsConsent": exec.Of[sso.Visit](exec.Fields{
			"targeting":  exec.Bool(func(v *sso.Visit) bool { return v.Consent != nil && v.Consent.Targeting }),
			"analytics":  exec.Bool(func(v *sso.Visit) bool { return v.Consent != nil && v.Consent.Analytics }),
			"functional": exec.Bool(func(v *sso.Visit) bool { return v.Consent != nil && v.Consent.Functional }),
		}),
	}
}

// requestOf returns what is told of a shopper's request.
func requestOf(v *sso.Visit) sso.VisitRequest {
	if v.Request == nil {
		return sso.VisitRequest{}
	}
	return *v.Request
}

// generateSync makes a token that carries the shopper's session to another
// storefront of the store, or to pages here. There are no carts to carry.
func (s *Server) generateSync(c *exec.Call, _ *exec.None) (*syncToken, error) {
	w := shopperOf(c.Context)
	// Who acts for a customer is not the customer.
	if w.token.Kind == auth.ImpersonationToken && w.customerID != 0 {
		return nil, publicError("", textNoStandIn)
	}
	if c.Args.Text("cartId") != "" {
		return &syncToken{errors: []problem{{kind: "GenerateSessionSyncTokenCartNotFound", message: textNoCart}}}, nil
	}
	in := sso.SyncRequest{Session: w.session, RedirectTo: c.Args.Text("redirectTo"), Visit: visitOf(c.Args)}
	if wallet := c.Args.Object("paymentWalletData"); wallet != nil {
		in.Wallet = &sso.Wallet{InitializationID: wallet.Text("initializationId"), ProviderOrderID: wallet.Text("providerOrderId"), ProviderID: wallet.Text("providerId")}
	}
	token, url, err := s.Sync.Make(c.Context, sso.Asked{Site: w.visit.Site, Scheme: w.visit.Scheme(), Host: w.visit.Host}, in)
	if errors.Is(err, account.ErrOnBehalf) {
		return nil, publicError("", textNoCarry)
	}
	if err != nil {
		return nil, err
	}
	return &syncToken{token: token, url: url}, nil
}

// visitOf reads what a storefront tells of a visit. What the input object
// analytics says has taken the place of older arguments, which count first.
func visitOf(args exec.Args) sso.Visit {
	analytics := args.Object("analytics")
	initiator, request, consent := analytics.Object("initiator"), analytics.Object("request"), analytics.Object("consent")
	out := sso.Visit{VisitorID: args.Text("visitorId"), VisitID: args.Text("visitId"), Address: args.Text("ipAddress")}
	if out.VisitorID == "" {
		out.VisitorID = initiator.Text("visitorId")
	}
	if out.VisitID == "" {
		out.VisitID = initiator.Text("visitId")
	}
	if out.Address == "" {
		out.Address = request.Text("ip")
	}
	if request != nil {
		out.Request = &sso.VisitRequest{URL: request.Text("url"), UserAgent: request.Text("userAgent"), Referer: request.Text("refererUrl"), AcceptLanguage: request.Text("acceptLanguage")}
	}
	if consent != nil {
		out.Consent = &sso.VisitConsent{Targeting: consent.Bool("targeting"), Analytics: consent.Bool("analytics"), Functional: consent.Bool("functional")}
	}
	return out
}

// validateSync takes a token that carries a session here, once.
func (s *Server) validateSync(c *exec.Call, _ *exec.None) (*syncCheck, error) {
	ctx, w := c.Context, shopperOf(c.Context)
	client := s.client(ctx, w)
	got, err := s.Sync.Take(ctx, w.visit.Site, w.kind(), c.Args.Text("jwt"), client)
	if why := sso.Reason(""); errors.As(err, &why) {
		s.Accounts.SyncToken(ctx, w.visit.Site, client, account.Vouched{CustomerID: got.CustomerID, Refused: string(why)}, w.visit.RequestID)
		return &syncCheck{errors: []syncError{syncErrorOf(why)}}, nil
	}
	if err != nil {
		return nil, err
	}
	out := &syncContent{visit: got.Visit}
	if got.Grant != nil {
		s.Accounts.SyncToken(ctx, w.visit.Site, client, account.Vouched{CustomerID: got.CustomerID}, w.visit.RequestID)
		out.signedIn = *s.signedIn(w, *got.Grant)
	}
	out.redirectTo = got.RedirectTo
	return &syncCheck{content: out}, nil
}

// syncErrorOf returns the schema's error for a reason.
func syncErrorOf(why sso.Reason) syncError {
	const invalid = "InvalidSessionSyncJwtError"
	switch why {
	case sso.SyncExpired:
		return syncError{"JwtTokenExpiredError", "", textSyncExpired}
	case sso.SyncStore:
		return syncError{invalid, "STORE_ID_MISMATCH", textSyncStore}
	case sso.WrongAddress:
		return syncError{invalid, "SHOPPER_IP_MISMATCH", textSyncAddress}
	}
	return syncError{invalid, "OTHER", textBadSync}
}
