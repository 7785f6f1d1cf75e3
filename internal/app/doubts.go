package app

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// doubts tells, a line each, of settings that contradict each other: the server
// starts with them, and something will not work or protect as it seems.
func (c *Config) doubts() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range c.StorefrontDomains {
		if !domainName.MatchString(name) {
			say("--storefront-domain %q can be no host's name: want one in lower case, without scheme, port and wildcard", name)
		}
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return out // Validate has refused it
	}
	if c.TLSCert != "" && public.Scheme == "http" {
		say("--public-url is http, but --tls-cert has the server speak https only")
	}
	if !c.Production() {
		return out
	}
	listen, _, err := net.SplitHostPort(c.Listen)
	here := err == nil && loopback(listen)
	switch {
	case len(c.TrustedProxies) > 0:
	case c.TLSCert == "":
		say("--public-url is https, but the server has no certificate (--tls-cert) and trusts no proxy (--trusted-proxy): whoever ends TLS hides clients' addresses and hosts")
	case here:
		say("--listen is on loopback, so clients must come through a proxy, but --trusted-proxy names none")
	}
	if name := public.Hostname(); loopback(name) || strings.HasSuffix(name, ".localhost") {
		say("--public-url names this machine: links in emails lead nowhere for anybody else")
	}
	for _, text := range c.TrustedProxies {
		if p, err := netip.ParsePrefix(text); err == nil && p.Bits() == 0 {
			say("--trusted-proxy %s trusts everybody: any client can claim any address and host", text)
		}
	}
	return out
}

var domainName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)

// certificateDoubts is doubts about the certificate that clients would see.
func (c *Config) certificateDoubts(leaf *x509.Certificate, now time.Time) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if leaf == nil {
		return nil
	}
	switch {
	case now.After(leaf.NotAfter):
		say("--tls-cert expired on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		say("--tls-cert is not valid before %s", leaf.NotBefore.UTC().Format(time.DateOnly))
	}
	if !c.Production() || len(c.TrustedProxies) > 0 {
		return out // a proxy shows clients its own
	}
	names := make([]string, 0, 1+len(c.StorefrontDomains))
	if u, err := url.Parse(c.PublicURL); err == nil {
		names = append(names, u.Hostname())
	}
	for _, domain := range c.StorefrontDomains {
		names = append(names, "store-abc123."+domain)
	}
	for _, name := range names {
		if leaf.VerifyHostname(name) != nil {
			say("--tls-cert is not for %s, by which clients come", name)
		}
	}
	return out
}
