package webhook

import (
	"net/netip"
	"net/url"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/store"

	"golang.org/x/net/idna"
)

// Rules say where hooks may lead.
type Rules struct {
	// Production admits https on port 443 at public addresses only. Otherwise
	// any http or https URL will do, such as one on localhost.
	Production bool
}

const maxURL = 2048

// Destination checks a hook's URL and returns the form in which it is
// compared. The error is a text for the caller.
func (r Rules) Destination(text string) (norm string, why fault.Reason) {
	u, host, why := parseDestination(text)
	if why != "" {
		return "", why
	}
	port := u.Port()
	if r.Production {
		switch {
		case u.Scheme != "https":
			return "", WhyNotHTTPS
		case port != "" && port != "443":
			return "", WhyCustomPort
		case !publicHost(host):
			return "", WhyPrivate
		}
	}
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	u.Host = host
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), ""
}

// Domain is the host of a destination as blocks and limits know it.
func Domain(destination string) string {
	_, host, why := parseDestination(destination)
	if why != "" {
		return ""
	}
	return host
}

// hostNames brings names to ASCII; containers have names with underscores.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false), idna.VerifyDNSLength(true))

func parseDestination(text string) (u *url.URL, host string, why fault.Reason) {
	if text == "" || len(text) > maxURL {
		return nil, "", WhyLongURL
	}
	for i := 0; i < len(text); i++ {
		if text[i] <= ' ' || text[i] == 0x7f || text[i] == '\\' {
			return nil, "", WhyURL
		}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || strings.HasSuffix(u.Host, ":"):
		return nil, "", WhyURL
	case u.Scheme != "http" && u.Scheme != "https": // Parse lowers it
		return nil, "", WhyScheme
	case u.User != nil:
		return nil, "", WhyCredentials
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, "", WhyFragment
	case !store.IsPort(u.Port()):
		return nil, "", WhyPort
	}
	host = strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if strings.Contains(host, ":") {
		ip, err := netip.ParseAddr(host)
		if err != nil || ip.Zone() != "" {
			return nil, "", WhyURL
		}
		return u, ip.String(), ""
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return u, host, ""
	}
	host, err = hostNames.ToASCII(host)
	if err != nil || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return nil, "", WhyHost
	}
	return u, host, ""
}

// local are the ends of names that no public server has.
var local = []string{"localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "test", "invalid", "onion", "home.arpa"}

// publicHost reports whether a name or an address may be a public one. What a
// name stands for is checked again when it is dialled.
func publicHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return PublicAddr(ip)
	}
	if !strings.Contains(host, ".") {
		return false
	}
	for _, end := range local {
		if host == end || strings.HasSuffix(host, "."+end) {
			return false
		}
	}
	// Resolvers read 127.1 and 0x7f.0.0.1 as addresses.
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && (last[0] < '0' || last[0] > '9')
}

// special are the blocks of addresses that are not public servers', of those
// that look as if they were: shared, reserved, for documentation, for
// measuring, multicast, or with another address inside.
var special = func() (out []netip.Prefix) {
	for s := range strings.FieldsSeq(`
		0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
		192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
		203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
		2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20`) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

var globalUnicast6 = netip.MustParsePrefix("2000::/3")

// PublicAddr reports whether an address is one of the public internet's.
func PublicAddr(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" || ip.Is6() && !globalUnicast6.Contains(ip) {
		return false // IPv4 in IPv6 and NAT64 are outside too
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
