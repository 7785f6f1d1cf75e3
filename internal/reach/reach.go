// Package reach looks whether an address on the web leads to this service, as
// shoppers come to it.
package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clientele/internal/store"
	"clientele/internal/webhook"
)

// Finding says what is found at an address.
type Finding string

// The findings.
const (
	Ours        Finding = "ours"
	NoAddress   Finding = "no_address"  // the host has none
	NoAnswer    Finding = "no_answer"   // nothing answers there
	Certificate Finding = "certificate" // its certificate is not for the host, or not trusted
	Another     Finding = "another"     // something else answers
	Refused     Finding = "refused"     // the address is not a public one, and is not asked
)

// Result is a finding with what the network said.
type Result struct {
	Finding Finding
	Secure  bool  // over https
	Expires int64 // when the certificate ends; 0: there is none
	Detail  string
}

const (
	patience = 8 * time.Second
	maxIcon  = 16 << 10
)

// Checker looks at addresses. In production it connects to public ones alone, as
// webhooks do.
type Checker struct{ client *http.Client }

// New returns a Checker.
func New(production bool) *Checker {
	rules := webhook.Rules{Production: production}
	return &Checker{&http.Client{
		Timeout: patience, Transport: rules.Transport(rules.Dialer()),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Check asks the icon of a site, which every storefront's host has.
func (c *Checker) Check(ctx context.Context, site string) Result {
	u, err := url.Parse(site)
	if err != nil || u.Host == "" {
		return Result{Finding: NoAddress}
	}
	out := Result{Finding: Another, Secure: u.Scheme == "https"}
	u.Path, u.RawQuery = store.FaviconPath, ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Result{Finding: NoAddress}
	}
	res, err := c.client.Do(req)
	if err != nil {
		out.Finding, out.Detail = why(err)
		return out
	}
	defer res.Body.Close()
	if s := res.TLS; s != nil && len(s.PeerCertificates) > 0 {
		out.Expires = s.PeerCertificates[0].NotAfter.Unix()
	}
	icon, err := io.ReadAll(io.LimitReader(res.Body, maxIcon))
	if err != nil {
		out.Finding, out.Detail = NoAnswer, err.Error()
		return out
	}
	out.Detail = res.Status
	if res.StatusCode == http.StatusOK && res.Header.Get("X-Request-Id") != "" && strings.HasPrefix(res.Header.Get("Content-Type"), "image/svg+xml") && strings.Contains(string(icon), "<svg") {
		out.Finding = Ours
	}
	return out
}

// why says why nothing was found, without the address, which is known.
func why(err error) (Finding, string) {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var name *net.DNSError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var bad *tls.CertificateVerificationError
	switch {
	case errors.Is(err, webhook.ErrRefused):
		return Refused, ""
	case errors.As(err, &name):
		return NoAddress, ""
	case errors.As(err, &host), errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &bad):
		return Certificate, err.Error()
	}
	return NoAnswer, err.Error()
}
